"""Ciphertexts: their layout as AWS's (base64 prefix, length), and that no altered one ever opens."""

import base64

import pytest

MATERIAL_ID = range(5, 37)
"""Where the id of the key material stands; changed, it names no key at all."""

UNKNOWN_KEY = (
    "AccessDeniedException",
    "The ciphertext refers to a customer master key that does not exist, does not exist in this region, "
    "or you are not allowed to access.",
)
INVALID = ("InvalidCiphertextException", None)
INCORRECT_KEY = (
    "IncorrectKeyException",
    "The key ID in the request does not identify a CMK that can perform this operation.",
)


def encrypt(wire, key, plaintext=b"attack at dawn", **rest):
    payload = {"KeyId": key["KeyId"], "Plaintext": base64.b64encode(plaintext).decode()} | rest
    return base64.b64decode(wire.ok("Encrypt", payload)["CiphertextBlob"])


def decrypt(wire, blob, **rest):
    """The (code, message) of a refusal, or the plaintext."""
    answer = wire.call("Decrypt", {"CiphertextBlob": base64.b64encode(blob).decode()} | rest)
    if answer.status == 200:
        return base64.b64decode(answer.json["Plaintext"])
    assert answer.status == 400, answer
    return answer.error


@pytest.fixture
def blob(wire, key):
    return encrypt(wire, key)


@pytest.mark.parametrize(
    ("plaintext", "length"),
    [(22, 174), (27, 179), (32, 184), (48, 201), (144, 301), (150, 307), (194, 355), (250, 412)],
)
def test_length_as_recorded(wire, key, plaintext, length):
    assert len(encrypt(wire, key, bytes(plaintext))) == length


def test_layout_as_recorded(wire, key):
    material = bytes.fromhex(key["CurrentKeyMaterialId"])
    data_key = wire.ok("GenerateDataKey", {"KeyId": key["KeyId"], "KeySpec": "AES_256"})
    for kind, blob in ("02", encrypt(wire, key)), ("03", base64.b64decode(data_key["CiphertextBlob"])):
        assert blob[:5] == bytes.fromhex(f"0102{kind}0078")
        assert (blob[5:37], blob[37]) == (material, 1)
        assert int.from_bytes(blob[54:58]) == len(blob) - 58
        assert bytes.fromhex("06092a864886f70d010706") in blob[58:], "CMS EncryptedData"


def test_the_same_plaintext_never_looks_the_same(wire, key):
    assert len({encrypt(wire, key) for _ in range(20)}) == 20


def test_any_one_byte_changed(wire, blob):
    for position in range(len(blob)):
        for flip in 0x01, 0x80, 0xFF:
            changed = bytearray(blob)
            changed[position] ^= flip
            expected = UNKNOWN_KEY if position in MATERIAL_ID else INVALID
            assert decrypt(wire, changed) == expected, f"byte {position} xor {flip:#x}"


def test_any_one_byte_changed_with_the_key_named(wire, key, blob):
    for position in range(len(blob)):
        changed = bytearray(blob)
        changed[position] ^= 0x01
        expected = INCORRECT_KEY if position in MATERIAL_ID else INVALID
        assert decrypt(wire, changed, KeyId=key["KeyId"]) == expected, f"byte {position}"


def test_cut_at_any_length(wire, blob):
    for length in range(1, len(blob)):
        assert decrypt(wire, blob[:length]) == INVALID, f"{length} bytes"
        assert decrypt(wire, blob[length:]) == INVALID, f"without the first {length} bytes"


@pytest.mark.parametrize("extra", [b"\x00", b"\x01", b"\xff", bytes(16), bytes(4096)])
def test_extended(wire, blob, extra):
    assert decrypt(wire, blob + extra) == INVALID
    assert decrypt(wire, extra + blob) == INVALID
    assert decrypt(wire, blob[:58] + extra + blob[58:]) == INVALID


@pytest.mark.parametrize("rubbish", [b"x", bytes(174), b"\xff" * 6144, b"\x01\x02\x02\x00\x78"])
def test_rubbish(wire, rubbish):
    assert decrypt(wire, rubbish) == INVALID


def test_two_blobs_spliced(wire, key, blob):
    other = encrypt(wire, key)
    for cut in 54, len(blob) - 16:
        assert decrypt(wire, blob[:cut] + other[cut:]) == INVALID


CONTEXT = {"a": "b", "c": "d"}


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"a": "b"},
        {"a": "b", "c": "D"},
        {"a": "b", "C": "d"},
        {"a": "d", "c": "b"},
        {"a": "b", "c": "d", "e": ""},
        {"ab": "", "c": "d"},
        {"a": "b\x00c", "c": "d"},
    ],
)
def test_wrong_context(wire, key, wrong):
    blob = encrypt(wire, key, EncryptionContext=CONTEXT)
    assert decrypt(wire, blob, EncryptionContext=wrong) == INVALID
    assert decrypt(wire, blob) == INVALID
    assert decrypt(wire, blob, EncryptionContext=dict(reversed(CONTEXT.items()))) == b"attack at dawn"


def test_a_context_where_none_was(wire, blob):
    assert decrypt(wire, blob, EncryptionContext=CONTEXT) == INVALID
    assert decrypt(wire, blob, EncryptionContext={}) == b"attack at dawn"


def test_contexts_that_only_look_alike(wire, key):
    """Pairs that a careless serialisation would confuse."""
    for one, other in [
        ({"a": "b,c=d"}, {"a": "b", "c": "d"}),
        ({"a": "bc"}, {"ab": "c"}),
        ({"k": "é"}, {"k": "e\u0301"}),
    ]:
        assert decrypt(wire, encrypt(wire, key, EncryptionContext=one), EncryptionContext=other) == INVALID


def test_the_wrong_key_named(wire, key, blob):
    other = wire.ok("CreateKey")["KeyMetadata"]
    wire.ok("CreateAlias", {"AliasName": "alias/wrong", "TargetKeyId": other["KeyId"]})
    for name in other["KeyId"], other["Arn"], "alias/wrong":
        assert decrypt(wire, blob, KeyId=name) == INCORRECT_KEY
    assert decrypt(wire, blob, KeyId=key["Arn"]) == b"attack at dawn"


def test_another_accounts_ciphertext(blob, other_wire):
    assert decrypt(other_wire, blob) == UNKNOWN_KEY
    own = other_wire.ok("CreateKey")["KeyMetadata"]
    assert decrypt(other_wire, blob, KeyId=own["KeyId"]) == INCORRECT_KEY


def test_reencrypt_looks_as_closely(wire, key, blob):
    def reencrypt(data, **rest):
        payload = {"CiphertextBlob": base64.b64encode(data).decode(), "DestinationKeyId": key["KeyId"]} | rest
        return wire.call("ReEncrypt", payload).error

    changed = blob[:-1] + bytes([blob[-1] ^ 1])
    assert reencrypt(changed) == INVALID
    assert reencrypt(blob, SourceEncryptionContext=CONTEXT) == INVALID
    other = wire.ok("CreateKey")["KeyMetadata"]
    assert reencrypt(blob, SourceKeyId=other["KeyId"]) == INCORRECT_KEY
