"""SM2 in its three uses, checked by the `openssl` command and by plain arithmetic on the curve."""

import hashlib

import pytest
from openssl_cli import openssl, openssl_refuses
from sdk import INVALID_CIPHERTEXT, INVALID_SIGNATURE, altered, refusal

FIELD = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = FIELD - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
BASE = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
"""GB/T 32918.5: y² = x³ + Ax + B."""

HEAD = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d03420004")
"""SubjectPublicKeyInfo of an uncompressed point on this curve, up to the point's coordinates."""


def add(p, q):
    if p is None or q is None:
        return p or q
    (x1, y1), (x2, y2) = p, q
    if x1 == x2 and (y1 + y2) % FIELD == 0:
        return None
    slope = (3 * x1 * x1 + A) * pow(2 * y1, -1, FIELD) if p == q else (y2 - y1) * pow(x2 - x1, -1, FIELD)
    x = (slope * slope - x1 - x2) % FIELD
    return x, (slope * (x1 - x) - y1) % FIELD


def times(factor, point):
    product = None
    while factor:
        if factor & 1:
            product = add(product, point)
        point, factor = add(point, point), factor >> 1
    return product


def point_of(info):
    assert info[:-64] == HEAD
    x, y = int.from_bytes(info[-64:-32]), int.from_bytes(info[-32:])
    assert (y * y - x**3 - A * x - B) % FIELD == 0
    return x, y


def spki(point):
    return HEAD + b"".join(coordinate.to_bytes(32) for coordinate in point)


@pytest.fixture
def new_key(kms, make_key, tmp_path):
    """Makes a key; gives its id and the file of its public key, in DER."""

    def new_key(usage):
        key_id, public = make_key("SM2", usage), tmp_path / "public.der"
        public.write_bytes(kms.get_public_key(KeyId=key_id)["PublicKey"])
        return key_id, public

    return new_key


def test_signatures(kms, new_key, tmp_path):
    key_id, public = new_key("SIGN_VERIFY")
    name = {"KeyId": key_id, "SigningAlgorithm": "SM2DSA"}
    message, signature = tmp_path / "message", tmp_path / "signature"
    message.write_bytes(b"attack at dawn")
    signed = kms.sign(**name, Message=message.read_bytes())["Signature"]
    signature.write_bytes(signed)
    check = ["pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", public, "-rawin", "-digest", "sm3"]
    check += ["-pkeyopt", "distid:1234567812345678", "-sigfile", signature, "-in", message]
    assert "Verified" in openssl(*check)
    assert kms.verify(**name, Message=message.read_bytes(), Signature=signed)["SignatureValid"] is True
    message.write_bytes(b"attack at noon")
    openssl_refuses(*check)
    for forged in altered(signed), signed[:-1], b"\x00":
        assert refusal(kms.verify, **name, Message=b"attack at dawn", Signature=forged) == INVALID_SIGNATURE


def test_a_digest_is_that_of_za_and_the_message(kms, new_key):
    """So RAW and DIGEST signatures are interchangeable, once the caller puts the signer's id and key in front."""
    if "sm3" not in hashlib.algorithms_available:
        pytest.skip("this Python's OpenSSL has no SM3")
    key_id, public = new_key("SIGN_VERIFY")
    name, identity = {"KeyId": key_id, "SigningAlgorithm": "SM2DSA"}, b"1234567812345678"
    numbers = A, B, *BASE, *point_of(public.read_bytes())
    za = (len(identity) * 8).to_bytes(2) + identity + b"".join(number.to_bytes(32) for number in numbers)
    digest = hashlib.new("sm3", hashlib.new("sm3", za).digest() + b"attack at dawn").digest()

    raw = kms.sign(**name, Message=b"attack at dawn")["Signature"]
    hashed = kms.sign(**name, Message=digest, MessageType="DIGEST")["Signature"]
    assert kms.verify(**name, Message=digest, MessageType="DIGEST", Signature=raw)["SignatureValid"] is True
    assert kms.verify(**name, Message=b"attack at dawn", Signature=hashed)["SignatureValid"] is True


def test_encryption_both_ways(kms, new_key, tmp_path):
    key_id, public = new_key("ENCRYPT_DECRYPT")
    name = {"KeyId": key_id, "EncryptionAlgorithm": "SM2PKE"}
    secret, sealed = tmp_path / "secret", tmp_path / "sealed"
    # Of one byte, a sender's mask may by chance be zero, which SM2 forbids and not every version of openssl minds.
    for plaintext in b"attack at dawn", bytes(1024):
        secret.write_bytes(plaintext)
        openssl("pkeyutl", "-encrypt", "-pubin", "-keyform", "DER", "-inkey", public, "-in", secret, "-out", sealed)
        ours = kms.encrypt(**name, Plaintext=plaintext)["CiphertextBlob"]
        for blob in sealed.read_bytes(), ours:
            assert kms.decrypt(**name, CiphertextBlob=blob)["Plaintext"] == plaintext
            for wrong in altered(blob), altered(blob, len(blob) // 2), blob[:-1], blob + b"\x00", b"x":
                assert refusal(kms.decrypt, **name, CiphertextBlob=wrong) == INVALID_CIPHERTEXT


def test_a_data_key_pair(kms, tmp_path):
    """Which `openssl` loads and uses."""
    pair = kms.generate_data_key_pair(KeyId=kms.create_key()["KeyMetadata"]["KeyId"], KeyPairSpec="SM2")
    private, public, data, out = (tmp_path / name for name in ("private", "public", "data", "out"))
    private.write_bytes(pair["PrivateKeyPlaintext"])
    public.write_bytes(pair["PublicKey"])
    data.write_bytes(b"attack at dawn")
    key = ["-keyform", "DER", "-inkey"]
    openssl("pkeyutl", "-encrypt", "-pubin", *key, public, "-in", data, "-out", out)
    openssl("pkeyutl", "-decrypt", *key, private, "-in", out, "-out", data)
    assert data.read_bytes() == b"attack at dawn"


def test_key_agreement(kms, make_key):
    key_id = make_key("SM2", "KEY_AGREEMENT")
    name = {"KeyId": key_id, "KeyAgreementAlgorithm": "ECDH"}
    public = point_of(kms.get_public_key(KeyId=key_id)["PublicKey"])
    for private in 1, 2, 0x1234567890ABCDEF << 128, FIELD >> 1:
        agreed = kms.derive_shared_secret(**name, PublicKey=spki(times(private, BASE)))
        assert agreed["SharedSecret"] == times(private, public)[0].to_bytes(32)
    off_the_curve = altered(spki(BASE))
    assert refusal(kms.derive_shared_secret, **name, PublicKey=off_the_curve) == ("ValidationException", "")
