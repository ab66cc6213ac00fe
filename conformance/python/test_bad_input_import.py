"""Imports and enclave requests that are wrong: AWS's own code and words, and the key stays without material."""

import base64
import time

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_public_key
from sdk import altered

OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), label=None)
FOREVER = {"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}


def b64(data):
    return base64.b64encode(data).decode()


@pytest.fixture
def new_key(wire):
    """Makes a key that waits for its material."""

    def new_key(spec="SYMMETRIC_DEFAULT", usage="ENCRYPT_DECRYPT"):
        request = {"KeySpec": spec, "KeyUsage": usage, "Origin": "EXTERNAL"}
        return wire.ok("CreateKey", request)["KeyMetadata"]

    return new_key


@pytest.fixture
def parameters(wire):
    """A key's import token, and a function that wraps material for it."""

    def parameters(key):
        request = {"KeyId": key["KeyId"], "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}
        answer = wire.ok("GetParametersForImport", request)
        wrapping_key = load_der_public_key(base64.b64decode(answer["PublicKey"]))
        return answer["ImportToken"], lambda material: b64(wrapping_key.encrypt(material, OAEP))

    return parameters


def test_parameters(wire, new_key):
    asked = {"WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}
    ours = wire.ok("CreateKey")["KeyMetadata"]
    words = f"{ours['Arn']} origin is AWS_KMS which is not valid for this operation."
    wire.refuses("GetParametersForImport", {"KeyId": ours["KeyId"]} | asked, "UnsupportedOperationException", words)
    for spec, usage, algorithm in (
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "RSAES_PKCS1_V1_5"),
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "RSA_AES_KEY_WRAP_SHA_256"),
        ("RSA_2048", "SIGN_VERIFY", "RSAES_OAEP_SHA_256"),
        ("ECC_NIST_P521", "SIGN_VERIFY", "RSAES_OAEP_SHA_256"),
    ):
        request = {"KeyId": new_key(spec, usage)["KeyId"]} | asked | {"WrappingAlgorithm": algorithm}
        words = f"Wrapping algorithm {algorithm} and wrapping key spec RSA_2048 cannot be used to import a {spec} key."
        wire.refuses("GetParametersForImport", request, "ValidationException", words)


def test_tokens(wire, new_key, parameters):
    key, other = new_key(), new_key()
    token, wrap = parameters(key)
    request = {"EncryptedKeyMaterial": wrap(bytes(32))} | FOREVER
    wire.refuses(
        "ImportKeyMaterial", request | {"KeyId": other["KeyId"], "ImportToken": token}, "InvalidImportTokenException"
    )
    raw = base64.b64decode(token)
    forgeries = [altered(raw, position) for position in range(0, len(raw), max(1, len(raw) // 25))]
    for forged in [*forgeries, raw[:-1], raw + b"\x00", b"x", bytes(6144)]:
        asked = request | {"KeyId": key["KeyId"], "ImportToken": b64(forged)}
        wire.refuses("ImportKeyMaterial", asked, "InvalidImportTokenException")
    for each in key, other:
        assert wire.ok("DescribeKey", {"KeyId": each["KeyId"]})["KeyMetadata"]["KeyState"] == "PendingImport"


def test_material(wire, new_key, parameters):
    def pkcs8(curve):
        private = ec.generate_private_key(curve)
        return private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())

    for spec, usage, wrong in (
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", [bytes(31), bytes(33), bytes(16), b"x"]),
        ("HMAC_256", "GENERATE_VERIFY_MAC", [bytes(31), bytes(33), bytes(64)]),
        ("ECC_NIST_P256", "SIGN_VERIFY", [bytes(32), pkcs8(ec.SECP256K1()), pkcs8(ec.SECP384R1())]),
    ):
        key = new_key(spec, usage)
        token, wrap = parameters(key)
        request = {"KeyId": key["KeyId"], "ImportToken": token} | FOREVER
        wrapped = [wrap(material) for material in wrong] + [b64(bytes(256)), b64(b"x")]
        for blob in wrapped:
            wire.refuses("ImportKeyMaterial", request | {"EncryptedKeyMaterial": blob}, "InvalidCiphertextException")
        assert wire.ok("DescribeKey", {"KeyId": key["KeyId"]})["KeyMetadata"]["KeyState"] == "PendingImport"


def test_expiry(wire, new_key, parameters):
    key = new_key()
    token, wrap = parameters(key)
    request = {"KeyId": key["KeyId"], "ImportToken": token, "EncryptedKeyMaterial": wrap(bytes(32))}
    now, expires = time.time(), "KEY_MATERIAL_EXPIRES"
    for rest, words in (
        ({}, "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES"),
        ({"ExpirationModel": expires}, "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES"),
        (
            FOREVER | {"ValidTo": now + 3600},
            "A validTo date cannot be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE",
        ),
        ({"ValidTo": now - 3600}, "ValidTo must be in the future"),
        ({"ValidTo": now + 366 * 86_400}, "ValidTo must be less than 365 days in the future"),
    ):
        wire.refuses("ImportKeyMaterial", request | rest, "ValidationException", words)


@pytest.mark.parametrize("document", [b"x", b"\x84\x44", bytes(5000), b"\xd2\x84" + bytes(100)])
def test_rubbish_for_an_attestation_document(wire, key, document):
    """AWS's words for it are not recorded, but nothing may be answered in plaintext."""
    recipient = {"KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256", "AttestationDocument": b64(document)}
    blob = wire.ok("Encrypt", {"KeyId": key["KeyId"], "Plaintext": b64(b"x")})["CiphertextBlob"]
    for operation, request in (
        ("Decrypt", {"CiphertextBlob": blob}),
        ("GenerateDataKey", {"KeyId": key["KeyId"], "KeySpec": "AES_256"}),
        ("GenerateDataKeyPair", {"KeyId": key["KeyId"], "KeyPairSpec": "ECC_NIST_P256"}),
        ("GenerateRandom", {"NumberOfBytes": 32}),
    ):
        answer = wire.call(operation, request | {"Recipient": recipient})
        assert (answer.status, answer.error[0]) == (400, "ValidationException"), operation
