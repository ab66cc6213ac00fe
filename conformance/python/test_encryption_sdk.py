"""Files that the AWS Encryption SDK encrypts with keys of Trent, through each of its ways to KMS."""

import io

import aws_encryption_sdk
import botocore.session
import pytest
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import (
    CreateAwsKmsDiscoveryKeyringInput,
    CreateAwsKmsEcdhKeyringInput,
    CreateAwsKmsKeyringInput,
    CreateAwsKmsRsaKeyringInput,
    KmsEcdhStaticConfigurationsKmsPrivateKeyToStaticPublicKey,
    KmsPrivateKeyToStaticPublicKeyInput,
)
from aws_encryption_sdk.exceptions import AWSEncryptionSDKClientError
from aws_encryption_sdk.identifiers import AlgorithmSuite, CommitmentPolicy
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sdk import altered, public_key

CONTEXT = {"purpose": "backup", "größe": "klein"}
PLAINTEXT = bytes(range(256)) * 1024
"""Of several frames."""


@pytest.fixture
def client():
    return aws_encryption_sdk.EncryptionSDKClient(
        commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT, max_encrypted_data_keys=1
    )


@pytest.fixture(scope="module")
def providers():
    return AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())


@pytest.fixture
def keyring(kms, providers):
    """The keyring of a symmetric key."""

    def keyring(arn):
        return providers.create_aws_kms_keyring(CreateAwsKmsKeyringInput(kms_key_id=arn, kms_client=kms))

    return keyring


def test_a_file(client, kms, keyring, providers, tmp_path):
    arn, other = (kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    plain, sealed, opened = tmp_path / "plain", tmp_path / "sealed", tmp_path / "opened"
    plain.write_bytes(PLAINTEXT)

    with plain.open("rb") as source, sealed.open("wb") as target:
        streaming = client.stream(mode="e", source=source, keyring=keyring(arn), encryption_context=CONTEXT)
        with streaming as encryptor:
            for chunk in encryptor:
                target.write(chunk)
    assert PLAINTEXT[:32] not in sealed.read_bytes()

    with sealed.open("rb") as source, opened.open("wb") as target:
        streaming = client.stream(mode="d", source=source, keyring=keyring(arn), encryption_context=CONTEXT)
        with streaming as decryptor:
            for chunk in decryptor:
                target.write(chunk)
            header = decryptor.header
    assert opened.read_bytes() == PLAINTEXT
    assert CONTEXT.items() <= header.encryption_context.items()
    [data_key] = header.encrypted_data_keys
    assert (data_key.key_provider.provider_id, data_key.key_provider.key_info.decode()) == ("aws-kms", arn)

    def refused(because, message, keyring, context=CONTEXT):
        with pytest.raises((AWSEncryptionSDKClientError, InvalidTag), match=because):
            client.decrypt(source=message, keyring=keyring, encryption_context=context)

    message = sealed.read_bytes()
    discovery = providers.create_aws_kms_discovery_keyring(CreateAwsKmsDiscoveryKeyringInput(kms_client=kms))
    assert client.decrypt(source=message, keyring=discovery, encryption_context=CONTEXT)[0] == PLAINTEXT
    refused("No Encrypted Data Keys found to match", message, keyring(other))
    differs = "Encryption context does not match reproduced encryption context"
    refused(differs, message, keyring(arn), CONTEXT | {"purpose": "mischief"})
    # These two are KMS's to refuse.
    by_kms = "No Configured KMS Key was able to decrypt the Data Key"
    refused(by_kms, message, keyring(arn), CONTEXT | {"more": "context"})
    at = message.index(b"backup")
    refused(by_kms, message[:at] + b"Backup" + message[at + 6 :], keyring(arn), context=None)
    refused(None, altered(message, len(message) // 2), keyring(arn))
    kms.disable_key(KeyId=arn)
    refused(by_kms, message, keyring(arn))


@pytest.fixture
def master_key_provider(endpoint, account):
    """The way of the SDK's first versions, which makes its own client from a botocore session."""

    def master_key_provider(*arns):
        session = botocore.session.Session()
        session.set_credentials(account, "secret")
        session.get_component("config_store").set_config_variable("endpoint_url", endpoint)
        return aws_encryption_sdk.StrictAwsKmsMasterKeyProvider(key_ids=arns, botocore_session=session)

    return master_key_provider


def test_master_key_providers_and_keyrings_read_each_other(client, kms, keyring, master_key_provider):
    arn, other = (kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    provider = master_key_provider(arn)
    sealed, _ = client.encrypt(source=PLAINTEXT, key_provider=provider, encryption_context=CONTEXT)
    opened, header = client.decrypt(source=sealed, key_provider=provider)
    assert opened == PLAINTEXT
    assert CONTEXT.items() <= header.encryption_context.items()
    assert client.decrypt(source=sealed, keyring=keyring(arn), encryption_context=CONTEXT)[0] == PLAINTEXT

    sealed, _ = client.encrypt(source=PLAINTEXT, keyring=keyring(arn), encryption_context=CONTEXT)
    assert client.decrypt(source=sealed, key_provider=provider)[0] == PLAINTEXT
    with pytest.raises(AWSEncryptionSDKClientError):
        client.decrypt(source=sealed, key_provider=master_key_provider(other))
    at = sealed.index(b"backup")
    with pytest.raises(AWSEncryptionSDKClientError):
        client.decrypt(source=sealed[:at] + b"Backup" + sealed[at + 6 :], key_provider=provider)


def test_data_keys_under_several_keys(kms, master_key_provider):
    """Each of them opens the message alone: GenerateDataKey under the first, Encrypt under the others."""
    client = aws_encryption_sdk.EncryptionSDKClient(max_encrypted_data_keys=3)
    arns = [kms.create_key()["KeyMetadata"]["Arn"] for _ in range(3)]
    provider = master_key_provider(*arns)
    sealed, header = client.encrypt(source=PLAINTEXT, key_provider=provider, encryption_context=CONTEXT)
    assert len(header.encrypted_data_keys) == 3
    for arn in arns:
        assert client.decrypt(source=io.BytesIO(sealed), key_provider=master_key_provider(arn))[0] == PLAINTEXT


@pytest.mark.parametrize("algorithm", ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"])
def test_the_rsa_keyring(client, kms, make_key, providers, algorithm):
    """Encrypts offline with GetPublicKey's key; only opening asks KMS."""
    key_id = make_key("RSA_2048", "ENCRYPT_DECRYPT")
    arn = kms.describe_key(KeyId=key_id)["KeyMetadata"]["Arn"]
    keyring = providers.create_aws_kms_rsa_keyring(
        CreateAwsKmsRsaKeyringInput(
            kms_key_id=arn,
            encryption_algorithm=algorithm,
            kms_client=kms,
            public_key=public_key(kms, key_id).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        )
    )
    sealed, _ = client.encrypt(
        source=PLAINTEXT,
        keyring=keyring,
        encryption_context=CONTEXT,
        algorithm=AlgorithmSuite.AES_256_GCM_HKDF_SHA512_COMMIT_KEY,
    )
    assert client.decrypt(source=sealed, keyring=keyring, encryption_context=CONTEXT)[0] == PLAINTEXT


@pytest.mark.parametrize("spec", ["ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521"])
def test_the_ecdh_keyring(client, kms, make_key, providers, spec):
    """Two keys agree on the wrapping key; what one side seals, the other opens."""
    arns = [kms.describe_key(KeyId=make_key(spec, "KEY_AGREEMENT"))["KeyMetadata"]["Arn"] for _ in range(2)]

    def keyring(own, peer):
        scheme = KmsPrivateKeyToStaticPublicKeyInput(
            sender_kms_identifier=own, recipient_public_key=kms.get_public_key(KeyId=peer)["PublicKey"]
        )
        return providers.create_aws_kms_ecdh_keyring(
            CreateAwsKmsEcdhKeyringInput(
                curve_spec=spec,
                kms_client=kms,
                key_agreement_scheme=KmsEcdhStaticConfigurationsKmsPrivateKeyToStaticPublicKey(scheme),
            )
        )

    sealed, _ = client.encrypt(source=PLAINTEXT, keyring=keyring(*arns), encryption_context=CONTEXT)
    for own, peer in arns, reversed(arns):
        opened, _ = client.decrypt(source=sealed, keyring=keyring(own, peer), encryption_context=CONTEXT)
        assert opened == PLAINTEXT
