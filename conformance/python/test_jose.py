"""JSON Web Tokens that KMS signs, read by a JOSE library that knows nothing of KMS."""

import base64
import hashlib
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from sdk import altered

ALGORITHMS = {
    "RS256": ("RSA_2048", "RSASSA_PKCS1_V1_5_SHA_256", RSAKey),
    "RS384": ("RSA_2048", "RSASSA_PKCS1_V1_5_SHA_384", RSAKey),
    "RS512": ("RSA_2048", "RSASSA_PKCS1_V1_5_SHA_512", RSAKey),
    "PS256": ("RSA_2048", "RSASSA_PSS_SHA_256", RSAKey),
    "PS384": ("RSA_2048", "RSASSA_PSS_SHA_384", RSAKey),
    "PS512": ("RSA_2048", "RSASSA_PSS_SHA_512", RSAKey),
    "ES256": ("ECC_NIST_P256", "ECDSA_SHA_256", ECKey),
    "ES384": ("ECC_NIST_P384", "ECDSA_SHA_384", ECKey),
    "ES512": ("ECC_NIST_P521", "ECDSA_SHA_512", ECKey),
    "ES256K": ("ECC_SECG_P256K1", "ECDSA_SHA_256", ECKey),
    "EdDSA": ("ECC_NIST_EDWARDS25519", "ED25519_SHA_512", OKPKey),
    "Ed25519": ("ECC_NIST_EDWARDS25519", "ED25519_SHA_512", OKPKey),
}
"""RFC 7518, and EdDSA under its name of RFC 8037 and that of RFC 9864."""

COORDINATE = {"ES256": 32, "ES256K": 32, "ES384": 48, "ES512": 66}


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def as_jws(algorithm, signature):
    """RFC 7518 wants ECDSA's r and s side by side, where KMS has them in DER."""
    if algorithm not in COORDINATE:
        return signature
    return b"".join(number.to_bytes(COORDINATE[algorithm]) for number in decode_dss_signature(signature))


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
@pytest.mark.parametrize(
    ("algorithm", "message_type"),
    [(name, "RAW") for name in ALGORITHMS] + [(name, "DIGEST") for name in ALGORITHMS if not name.startswith("Ed")],
)
def test_a_token(kms, make_key, algorithm, message_type):
    spec, signing_algorithm, key_type = ALGORITHMS[algorithm]
    key_id = make_key(spec, "SIGN_VERIFY")
    claims = {"iss": "https://trent.example", "sub": "größe", "exp": 4102444800}
    parts = [{"alg": algorithm, "typ": "JWT", "kid": key_id}, claims]
    signed = ".".join(base64url(json.dumps(part).encode()) for part in parts)

    message = signed.encode()
    if message_type == "DIGEST":
        message = hashlib.new(f"sha{signing_algorithm[-3:]}", message).digest()
    request = {"KeyId": key_id, "SigningAlgorithm": signing_algorithm, "MessageType": message_type}
    signature = as_jws(algorithm, kms.sign(**request, Message=message)["Signature"])

    key = key_type.import_key(kms.get_public_key(KeyId=key_id)["PublicKey"])
    token = jwt.decode(f"{signed}.{base64url(signature)}", key, algorithms=[algorithm])
    assert (token.claims, token.header["kid"]) == (claims, key_id)
    with pytest.raises(BadSignatureError):
        jwt.decode(f"{signed}.{base64url(altered(signature))}", key, algorithms=[algorithm])
    with pytest.raises(BadSignatureError):
        other = key_type.import_key(kms.get_public_key(KeyId=make_key(spec, "SIGN_VERIFY"))["PublicKey"])
        jwt.decode(f"{signed}.{base64url(signature)}", other, algorithms=[algorithm])
