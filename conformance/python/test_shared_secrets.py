"""ECDH with a peer, and ML-KEM with a sender, who compute their half elsewhere."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from kyber_py.ml_kem import ML_KEM_512, ML_KEM_768, ML_KEM_1024
from sdk import INVALID_CIPHERTEXT, altered, public_key, refusal

CURVES = {
    "ECC_NIST_P256": (ec.SECP256R1(), 32),
    "ECC_NIST_P384": (ec.SECP384R1(), 48),
    "ECC_NIST_P521": (ec.SECP521R1(), 66),
}
ML_KEM = {
    "ML_KEM_512": (ML_KEM_512, "0b0609608648016503040401", 800, 768),
    "ML_KEM_768": (ML_KEM_768, "0b0609608648016503040402", 1184, 1088),
    "ML_KEM_1024": (ML_KEM_1024, "0b0609608648016503040403", 1568, 1568),
}
"""FIPS 203 in plain Python, the object identifier, the length of the encapsulation key and of the ciphertext."""


def spki(key):
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


# --- ECDH ---


@pytest.fixture
def agree(kms):
    def agree(key_id, peer):
        answer = kms.derive_shared_secret(KeyId=key_id, KeyAgreementAlgorithm="ECDH", PublicKey=peer)
        assert answer["KeyId"].endswith(f":key/{key_id}")
        assert (answer["KeyAgreementAlgorithm"], answer["KeyOrigin"]) == ("ECDH", "AWS_KMS")
        return answer["SharedSecret"]

    return agree


@pytest.mark.parametrize("spec", CURVES)
def test_both_sides_agree(kms, make_key, agree, spec):
    curve, length = CURVES[spec]
    key_id = make_key(spec, "KEY_AGREEMENT")
    public = public_key(kms, key_id)
    secrets = set()
    for _ in range(5):
        peer = ec.generate_private_key(curve)
        secret = agree(key_id, spki(peer.public_key()))
        assert secret == peer.exchange(ec.ECDH(), public)
        assert len(secret) == length, "the raw x-coordinate with its leading zeros"
        secrets.add(secret)
    assert len(secrets) == 5

    other = make_key(spec, "KEY_AGREEMENT")
    assert agree(key_id, spki(public_key(kms, other))) == agree(other, spki(public))
    assert len(agree(key_id, spki(public))) == length, "a key agrees with itself too"


@pytest.mark.parametrize("spec", CURVES)
def test_malformed_peers(kms, make_key, spec):
    key_id = make_key(spec, "KEY_AGREEMENT")
    curve, length = CURVES[spec]
    good = spki(ec.generate_private_key(curve).public_key())
    head = good[: -2 * length]
    other_curve = next(curve for name, (curve, _) in CURVES.items() if name != spec)
    malformed = {
        "another curve": spki(ec.generate_private_key(other_curve).public_key()),
        "secp256k1": spki(ec.generate_private_key(ec.SECP256K1()).public_key()),
        "RSA": spki(rsa.generate_private_key(65537, 2048).public_key()),
        "Ed25519": spki(ed25519.Ed25519PrivateKey.generate().public_key()),
        "a point off the curve": altered(good),
        "the origin": head + bytes(2 * length),
        "coordinates beyond the field": head + b"\xff" * 2 * length,
        "a bare point": good[-2 * length - 1 :],
        "cut": good[:-1],
        "extended": good + b"\x00",
        "garbage": b"garbage",
        "one byte": b"\x00",
        "long garbage": b"\x30" * 8192,
    }
    for name, peer in malformed.items():
        refused = refusal(kms.derive_shared_secret, KeyId=key_id, KeyAgreementAlgorithm="ECDH", PublicKey=peer)
        assert refused == ("ValidationException", ""), name


# --- ML-KEM ---


@pytest.fixture
def decapsulate(kms):
    def decapsulate(key_id, ciphertext):
        answer = kms.decapsulate(KeyId=key_id, EncapsulationAlgorithm="ML_KEM", SharedSecretCiphertextBlob=ciphertext)
        assert answer["KeyId"].endswith(f":key/{key_id}")
        assert (answer["EncapsulationAlgorithm"], len(answer["SharedSecret"])) == ("ML_KEM", 32)
        return answer["SharedSecret"]

    return decapsulate


@pytest.mark.parametrize("spec", ML_KEM)
def test_encapsulation(kms, make_key, decapsulate, spec):
    fips203, oid, key_length, length = ML_KEM[spec]
    key_id, other = (make_key(spec, "ENCAPSULATE_DECAPSULATE") for _ in range(2))
    info = kms.get_public_key(KeyId=key_id)["PublicKey"]
    # SEQUENCE { SEQUENCE { OID }, BIT STRING }, and the key itself at the end.
    bits = (key_length + 1).to_bytes(2)
    assert info[4:-key_length] == bytes.fromhex("30" + oid) + b"\x03\x82" + bits + b"\x00"
    if spec != "ML_KEM_512":  # which `cryptography` does not know
        theirs, ciphertext = load_der_public_key(info).encapsulate()
        assert decapsulate(key_id, ciphertext) == theirs

    theirs, ciphertext = fips203.encaps(info[-key_length:])
    assert len(ciphertext) == length
    assert decapsulate(key_id, ciphertext) == theirs

    ours = kms.encapsulate(KeyId=key_id, EncapsulationAlgorithm="ML_KEM")
    assert ours["EncapsulationAlgorithm"] == "ML_KEM"
    assert (len(ours["SharedSecretCiphertextBlob"]), len(ours["SharedSecret"])) == (length, 32)
    assert decapsulate(key_id, ours["SharedSecretCiphertextBlob"]) == ours["SharedSecret"]
    again = kms.encapsulate(KeyId=key_id, EncapsulationAlgorithm="ML_KEM")
    assert again["SharedSecret"] != ours["SharedSecret"]

    # Implicit rejection: a wrong ciphertext of the right length yields another secret, always the same one.
    for wrong in altered(ciphertext, 0), altered(ciphertext), bytes(length), b"\xff" * length:
        secret = decapsulate(key_id, wrong)
        assert secret == decapsulate(key_id, wrong) != theirs
        assert secret != decapsulate(other, wrong)
    assert decapsulate(other, ciphertext) != theirs

    for wrong in ciphertext[:-1], ciphertext[1:], ciphertext + b"\x00", b"\x00", bytes(6144):
        refused = refusal(
            kms.decapsulate, KeyId=key_id, EncapsulationAlgorithm="ML_KEM", SharedSecretCiphertextBlob=wrong
        )
        assert refused == INVALID_CIPHERTEXT, len(wrong)
