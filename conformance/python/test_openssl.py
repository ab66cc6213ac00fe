"""Nothing but a shell: keys and signatures from the AWS CLI, checked by the `openssl` command."""

import base64

import pytest
from openssl_cli import openssl, openssl_refuses
from sdk import altered

PSS = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"]
SIGNATURES = {
    "RSA_2048": {
        "RSASSA_PKCS1_V1_5_SHA_256": ["dgst", "-sha256"],
        "RSASSA_PSS_SHA_256": ["dgst", "-sha256", *PSS],
        "RSASSA_PSS_SHA_512": ["dgst", "-sha512", *PSS],
    },
    "ECC_NIST_P256": {"ECDSA_SHA_256": ["dgst", "-sha256"]},
    "ECC_NIST_P384": {"ECDSA_SHA_384": ["dgst", "-sha384"]},
    "ECC_NIST_P521": {"ECDSA_SHA_512": ["dgst", "-sha512"]},
    "ECC_SECG_P256K1": {"ECDSA_SHA_256": ["dgst", "-sha256"]},
    "ECC_NIST_EDWARDS25519": {"ED25519_SHA_512": ["pkeyutl"]},
}


@pytest.fixture
def aws(command_line):
    return command_line("aws")


@pytest.fixture
def new_key(aws, tmp_path):
    """Makes a key; gives its id and the file of its public key, in DER."""

    def new_key(spec, usage):
        key_id = aws("create-key", "--key-spec", spec, "--key-usage", usage)["KeyMetadata"]["KeyId"]
        public = tmp_path / f"{key_id}.der"
        public.write_bytes(base64.b64decode(aws("get-public-key", "--key-id", key_id)["PublicKey"]))
        openssl("pkey", "-pubin", "-inform", "DER", "-in", public, "-noout")
        return key_id, public

    return new_key


@pytest.mark.parametrize("spec", SIGNATURES)
def test_a_signature(aws, new_key, tmp_path, spec):
    key_id, public = new_key(spec, "SIGN_VERIFY")
    message, signature = tmp_path / "message", tmp_path / "signature"
    for algorithm, command in SIGNATURES[spec].items():
        message.write_bytes(b"attack at dawn\n")
        signed = aws("sign", "--key-id", key_id, "--signing-algorithm", algorithm, "--message", f"fileb://{message}")
        signature.write_bytes(base64.b64decode(signed["Signature"]))
        if command == ["pkeyutl"]:
            check = [*command, "-verify", "-pubin", "-keyform", "DER", "-inkey", public, "-rawin"]
            check += ["-sigfile", signature, "-in", message]
        else:
            check = [*command, "-verify", public, "-keyform", "DER", "-signature", signature, message]
        assert "Verified" in openssl(*check)
        message.write_bytes(b"attack at noon\n")
        openssl_refuses(*check)


@pytest.mark.parametrize(("algorithm", "hash"), [("RSAES_OAEP_SHA_256", "sha256"), ("RSAES_OAEP_SHA_1", "sha1")])
def test_a_secret_encrypted_offline(aws, new_key, tmp_path, algorithm, hash):
    key_id, public = new_key("RSA_2048", "ENCRYPT_DECRYPT")
    secret, sealed = tmp_path / "secret", tmp_path / "sealed"
    secret.write_bytes(b"\x00\xff the secret\n")
    scheme = [f"rsa_{name}" for name in ("padding_mode:oaep", f"oaep_md:{hash}", f"mgf1_md:{hash}")]
    options = [word for option in scheme for word in ("-pkeyopt", option)]
    key = ["-pubin", "-keyform", "DER", "-inkey", public]
    openssl("pkeyutl", "-encrypt", *key, *options, "-in", secret, "-out", sealed)

    decrypt = ["decrypt", "--key-id", key_id, "--encryption-algorithm", algorithm]
    decrypt += ["--ciphertext-blob", f"fileb://{sealed}"]
    assert base64.b64decode(aws(*decrypt)["Plaintext"]) == secret.read_bytes()
    sealed.write_bytes(altered(sealed.read_bytes()))
    assert "(InvalidCiphertextException)" in aws(*decrypt, fails=True)
