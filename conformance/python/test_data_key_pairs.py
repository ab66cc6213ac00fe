"""Data key pairs: others load both halves and use them, and the encrypted half opens to the same bytes."""

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key
from kyber_py.ml_kem import ML_KEM_512, ML_KEM_768, ML_KEM_1024
from sdk import INVALID_CIPHERTEXT, public_key, refusal

CONTEXT = {"purpose": "pairs"}
SHA256 = hashes.SHA256()


def use_rsa(private, public):
    scheme = padding.PSS(padding.MGF1(SHA256), salt_length=32)
    public.verify(private.sign(b"x", scheme, SHA256), b"x", scheme, SHA256)
    oaep = padding.OAEP(padding.MGF1(SHA256), SHA256, label=None)
    assert private.decrypt(public.encrypt(b"x", oaep), oaep) == b"x"
    assert public.public_numbers().e == 65537


def use_ec(private, public):
    public.verify(private.sign(b"x", ec.ECDSA(SHA256)), b"x", ec.ECDSA(SHA256))


def use_ed25519(private, public):
    public.verify(private.sign(b"x"), b"x")


PAIRS = {
    "RSA_2048": (rsa.RSAPrivateKey, use_rsa, None),
    "RSA_3072": (rsa.RSAPrivateKey, use_rsa, None),
    "RSA_4096": (rsa.RSAPrivateKey, use_rsa, None),
    "ECC_NIST_P256": (ec.EllipticCurvePrivateKey, use_ec, 150),
    "ECC_NIST_P384": (ec.EllipticCurvePrivateKey, use_ec, 194),
    "ECC_NIST_P521": (ec.EllipticCurvePrivateKey, use_ec, 250),
    "ECC_SECG_P256K1": (ec.EllipticCurvePrivateKey, use_ec, 144),
    "ECC_NIST_EDWARDS25519": (ed25519.Ed25519PrivateKey, use_ed25519, 48),
}
"""What a pair loads as, its use, and the length of its PKCS #8 where that is always the same."""


@pytest.fixture
def pair(kms):
    """A pair from both operations, each checked for what it says and for its encrypted half."""
    key = kms.create_key()["KeyMetadata"]

    def pair(spec):
        asked = {"KeyId": key["KeyId"], "KeyPairSpec": spec, "EncryptionContext": CONTEXT}
        answer, without = kms.generate_data_key_pair(**asked), kms.generate_data_key_pair_without_plaintext(**asked)
        assert "PrivateKeyPlaintext" not in without
        for said in answer, without:
            assert (said["KeyId"], said["KeyPairSpec"]) == (key["Arn"], spec)
            assert said["KeyMaterialId"] == key["CurrentKeyMaterialId"]
            blob = said["PrivateKeyCiphertextBlob"]
            assert blob[:5] == bytes.fromhex("0102030078")
            assert refusal(kms.decrypt, CiphertextBlob=blob) == INVALID_CIPHERTEXT
            assert refusal(kms.decrypt, CiphertextBlob=blob, EncryptionContext={"purpose": "Pairs"}) == (
                INVALID_CIPHERTEXT
            )
        opened, hidden = (
            kms.decrypt(CiphertextBlob=said["PrivateKeyCiphertextBlob"], EncryptionContext=CONTEXT)["Plaintext"]
            for said in (answer, without)
        )
        assert opened == answer["PrivateKeyPlaintext"]
        return [(opened, answer["PublicKey"]), (hidden, without["PublicKey"])]

    return pair


@pytest.mark.parametrize("spec", PAIRS)
def test_a_pair(pair, spec):
    kind, use, length = PAIRS[spec]
    for private_der, public_der in pair(spec):
        private, public = load_der_private_key(private_der, None), load_der_public_key(public_der)
        assert isinstance(private, kind)
        assert private.public_key() == public
        use(private, public)
        assert length in (None, len(private_der))
        if spec.startswith("RSA"):
            assert f"RSA_{private.key_size}" == spec


@pytest.mark.parametrize(
    ("spec", "fips203"), [("ML_KEM_512", ML_KEM_512), ("ML_KEM_768", ML_KEM_768), ("ML_KEM_1024", ML_KEM_1024)]
)
def test_an_ml_kem_pair(pair, spec, fips203):
    """The private half is in RFC 9935's seed form, from which both halves follow."""
    for private_der, public_der in pair(spec):
        assert private_der[-66:-64] == b"\x80\x40"
        encapsulation_key, decapsulation_key = fips203.key_derive(private_der[-64:])
        assert public_der.endswith(encapsulation_key)
        secret, ciphertext = fips203.encaps(encapsulation_key)
        assert fips203.decaps(decapsulation_key, ciphertext) == secret
        if spec != "ML_KEM_512":  # which `cryptography` does not know
            private = load_der_private_key(private_der, None)
            assert private.public_key() == load_der_public_key(public_der)
            assert private.decapsulate(ciphertext) == secret


def test_an_ec_pair_agrees_with_a_kms_key(kms, make_key, pair):
    key_id = make_key("ECC_NIST_P256", "KEY_AGREEMENT")
    [(private_der, public_der), _] = pair("ECC_NIST_P256")
    ours = kms.derive_shared_secret(KeyId=key_id, KeyAgreementAlgorithm="ECDH", PublicKey=public_der)
    theirs = load_der_private_key(private_der, None).exchange(ec.ECDH(), public_key(kms, key_id))
    assert ours["SharedSecret"] == theirs


@pytest.mark.parametrize(
    ("spec", "usage"),
    [("RSA_2048", "ENCRYPT_DECRYPT"), ("RSA_2048", "SIGN_VERIFY"), ("ECC_NIST_P256", "KEY_AGREEMENT")],
)
def test_not_under_an_asymmetric_key(kms, make_key, spec, usage):
    key_id = make_key(spec, usage)
    for operation in kms.generate_data_key_pair, kms.generate_data_key_pair_without_plaintext:
        assert refusal(operation, KeyId=key_id, KeyPairSpec="ECC_NIST_P256") == (
            "InvalidKeyUsageException",
            "You cannot generate a data key pair with an asymmetric CMK",
        )
