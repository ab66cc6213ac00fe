"""HMACs: length, determinism, and that no other one is taken."""

import pytest
from sdk import INVALID_MAC, altered, refusal

LENGTHS = {"HMAC_224": 28, "HMAC_256": 32, "HMAC_384": 48, "HMAC_512": 64}


@pytest.mark.parametrize("spec", LENGTHS)
def test_a_mac(kms, make_key, spec):
    key_id, other = (make_key(spec, "GENERATE_VERIFY_MAC") for _ in range(2))
    algorithm = spec.replace("_", "_SHA_")
    name = {"KeyId": key_id, "MacAlgorithm": algorithm}
    for message in b"\x00", b"attack at dawn", bytes(4096):
        answer = kms.generate_mac(**name, Message=message)
        assert (answer["KeyId"].split("/")[-1], answer["MacAlgorithm"]) == (key_id, algorithm)
        mac = answer["Mac"]
        assert len(mac) == LENGTHS[spec]
        assert kms.generate_mac(**name, Message=message)["Mac"] == mac
        assert kms.generate_mac(KeyId=other, MacAlgorithm=algorithm, Message=message)["Mac"] != mac
        assert kms.verify_mac(**name, Message=message, Mac=mac)["MacValid"] is True

        wrong = [altered(mac, position) for position in range(len(mac))]
        wrong += [mac[:-1], mac[:1], mac + b"\x00", bytes(len(mac)), bytes(6144)]
        for forged in wrong:
            assert refusal(kms.verify_mac, **name, Message=message, Mac=forged) == INVALID_MAC, forged.hex()
        assert refusal(kms.verify_mac, **name, Message=altered(message), Mac=mac) == INVALID_MAC
        assert refusal(kms.verify_mac, **name | {"KeyId": other}, Message=message, Mac=mac) == INVALID_MAC
        assert refusal(kms.verify_mac, **name, Message=message, Mac=altered(mac), DryRun=True) == INVALID_MAC


def test_a_key_knows_one_algorithm(kms, make_key):
    key_id = make_key("HMAC_224", "GENERATE_VERIFY_MAC")
    for algorithm in "HMAC_SHA_256", "HMAC_SHA_384", "HMAC_SHA_512":
        refused = ("InvalidKeyUsageException", f"Algorithm {algorithm} is incompatible with key spec HMAC_224.")
        name = {"KeyId": key_id, "MacAlgorithm": algorithm, "Message": b"x"}
        assert refusal(kms.generate_mac, **name) == refused
        assert refusal(kms.verify_mac, **name, Mac=bytes(28)) == refused
