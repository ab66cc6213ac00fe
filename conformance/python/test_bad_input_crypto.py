"""Cryptographic requests that are wrong: AWS's own code and words, in its order.

State comes before usage, usage before algorithm, that before length, and mathematics last.
"""

import base64

import pytest

SIGNERS = {
    "RSA_2048": "RSASSA_PSS_SHA_256",
    "ECC_NIST_P256": "ECDSA_SHA_256",
    "ECC_NIST_P384": "ECDSA_SHA_384",
    "ECC_NIST_P521": "ECDSA_SHA_512",
    "ECC_SECG_P256K1": "ECDSA_SHA_256",
    "ECC_NIST_EDWARDS25519": "ED25519_SHA_512",
    "ML_DSA_44": "ML_DSA_SHAKE_256",
}
USAGES = {
    "SYMMETRIC_DEFAULT": ["ENCRYPT_DECRYPT"],
    "RSA_2048": ["ENCRYPT_DECRYPT", "SIGN_VERIFY"],
    "RSA_3072": ["ENCRYPT_DECRYPT", "SIGN_VERIFY"],
    "RSA_4096": ["ENCRYPT_DECRYPT", "SIGN_VERIFY"],
    "ECC_NIST_P256": ["SIGN_VERIFY", "KEY_AGREEMENT"],
    "ECC_NIST_P384": ["SIGN_VERIFY", "KEY_AGREEMENT"],
    "ECC_NIST_P521": ["SIGN_VERIFY", "KEY_AGREEMENT"],
    "ECC_SECG_P256K1": ["SIGN_VERIFY"],
    "ECC_NIST_EDWARDS25519": ["SIGN_VERIFY"],
    "SM2": ["ENCRYPT_DECRYPT", "SIGN_VERIFY", "KEY_AGREEMENT"],
    "HMAC_224": ["GENERATE_VERIFY_MAC"],
    "HMAC_256": ["GENERATE_VERIFY_MAC"],
    "HMAC_384": ["GENERATE_VERIFY_MAC"],
    "HMAC_512": ["GENERATE_VERIFY_MAC"],
    "ML_DSA_44": ["SIGN_VERIFY"],
    "ML_DSA_65": ["SIGN_VERIFY"],
    "ML_DSA_87": ["SIGN_VERIFY"],
    "ML_KEM_512": ["ENCAPSULATE_DECAPSULATE"],
    "ML_KEM_768": ["ENCAPSULATE_DECAPSULATE"],
    "ML_KEM_1024": ["ENCAPSULATE_DECAPSULATE"],
}
EVERY_USAGE = sorted({usage for usages in USAGES.values() for usage in usages})


def b64(data):
    return base64.b64encode(data).decode()


ONE_BYTE = b64(b"x")
CALLS = {
    "Encrypt": ("ENCRYPT_DECRYPT", {"Plaintext": ONE_BYTE}),
    "Sign": ("SIGN_VERIFY", {"Message": ONE_BYTE, "SigningAlgorithm": "ECDSA_SHA_256"}),
    "Verify": ("SIGN_VERIFY", {"Message": ONE_BYTE, "Signature": ONE_BYTE, "SigningAlgorithm": "ECDSA_SHA_256"}),
    "GenerateMac": ("GENERATE_VERIFY_MAC", {"Message": ONE_BYTE, "MacAlgorithm": "HMAC_SHA_256"}),
    "VerifyMac": ("GENERATE_VERIFY_MAC", {"Message": ONE_BYTE, "Mac": ONE_BYTE, "MacAlgorithm": "HMAC_SHA_256"}),
    "DeriveSharedSecret": ("KEY_AGREEMENT", {"PublicKey": ONE_BYTE, "KeyAgreementAlgorithm": "ECDH"}),
    "Encapsulate": ("ENCAPSULATE_DECAPSULATE", {"EncapsulationAlgorithm": "ML_KEM"}),
    "Decapsulate": (
        "ENCAPSULATE_DECAPSULATE",
        {"SharedSecretCiphertextBlob": ONE_BYTE, "EncapsulationAlgorithm": "ML_KEM"},
    ),
}
"""Operations by key, the usage that each needs, and a request that gets past the constraints."""


@pytest.fixture
def new_key(wire):
    def new_key(spec, usage="SIGN_VERIFY"):
        return wire.ok("CreateKey", {"KeySpec": spec, "KeyUsage": usage})["KeyMetadata"]

    return new_key


# --- making keys ---


@pytest.mark.parametrize("spec", USAGES)
def test_each_spec_has_its_usages(wire, spec):
    for usage in EVERY_USAGE:
        request = {"KeySpec": spec, "KeyUsage": usage}
        if usage in USAGES[spec]:
            metadata = wire.ok("CreateKey", request)["KeyMetadata"]
            assert (metadata["KeySpec"], metadata["CustomerMasterKeySpec"], metadata["KeyUsage"]) == (spec, spec, usage)
        else:
            words = f"KeyUsage {usage} is not compatible with KeySpec {spec}"
            wire.refuses("CreateKey", request, "ValidationException", words)
    if spec != "SYMMETRIC_DEFAULT":
        words = "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."
        wire.refuses("CreateKey", {"KeySpec": spec}, "ValidationException", words)
    assert len(wire.ok("ListKeys")["Keys"]) == len(USAGES[spec]), "what was refused left nothing behind"


@pytest.mark.parametrize("spec", [spec for spec in USAGES if spec.startswith("ML_")])
def test_specs_that_cannot_be_imported(wire, spec):
    request = {"KeySpec": spec, "KeyUsage": USAGES[spec][0], "Origin": "EXTERNAL"}
    wire.refuses("CreateKey", request, "ValidationException", f"KeySpec {spec} is not supported for Origin EXTERNAL")


def test_keys_without_a_public_half(wire, new_key):
    for spec, usage in ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"), ("HMAC_256", "GENERATE_VERIFY_MAC"):
        wire.refuses("GetPublicKey", {"KeyId": new_key(spec, usage)["KeyId"]}, "UnsupportedOperationException")


# --- usage and algorithm ---


@pytest.mark.parametrize(
    ("spec", "usage"),
    [
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"),
        ("RSA_2048", "ENCRYPT_DECRYPT"),
        ("RSA_2048", "SIGN_VERIFY"),
        ("ECC_NIST_P256", "SIGN_VERIFY"),
        ("ECC_NIST_P256", "KEY_AGREEMENT"),
        ("HMAC_256", "GENERATE_VERIFY_MAC"),
        ("ML_KEM_512", "ENCAPSULATE_DECAPSULATE"),
    ],
)
def test_a_key_for_something_else(wire, new_key, spec, usage):
    key = new_key(spec, usage)
    for operation, (needed, rest) in CALLS.items():
        if usage != needed:
            words = f"{key['Arn']} key usage is {usage} which is not valid for {operation}."
            wire.refuses(operation, {"KeyId": key["KeyId"]} | rest, "InvalidKeyUsageException", words)


def test_reencrypt_to_a_key_for_something_else(wire, new_key):
    source, signer = wire.ok("CreateKey")["KeyMetadata"], new_key("ECC_NIST_P256")
    blob = wire.ok("Encrypt", {"KeyId": source["KeyId"], "Plaintext": ONE_BYTE})["CiphertextBlob"]
    request = {"CiphertextBlob": blob, "DestinationKeyId": signer["KeyId"]}
    words = f"{signer['Arn']} key usage is SIGN_VERIFY which is not valid for ReEncryptTo."
    wire.refuses("ReEncrypt", request, "InvalidKeyUsageException", words)


@pytest.mark.parametrize("spec", SIGNERS)
def test_an_algorithm_of_another_spec(wire, new_key, spec):
    name = {"KeyId": new_key(spec)["KeyId"], "Message": ONE_BYTE}
    others = {algorithm for other, algorithm in SIGNERS.items() if algorithm != SIGNERS[spec]} | {"SM2DSA"}
    for algorithm in others:
        request = name | {"SigningAlgorithm": algorithm}
        words = f"Algorithm {algorithm} is incompatible with key spec {spec}."
        wire.refuses("Sign", request, "InvalidKeyUsageException", words)
        wire.refuses("Verify", request | {"Signature": ONE_BYTE}, "InvalidKeyUsageException", words)


def test_an_encryption_algorithm_of_another_spec(wire, new_key):
    rsa, symmetric = new_key("RSA_2048", "ENCRYPT_DECRYPT")["KeyId"], wire.ok("CreateKey")["KeyMetadata"]["KeyId"]
    request = {"KeyId": rsa, "Plaintext": ONE_BYTE}
    words = "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048."
    wire.refuses("Encrypt", request, "InvalidKeyUsageException", words)
    words = "Algorithm RSAES_OAEP_SHA_256 is incompatible with key spec SYMMETRIC_DEFAULT."
    request = {"KeyId": symmetric, "Plaintext": ONE_BYTE, "EncryptionAlgorithm": "RSAES_OAEP_SHA_256"}
    wire.refuses("Encrypt", request, "InvalidKeyUsageException", words)


# --- messages ---


@pytest.mark.parametrize(
    ("spec", "algorithm", "length"),
    [
        *[("RSA_2048", f"RSASSA_{s}_SHA_{bits}", bits // 8) for s in ("PSS", "PKCS1_V1_5") for bits in (256, 384, 512)],
        ("ECC_NIST_P256", "ECDSA_SHA_256", 32),
        ("ECC_NIST_P384", "ECDSA_SHA_384", 48),
        ("ECC_NIST_P521", "ECDSA_SHA_512", 64),
        ("ECC_SECG_P256K1", "ECDSA_SHA_256", 32),
    ],
)
def test_digests_of_the_wrong_length(wire, new_key, spec, algorithm, length):
    request = {"KeyId": new_key(spec)["KeyId"], "SigningAlgorithm": algorithm, "MessageType": "DIGEST"}
    for wrong in {1, 20, 32, 48, 64, length - 1, length + 1, 4096} - {length}:
        digest = request | {"Message": b64(bytes(wrong))}
        words = f"Digest is invalid length for algorithm {algorithm}."
        wire.refuses("Sign", digest, "ValidationException", words)
        wire.refuses("Verify", digest | {"Signature": ONE_BYTE}, "ValidationException", words)


@pytest.mark.parametrize("spec", ["ML_DSA_44", "ML_DSA_65", "ML_DSA_87"])
def test_mus_of_the_wrong_length(wire, new_key, spec):
    name = {"KeyId": new_key(spec)["KeyId"], "SigningAlgorithm": "ML_DSA_SHAKE_256", "MessageType": "EXTERNAL_MU"}
    for wrong in 1, 32, 63, 65, 4096:
        mu = name | {"Message": b64(bytes(wrong))}
        words = "External Mu is invalid length for algorithm ML_DSA_SHAKE_256."
        wire.refuses("Sign", mu, "ValidationException", words)
        wire.refuses("Verify", mu | {"Signature": ONE_BYTE}, "ValidationException", words)


@pytest.mark.parametrize(
    ("spec", "algorithm", "kind", "by"),
    [
        ("RSA_2048", "RSASSA_PSS_SHA_256", "EXTERNAL_MU", "key spec RSA_2048"),
        ("ECC_NIST_P256", "ECDSA_SHA_256", "EXTERNAL_MU", "key spec ECC_NIST_P256"),
        ("ECC_SECG_P256K1", "ECDSA_SHA_256", "EXTERNAL_MU", "key spec ECC_SECG_P256K1"),
        ("ECC_NIST_EDWARDS25519", "ED25519_SHA_512", "EXTERNAL_MU", "key spec ECC_NIST_EDWARDS25519"),
        ("ML_DSA_44", "ML_DSA_SHAKE_256", "DIGEST", "key spec ML_DSA_44"),
        ("ML_DSA_87", "ML_DSA_SHAKE_256", "DIGEST", "key spec ML_DSA_87"),
        ("ECC_NIST_EDWARDS25519", "ED25519_PH_SHA_512", "RAW", "algorithm ED25519_PH_SHA_512"),
        ("ECC_NIST_EDWARDS25519", "ED25519_SHA_512", "DIGEST", "algorithm ED25519_SHA_512"),
    ],
)
def test_a_message_type_that_does_not_fit(wire, new_key, spec, algorithm, kind, by):
    request = {"KeyId": new_key(spec)["KeyId"], "SigningAlgorithm": algorithm, "MessageType": kind}
    # Also of a length that is wrong besides: the type comes first.
    for message in bytes(64), b"x":
        typed = request | {"Message": b64(message)}
        words = f"Message type {kind} is incompatible with {by}."
        wire.refuses("Sign", typed, "ValidationException", words)
        wire.refuses("Verify", typed | {"Signature": ONE_BYTE}, "ValidationException", words)


TOO_SHORT = "Value at '{}' failed to satisfy constraint: Member must have length greater than or equal to 1"
TOO_LONG = "Value at '{}' failed to satisfy constraint: Member must have length less than or equal to 4096"


@pytest.mark.parametrize("operation", ["Sign", "Verify", "GenerateMac", "VerifyMac"])
def test_messages_of_the_wrong_length(wire, operation):
    """Refused before anyone looks for the key, and not printed, for a message is a secret."""
    request = {"KeyId": "no such key"} | CALLS[operation][1]
    for message, sentence in (b"", TOO_SHORT), (bytes(4097), TOO_LONG):
        words = f"1 validation error detected: {sentence.format('message')}"
        wire.refuses(operation, request | {"Message": b64(message)}, "ValidationException", words)


@pytest.mark.parametrize(
    ("operation", "member", "path"),
    [
        ("Verify", "Signature", "signature"),
        ("VerifyMac", "Mac", "mac"),
        ("Decapsulate", "SharedSecretCiphertextBlob", "sharedSecretCiphertextBlob"),
        ("DeriveSharedSecret", "PublicKey", "publicKey"),
    ],
)
def test_blobs_of_the_wrong_length(wire, operation, member, path):
    limit = 8192 if member == "PublicKey" else 6144
    for length, constraint in (0, "greater than or equal to 1"), (limit + 1, f"less than or equal to {limit}"):
        request = {"KeyId": "no such key"} | CALLS[operation][1] | {member: b64(bytes(length))}
        words = (
            f"1 validation error detected: Value 'java.nio.HeapByteBuffer[pos=0 lim={length} cap={length}]' "
            f"at '{path}' failed to satisfy constraint: Member must have length {constraint}"
        )
        wire.refuses(operation, request, "ValidationException", words)


@pytest.mark.parametrize(
    ("operation", "member", "path"),
    [
        ("Sign", "SigningAlgorithm", "signingAlgorithm"),
        ("Sign", "MessageType", "messageType"),
        ("GenerateMac", "MacAlgorithm", "macAlgorithm"),
        ("DeriveSharedSecret", "KeyAgreementAlgorithm", "keyAgreementAlgorithm"),
        ("Encapsulate", "EncapsulationAlgorithm", "encapsulationAlgorithm"),
        ("GenerateDataKeyPair", "KeyPairSpec", "keyPairSpec"),
        ("Encrypt", "EncryptionAlgorithm", "encryptionAlgorithm"),
    ],
)
def test_values_outside_their_enum(wire, operation, member, path):
    request = {"KeyId": "no such key"} | CALLS.get(operation, ("", {}))[1] | {member: "NONE"}
    answer = wire.call(operation, request)
    code, message = answer.error
    assert (answer.status, code) == (400, "ValidationException")
    assert message.startswith(
        f"1 validation error detected: Value 'NONE' at '{path}' failed to satisfy constraint: "
        "Member must satisfy enum value set: ["
    )


# --- the order of checks ---


def test_state_before_usage_before_algorithm_before_length(wire, new_key):
    """Every request is wrong in several ways; each correction brings the next complaint to light."""
    key = new_key("ECC_NIST_P256", "KEY_AGREEMENT")
    request = {
        "KeyId": key["KeyId"],
        "SigningAlgorithm": "RSASSA_PSS_SHA_256",
        "MessageType": "DIGEST",
        "Message": ONE_BYTE,
        "Signature": ONE_BYTE,
    }
    wire.ok("DisableKey", {"KeyId": key["KeyId"]})
    wire.refuses("Verify", request, "DisabledException", f"{key['Arn']} is disabled.")
    wire.ok("EnableKey", {"KeyId": key["KeyId"]})
    words = f"{key['Arn']} key usage is KEY_AGREEMENT which is not valid for Verify."
    wire.refuses("Verify", request, "InvalidKeyUsageException", words)
    request["KeyId"] = new_key("ECC_NIST_P256")["KeyId"]
    words = "Algorithm RSASSA_PSS_SHA_256 is incompatible with key spec ECC_NIST_P256."
    wire.refuses("Verify", request, "InvalidKeyUsageException", words)
    request["SigningAlgorithm"] = "ECDSA_SHA_256"
    wire.refuses("Verify", request, "ValidationException", "Digest is invalid length for algorithm ECDSA_SHA_256.")
    request["Message"] = b64(bytes(32))
    wire.refuses("Verify", request, "KMSInvalidSignatureException")
    del request["Signature"]
    signature = wire.ok("Sign", request)["Signature"]
    assert wire.ok("Verify", request | {"Signature": signature})["SignatureValid"] is True


def test_state_before_mathematics(wire, new_key):
    for spec, usage, operation in (
        ("ECC_NIST_P256", "KEY_AGREEMENT", "DeriveSharedSecret"),
        ("ML_KEM_512", "ENCAPSULATE_DECAPSULATE", "Decapsulate"),
        ("HMAC_256", "GENERATE_VERIFY_MAC", "VerifyMac"),
    ):
        key = new_key(spec, usage)
        request = {"KeyId": key["KeyId"]} | CALLS[operation][1]
        wire.ok("DisableKey", {"KeyId": key["KeyId"]})
        wire.refuses(operation, request, "DisabledException", f"{key['Arn']} is disabled.")
        wire.ok("ScheduleKeyDeletion", {"KeyId": key["KeyId"]})
        wire.refuses(operation, request, "KMSInvalidStateException", f"{key['Arn']} is pending deletion.")


def test_dry_runs_end_after_the_checks(wire, new_key):
    would = ("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")
    key = new_key("ECC_NIST_P256")
    sign = {"KeyId": key["KeyId"], "SigningAlgorithm": "ECDSA_SHA_256", "Message": ONE_BYTE, "DryRun": True}
    wire.refuses("Sign", sign, *would)
    digest = sign | {"MessageType": "DIGEST"}
    wire.refuses("Sign", digest, "ValidationException", "Digest is invalid length for algorithm ECDSA_SHA_256.")
    encapsulate = {"KeyId": key["KeyId"], "EncapsulationAlgorithm": "ML_KEM", "DryRun": True}
    words = f"{key['Arn']} key usage is SIGN_VERIFY which is not valid for Encapsulate."
    wire.refuses("Encapsulate", encapsulate, "InvalidKeyUsageException", words)
    pair = {"KeyId": wire.ok("CreateKey")["KeyMetadata"]["KeyId"], "KeyPairSpec": "ECC_NIST_P256", "DryRun": True}
    for operation in "GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext":
        wire.refuses(operation, pair, *would)
