"""An Ethereum account whose key is in KMS: its signatures name its address."""

from coincurve import PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from Crypto.Hash import keccak
from sdk import public_key

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""Of secp256k1."""


def keccak256(data):
    return keccak.new(digest_bits=256, data=data).digest()


def address(point):
    """Of an uncompressed point."""
    return keccak256(point[1:])[-20:].hex()


def test_a_signature_recovers_to_its_address(kms, make_key):
    key_id = make_key("ECC_SECG_P256K1", "SIGN_VERIFY")
    point = public_key(kms, key_id).public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    name = {"KeyId": key_id, "SigningAlgorithm": "ECDSA_SHA_256", "MessageType": "DIGEST"}
    for text in b"attack at dawn", b"", b"\x00" * 1000:
        # EIP-191, personal_sign
        digest = keccak256(b"\x19Ethereum Signed Message:\n" + str(len(text)).encode() + text)
        r, s = decode_dss_signature(kms.sign(**name, Message=digest)["Signature"])
        low_s = min(s, ORDER - s)  # EIP-2

        compact = r.to_bytes(32) + low_s.to_bytes(32)
        recovered = [
            PublicKey.from_signature_and_message(compact + bytes([recovery]), digest, hasher=None).format(False)
            for recovery in (0, 1)
        ]
        assert recovered.count(point) == 1
        assert [address(candidate) for candidate in recovered].count(address(point)) == 1

        normalised = encode_dss_signature(r, low_s)
        assert PublicKey(point).verify(normalised, digest, hasher=None), "libsecp256k1 takes low s only"
        assert kms.verify(**name, Message=digest, Signature=normalised)["SignatureValid"] is True
