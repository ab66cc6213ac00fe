"""RSA-OAEP: what others encrypt with the public key opens, and nothing else does."""

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from sdk import INVALID_CIPHERTEXT, altered, public_key, refusal

HASHES = {"RSAES_OAEP_SHA_1": hashes.SHA1(), "RSAES_OAEP_SHA_256": hashes.SHA256()}
LONGEST = {
    ("RSA_2048", "RSAES_OAEP_SHA_1"): 214,
    ("RSA_2048", "RSAES_OAEP_SHA_256"): 190,
    ("RSA_3072", "RSAES_OAEP_SHA_1"): 342,
    ("RSA_3072", "RSAES_OAEP_SHA_256"): 318,
    ("RSA_4096", "RSAES_OAEP_SHA_1"): 470,
    ("RSA_4096", "RSAES_OAEP_SHA_256"): 446,
}


def oaep(algorithm):
    hash = HASHES[algorithm]
    return padding.OAEP(padding.MGF1(hash), hash, label=None)


@pytest.mark.parametrize("spec", ["RSA_2048", "RSA_3072", "RSA_4096"])
def test_both_ways(kms, make_key, spec):
    key_id = make_key(spec, "ENCRYPT_DECRYPT")
    public = public_key(kms, key_id)
    for algorithm in HASHES:
        longest = LONGEST[spec, algorithm]
        name = {"KeyId": key_id, "EncryptionAlgorithm": algorithm}
        for plaintext in b"\x00", b"attack at dawn", bytes(longest):
            offline = public.encrypt(plaintext, oaep(algorithm))
            answer = kms.encrypt(**name, Plaintext=plaintext)
            assert (answer["KeyId"].split("/")[-1], answer["EncryptionAlgorithm"]) == (key_id, algorithm)
            assert len(answer["CiphertextBlob"]) == len(offline) == public.key_size // 8
            for blob in offline, answer["CiphertextBlob"]:
                opened = kms.decrypt(**name, CiphertextBlob=blob)
                assert (opened["Plaintext"], opened["EncryptionAlgorithm"]) == (plaintext, algorithm)
                assert "KeyMaterialId" not in opened
        assert refusal(kms.encrypt, **name, Plaintext=bytes(longest + 1)) == (
            "ValidationException",
            f"Algorithm {algorithm} and key spec {spec} cannot encrypt data larger than {longest} bytes.",
        )


@pytest.fixture
def key_id(make_key):
    return make_key("RSA_2048", "ENCRYPT_DECRYPT")


@pytest.fixture
def blob(kms, key_id):
    return public_key(kms, key_id).encrypt(b"attack at dawn", oaep("RSAES_OAEP_SHA_256"))


def test_what_does_not_open(kms, make_key, key_id, blob):
    def refused(blob, algorithm="RSAES_OAEP_SHA_256", key_id=key_id):
        request = {"KeyId": key_id, "CiphertextBlob": blob, "EncryptionAlgorithm": algorithm}
        assert refusal(kms.decrypt, **request) == INVALID_CIPHERTEXT

    for position in 0, 1, 100, 255:
        refused(altered(blob, position))
    for wrong in blob[:-1], blob[1:], blob + b"\x00", b"\x00" + blob, b"x", bytes(256), b"\xff" * 256, b"\xff" * 6144:
        refused(wrong)
    refused(blob, "RSAES_OAEP_SHA_1")
    refused(blob, key_id=make_key("RSA_2048", "ENCRYPT_DECRYPT"))
    refused(blob, key_id=make_key("RSA_4096", "ENCRYPT_DECRYPT"))
    # Without an algorithm it is SYMMETRIC_DEFAULT's, and this is no such ciphertext.
    assert refusal(kms.decrypt, KeyId=key_id, CiphertextBlob=blob) == INVALID_CIPHERTEXT
    pkcs1 = public_key(kms, key_id).encrypt(b"attack at dawn", padding.PKCS1v15())
    refused(pkcs1)
    labelled = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), label=b"label")
    refused(public_key(kms, key_id).encrypt(b"attack at dawn", labelled))
    mixed = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA256(), label=None)
    refused(public_key(kms, key_id).encrypt(b"attack at dawn", mixed))


def test_the_key_must_be_named(kms, blob):
    nameless = {"CiphertextBlob": blob, "EncryptionAlgorithm": "RSAES_OAEP_SHA_256"}
    assert refusal(kms.decrypt, **nameless) == ("ValidationException", "KeyId must not be null")


def test_no_encryption_context(kms, key_id, blob):
    words = "EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs."
    name = {"KeyId": key_id, "EncryptionAlgorithm": "RSAES_OAEP_SHA_256"}
    context = {"EncryptionContext": {"a": "b"}}
    assert refusal(kms.encrypt, **name, **context, Plaintext=b"x") == ("ValidationException", words)
    assert refusal(kms.decrypt, **name, **context, CiphertextBlob=blob) == ("ValidationException", words)
    empty = kms.encrypt(**name, Plaintext=b"x", EncryptionContext={})["CiphertextBlob"]
    assert kms.decrypt(**name, CiphertextBlob=empty, EncryptionContext={})["Plaintext"] == b"x"


def test_reencrypt_between_rsa_and_symmetric(kms, key_id, blob):
    symmetric, context = kms.create_key()["KeyMetadata"], {"a": "b"}
    algorithm = "RSAES_OAEP_SHA_256"
    inward = kms.re_encrypt(
        CiphertextBlob=blob,
        SourceKeyId=key_id,
        SourceEncryptionAlgorithm=algorithm,
        DestinationKeyId=symmetric["KeyId"],
        DestinationEncryptionContext=context,
    )
    assert (inward["KeyId"], inward["DestinationKeyMaterialId"]) == (
        symmetric["Arn"],
        symmetric["CurrentKeyMaterialId"],
    )
    assert "SourceKeyMaterialId" not in inward
    assert (inward["SourceEncryptionAlgorithm"], inward["DestinationEncryptionAlgorithm"]) == (
        algorithm,
        "SYMMETRIC_DEFAULT",
    )
    outward = kms.re_encrypt(
        CiphertextBlob=inward["CiphertextBlob"],
        SourceEncryptionContext=context,
        DestinationKeyId=key_id,
        DestinationEncryptionAlgorithm=algorithm,
    )
    assert "DestinationKeyMaterialId" not in outward
    opened = kms.decrypt(KeyId=key_id, CiphertextBlob=outward["CiphertextBlob"], EncryptionAlgorithm=algorithm)
    assert opened["Plaintext"] == b"attack at dawn"
