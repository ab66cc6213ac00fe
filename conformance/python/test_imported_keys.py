"""Keys that were made elsewhere and imported: what their owner signs, MACs and encrypts, KMS verifies and opens.

A key that KMS made keeps its private half to itself, so only here can both sides do everything.
"""

import hashlib
import hmac
import os

import pytest
from Crypto.Hash import SHA512
from Crypto.PublicKey import ECC
from Crypto.Signature import eddsa
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.keywrap import aes_key_wrap_with_padding
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
)
from sdk import INVALID_CIPHERTEXT, INVALID_SIGNATURE, altered, public_key, refusal

OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), label=None)
CURVES = {
    "ECC_NIST_P256": (ec.SECP256R1(), "ECDSA_SHA_256", hashes.SHA256()),
    "ECC_NIST_P384": (ec.SECP384R1(), "ECDSA_SHA_384", hashes.SHA384()),
    "ECC_NIST_P521": (ec.SECP521R1(), "ECDSA_SHA_512", hashes.SHA512()),
    "ECC_SECG_P256K1": (ec.SECP256K1(), "ECDSA_SHA_256", hashes.SHA256()),
}
MESSAGE = b"attack at dawn"


def pkcs8(private):
    return private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


@pytest.fixture
def import_key(kms):
    """Makes a key of this material and gives its id; RSA keys are too long to be wrapped without an AES key."""

    def import_key(spec, usage, material):
        key_id = kms.create_key(KeySpec=spec, KeyUsage=usage, Origin="EXTERNAL")["KeyMetadata"]["KeyId"]
        hybrid = spec.startswith("RSA")
        parameters = kms.get_parameters_for_import(
            KeyId=key_id,
            WrappingAlgorithm="RSA_AES_KEY_WRAP_SHA_256" if hybrid else "RSAES_OAEP_SHA_256",
            WrappingKeySpec="RSA_3072",
        )
        wrapping_key = load_der_public_key(parameters["PublicKey"])
        if hybrid:
            aes = os.urandom(32)
            wrapped = wrapping_key.encrypt(aes, OAEP) + aes_key_wrap_with_padding(aes, material)
        else:
            wrapped = wrapping_key.encrypt(material, OAEP)
        kms.import_key_material(
            KeyId=key_id,
            ImportToken=parameters["ImportToken"],
            EncryptedKeyMaterial=wrapped,
            ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE",
        )
        assert kms.describe_key(KeyId=key_id)["KeyMetadata"]["KeyState"] == "Enabled"
        return key_id

    return import_key


def verifies(kms, key_id, algorithm, signature, message=MESSAGE, kind="RAW"):
    """KMS takes this signature, and not one that differs by a bit."""
    name = {"KeyId": key_id, "SigningAlgorithm": algorithm, "Message": message, "MessageType": kind}
    assert kms.verify(**name, Signature=signature)["SignatureValid"] is True, algorithm
    assert refusal(kms.verify, **name, Signature=altered(signature)) == INVALID_SIGNATURE, algorithm


@pytest.mark.parametrize("bits", [2048, 3072, 4096])
def test_rsa_signatures(kms, import_key, bits):
    private = rsa.generate_private_key(65537, bits)
    key_id = import_key(f"RSA_{bits}", "SIGN_VERIFY", pkcs8(private))
    assert public_key(kms, key_id) == private.public_key()
    for hash in hashes.SHA256(), hashes.SHA384(), hashes.SHA512():
        size = hash.digest_size
        pkcs1, pss = f"RSASSA_PKCS1_V1_5_SHA_{size * 8}", f"RSASSA_PSS_SHA_{size * 8}"
        signature = private.sign(MESSAGE, padding.PKCS1v15(), hash)
        verifies(kms, key_id, pkcs1, signature)
        signed = kms.sign(KeyId=key_id, SigningAlgorithm=pkcs1, Message=MESSAGE)
        assert signed["Signature"] == signature, "PKCS #1 v1.5 has one signature"
        verifies(kms, key_id, pss, private.sign(MESSAGE, padding.PSS(padding.MGF1(hash), size), hash))


@pytest.mark.parametrize("spec", CURVES)
def test_ecdsa_signatures(kms, import_key, spec):
    curve, algorithm, hash = CURVES[spec]
    private = ec.generate_private_key(curve)
    key_id = import_key(spec, "SIGN_VERIFY", pkcs8(private))
    assert public_key(kms, key_id) == private.public_key()
    signature = private.sign(MESSAGE, ec.ECDSA(hash))
    verifies(kms, key_id, algorithm, signature)
    digest = hashlib.new(hash.name, MESSAGE).digest()
    verifies(kms, key_id, algorithm, signature, digest, "DIGEST")


def test_ed25519_signatures(kms, import_key):
    private = ed25519.Ed25519PrivateKey.generate()
    key_id = import_key("ECC_NIST_EDWARDS25519", "SIGN_VERIFY", pkcs8(private))
    assert public_key(kms, key_id) == private.public_key()
    signature = private.sign(MESSAGE)
    verifies(kms, key_id, "ED25519_SHA_512", signature)
    signed = kms.sign(KeyId=key_id, SigningAlgorithm="ED25519_SHA_512", Message=MESSAGE)
    assert signed["Signature"] == signature

    digest = hashlib.sha512(MESSAGE).digest()
    prehashed = eddsa.new(ECC.import_key(pkcs8(private)), "rfc8032").sign(SHA512.new(digest))
    verifies(kms, key_id, "ED25519_PH_SHA_512", prehashed, digest, "DIGEST")


@pytest.mark.parametrize("spec", ["ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521"])
def test_key_agreement(kms, import_key, spec):
    curve = CURVES[spec][0]
    private, peer = ec.generate_private_key(curve), ec.generate_private_key(curve).public_key()
    agreed = kms.derive_shared_secret(
        KeyId=import_key(spec, "KEY_AGREEMENT", pkcs8(private)),
        KeyAgreementAlgorithm="ECDH",
        PublicKey=peer.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    )
    assert agreed["KeyOrigin"] == "EXTERNAL"
    assert agreed["SharedSecret"] == private.exchange(ec.ECDH(), peer)


@pytest.mark.parametrize("bits", [224, 256, 384, 512])
def test_macs(kms, import_key, bits):
    material = os.urandom(bits // 8)
    name = {"KeyId": import_key(f"HMAC_{bits}", "GENERATE_VERIFY_MAC", material), "MacAlgorithm": f"HMAC_SHA_{bits}"}
    for message in b"\x00", MESSAGE, bytes(range(256)) * 16:
        mac = hmac.digest(material, message, f"sha{bits}")
        assert kms.generate_mac(**name, Message=message)["Mac"] == mac
        assert kms.verify_mac(**name, Message=message, Mac=mac)["MacValid"] is True


def test_rsa_encryption(kms, import_key):
    private = rsa.generate_private_key(65537, 2048)
    key_id = import_key("RSA_2048", "ENCRYPT_DECRYPT", pkcs8(private))
    for algorithm, hash in ("RSAES_OAEP_SHA_1", hashes.SHA1()), ("RSAES_OAEP_SHA_256", hashes.SHA256()):
        oaep = padding.OAEP(padding.MGF1(hash), hash, label=None)
        name = {"KeyId": key_id, "EncryptionAlgorithm": algorithm}
        sealed = kms.encrypt(**name, Plaintext=MESSAGE)["CiphertextBlob"]
        assert private.decrypt(sealed, oaep) == MESSAGE
        sealed = private.public_key().encrypt(MESSAGE, oaep)
        assert kms.decrypt(**name, CiphertextBlob=sealed)["Plaintext"] == MESSAGE
        assert refusal(kms.decrypt, **name, CiphertextBlob=altered(sealed)) == INVALID_CIPHERTEXT


def test_a_symmetric_key_comes_back(kms, import_key):
    """After its material was deleted and imported again, what it encrypted opens."""
    material = os.urandom(32)
    key_id = import_key("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", material)
    arn = kms.describe_key(KeyId=key_id)["KeyMetadata"]["Arn"]
    blob = kms.encrypt(KeyId=key_id, Plaintext=MESSAGE)["CiphertextBlob"]
    kms.delete_imported_key_material(KeyId=key_id)
    assert refusal(kms.decrypt, CiphertextBlob=blob) == ("KMSInvalidStateException", f"{arn} is pending import.")

    parameters = kms.get_parameters_for_import(
        KeyId=key_id, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048"
    )
    wrapping_key = load_der_public_key(parameters["PublicKey"])

    def again(material, token=parameters["ImportToken"]):
        return {
            "KeyId": key_id,
            "ImportToken": token,
            "EncryptedKeyMaterial": wrapping_key.encrypt(material, OAEP),
            "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
        }

    assert refusal(kms.import_key_material, **again(os.urandom(32)))[0] == "IncorrectKeyMaterialException"
    assert refusal(kms.import_key_material, **again(material[:31])) == INVALID_CIPHERTEXT
    forged = again(material, altered(parameters["ImportToken"]))
    assert refusal(kms.import_key_material, **forged) == ("InvalidImportTokenException", "")
    kms.import_key_material(**again(material))
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == MESSAGE
