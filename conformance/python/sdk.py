"""What the tests share on top of boto3."""

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.serialization import load_der_public_key

INVALID_CIPHERTEXT = ("InvalidCiphertextException", "")
INVALID_SIGNATURE = ("KMSInvalidSignatureException", "")
INVALID_MAC = ("KMSInvalidMacException", "")


def refusal(call, **request):
    """(code, message) of the refused call; the message is empty where AWS sends none."""
    with pytest.raises(ClientError) as caught:
        call(**request)
    return code_and_message(caught.value)


def code_and_message(error):
    """Of a ClientError."""
    return error.response["Error"]["Code"], error.response["Error"]["Message"]


def public_key(kms, key_id):
    """GetPublicKey's answer as `cryptography` reads it, which refuses what is no proper SubjectPublicKeyInfo."""
    return load_der_public_key(kms.get_public_key(KeyId=key_id)["PublicKey"])


def altered(data, position=-1):
    """The same bytes with one bit changed."""
    changed = bytearray(data)
    changed[position] ^= 1
    return bytes(changed)
