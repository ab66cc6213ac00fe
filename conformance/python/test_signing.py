"""Signatures by every algorithm: others verify them, and once anything is altered nobody does."""

import hashlib

import pytest
from Crypto.Hash import SHA512
from Crypto.PublicKey import ECC
from Crypto.Signature import eddsa
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSAMuHasher
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from dilithium_py.ml_dsa import ML_DSA_44, ML_DSA_65, ML_DSA_87
from sdk import INVALID_SIGNATURE, altered, code_and_message, public_key

MESSAGES = [b"\x00", b"attack at dawn", bytes(range(256)) * 16]
HASHES = {256: hashes.SHA256(), 384: hashes.SHA384(), 512: hashes.SHA512()}


def rsa(scheme, hash):
    return lambda key, signature, message: key.verify(signature, message, scheme, hash)


def ecdsa(hash):
    return lambda key, signature, message: key.verify(signature, message, ec.ECDSA(hash))


PKCS1 = {f"RSASSA_PKCS1_V1_5_SHA_{bits}": rsa(padding.PKCS1v15(), hash) for bits, hash in HASHES.items()}
PSS = {
    f"RSASSA_PSS_SHA_{bits}": rsa(padding.PSS(padding.MGF1(hash), salt_length=hash.digest_size), hash)
    for bits, hash in HASHES.items()
}
SPECS = {
    "RSA_2048": PKCS1 | PSS,
    "RSA_3072": PKCS1 | PSS,
    "RSA_4096": PKCS1 | PSS,
    "ECC_NIST_P256": {"ECDSA_SHA_256": ecdsa(HASHES[256])},
    "ECC_NIST_P384": {"ECDSA_SHA_384": ecdsa(HASHES[384])},
    "ECC_NIST_P521": {"ECDSA_SHA_512": ecdsa(HASHES[512])},
    "ECC_SECG_P256K1": {"ECDSA_SHA_256": ecdsa(HASHES[256])},
}
"""Of each spec the algorithms that sign a digest, each with an independent check that raises InvalidSignature."""

ML_DSA = {"ML_DSA_44": ML_DSA_44, "ML_DSA_65": ML_DSA_65, "ML_DSA_87": ML_DSA_87}


def digest_for(algorithm, message):
    return hashlib.new(f"sha{algorithm[-3:]}", message).digest()


@pytest.fixture
def sign(kms):
    def sign(key_id, algorithm, message, kind="RAW"):
        answer = kms.sign(KeyId=key_id, SigningAlgorithm=algorithm, Message=message, MessageType=kind)
        assert (answer["KeyId"].split("/")[-1], answer["SigningAlgorithm"]) == (key_id, algorithm)
        return answer["Signature"]

    return sign


@pytest.fixture
def verify(kms):
    """Trent's own word: true, or how it refused."""

    def verify(key_id, algorithm, signature, message, kind="RAW"):
        request = {
            "KeyId": key_id,
            "SigningAlgorithm": algorithm,
            "Signature": signature,
            "Message": message,
            "MessageType": kind,
        }
        try:
            answer = kms.verify(**request)
        except kms.exceptions.KMSInvalidSignatureException as error:
            return code_and_message(error)
        assert (answer["KeyId"].split("/")[-1], answer["SigningAlgorithm"]) == (key_id, algorithm)
        return answer["SignatureValid"]

    return verify


@pytest.mark.parametrize("spec", SPECS)
def test_a_message_and_its_digest(kms, make_key, sign, verify, spec):
    key_id = make_key(spec, "SIGN_VERIFY")
    public = public_key(kms, key_id)
    assert set(kms.describe_key(KeyId=key_id)["KeyMetadata"]["SigningAlgorithms"]) == set(SPECS[spec])
    for algorithm, verifies in SPECS[spec].items():
        for message in MESSAGES:
            digest = digest_for(algorithm, message)
            signatures = sign(key_id, algorithm, message), sign(key_id, algorithm, digest, "DIGEST")
            for signature in signatures:
                verifies(public, signature, message)
                with pytest.raises(InvalidSignature):
                    verifies(public, signature, message + b"!")
                assert verify(key_id, algorithm, signature, message) is True
                assert verify(key_id, algorithm, signature, digest, "DIGEST") is True
            # PSS has its salt and ECDSA its nonce; only PKCS #1 v1.5 has nothing random.
            assert (signatures[0] == signatures[1]) == (algorithm in PKCS1), algorithm


@pytest.mark.parametrize("spec", ["RSA_2048", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1"])
def test_anything_altered(make_key, sign, verify, spec):
    key_id, other = make_key(spec, "SIGN_VERIFY"), make_key(spec, "SIGN_VERIFY")
    message = MESSAGES[1]
    for algorithm in SPECS[spec]:
        signature = sign(key_id, algorithm, message)
        assert verify(key_id, algorithm, signature, message + b"!") == INVALID_SIGNATURE
        assert verify(other, algorithm, signature, message) == INVALID_SIGNATURE
        wrong = [altered(signature, position) for position in range(0, len(signature), 7)]
        wrong += [signature[:-1], signature[1:], signature + b"\x00", b"\x00" + signature]
        wrong += [b"\x00", bytes(len(signature))]
        for forged in wrong:
            assert verify(key_id, algorithm, forged, message) == INVALID_SIGNATURE, (algorithm, forged.hex())


def test_a_signature_by_one_algorithm_is_none_by_another(make_key, sign, verify):
    key_id = make_key("RSA_2048", "SIGN_VERIFY")
    for algorithm in PKCS1 | PSS:
        signature = sign(key_id, algorithm, b"x")
        taken_by = [other for other in PKCS1 | PSS if verify(key_id, other, signature, b"x") is True]
        assert taken_by == [algorithm]


@pytest.mark.parametrize("spec", ["ECC_NIST_P256", "ECC_SECG_P256K1"])
def test_both_values_of_s(kms, make_key, sign, verify, spec):
    """KMS does not prefer the low one, and takes either."""
    order = {
        "ECC_NIST_P256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
        "ECC_SECG_P256K1": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141,
    }[spec]
    key_id = make_key(spec, "SIGN_VERIFY")
    seen = set()
    for _ in range(64):
        signature = sign(key_id, "ECDSA_SHA_256", b"x")
        r, s = decode_dss_signature(signature)
        seen.add(s > order // 2)
        twin = encode_dss_signature(r, order - s)
        public_key(kms, key_id).verify(twin, b"x", ec.ECDSA(HASHES[256]))
        assert verify(key_id, "ECDSA_SHA_256", twin, b"x") is True
        if len(seen) == 2:
            break
    assert seen == {False, True}


def test_ed25519(kms, make_key, sign, verify):
    key_id = make_key("ECC_NIST_EDWARDS25519", "SIGN_VERIFY")
    public = public_key(kms, key_id)
    for message in MESSAGES:
        signature = sign(key_id, "ED25519_SHA_512", message)
        assert (len(signature), signature) == (64, sign(key_id, "ED25519_SHA_512", message))
        public.verify(signature, message)
        assert verify(key_id, "ED25519_SHA_512", signature, message) is True
        assert verify(key_id, "ED25519_SHA_512", signature, altered(message)) == INVALID_SIGNATURE
        for position in 0, 31, 32, 63:
            assert verify(key_id, "ED25519_SHA_512", altered(signature, position), message) == INVALID_SIGNATURE
        assert verify(key_id, "ED25519_SHA_512", signature[:-1], message) == INVALID_SIGNATURE


def test_ed25519ph_hashes_twice(kms, make_key, sign, verify):
    """What the caller sends as the digest is the message of RFC 8032's Ed25519ph, which hashes it once more."""
    key_id = make_key("ECC_NIST_EDWARDS25519", "SIGN_VERIFY")
    public = ECC.import_key(kms.get_public_key(KeyId=key_id)["PublicKey"])
    digest = hashlib.sha512(b"attack at dawn").digest()
    signature = sign(key_id, "ED25519_PH_SHA_512", digest, "DIGEST")
    assert (len(signature), signature) == (64, sign(key_id, "ED25519_PH_SHA_512", digest, "DIGEST"))
    eddsa.new(public, "rfc8032").verify(SHA512.new(digest), signature)
    with pytest.raises(ValueError):
        eddsa.new(public, "rfc8032").verify(SHA512.new(b"attack at dawn"), signature)
    assert verify(key_id, "ED25519_PH_SHA_512", signature, digest, "DIGEST") is True
    assert verify(key_id, "ED25519_PH_SHA_512", altered(signature), digest, "DIGEST") == INVALID_SIGNATURE
    assert verify(key_id, "ED25519_PH_SHA_512", signature, altered(digest), "DIGEST") == INVALID_SIGNATURE
    assert verify(key_id, "ED25519_SHA_512", signature, digest) == INVALID_SIGNATURE


@pytest.mark.parametrize("spec", ML_DSA)
def test_ml_dsa(kms, make_key, sign, verify, spec):
    """Checked by two others: FIPS 204 in plain Python, and `cryptography`."""
    key_id, fips204 = make_key(spec, "SIGN_VERIFY"), ML_DSA[spec]
    public = public_key(kms, key_id)
    raw_public = public.public_bytes_raw()
    lengths = {"ML_DSA_44": (1312, 2420), "ML_DSA_65": (1952, 3309), "ML_DSA_87": (2592, 4627)}
    for message in MESSAGES:
        mu = fips204.prehash_external_mu(raw_public, message)
        hasher = MLDSAMuHasher(public)
        hasher.update(message)
        assert hasher.finalize() == mu
        signatures = [
            sign(key_id, "ML_DSA_SHAKE_256", message),
            sign(key_id, "ML_DSA_SHAKE_256", message),
            sign(key_id, "ML_DSA_SHAKE_256", mu, "EXTERNAL_MU"),
        ]
        assert len(set(signatures)) == 3, "signing is hedged"
        for signature in signatures:
            assert (len(raw_public), len(signature)) == lengths[spec]
            public.verify(signature, message)
            public.verify_mu(signature, mu)
            assert verify(key_id, "ML_DSA_SHAKE_256", signature, message) is True
            assert verify(key_id, "ML_DSA_SHAKE_256", signature, mu, "EXTERNAL_MU") is True
        for signature in signatures[1:]:
            assert fips204.verify(raw_public, message, signature)

    for wrong in altered(signature, 0), altered(signature), signature[:-1], signature + b"\x00", b"\x00":
        assert verify(key_id, "ML_DSA_SHAKE_256", wrong, message) == INVALID_SIGNATURE
    assert verify(key_id, "ML_DSA_SHAKE_256", signature, message[:-1]) == INVALID_SIGNATURE
    assert verify(key_id, "ML_DSA_SHAKE_256", signature, altered(mu), "EXTERNAL_MU") == INVALID_SIGNATURE
    assert verify(key_id, "ML_DSA_SHAKE_256", signature, mu) == INVALID_SIGNATURE, "µ is not the message"
