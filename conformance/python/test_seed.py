"""Keys that exist from the start, and keys whose id and material the test chooses."""

import base64

import pytest
from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from emulator import Emulator, refusal_to_start, require_binary
from sdk import public_key, refusal

pytestmark = pytest.mark.own

PLAIN = "11111111-2222-4333-8444-555555555555"
ROTATED = "mrk-1234abcd12ab34cd56ef1234567890ab"
IMPORTED = "33333333-2222-4333-8444-555555555555"

SEED = f"""
keys:
  - id: {PLAIN}
    description: for tests
    material: 5cdaead27fe7da2de47945d73cd6d79e36494e73802f3cd3869f1d2cb0b5d7a9
    aliases: [alias/plain, alias/also-plain]
    tags: {{ made: by seed }}
    policy:
      Version: 2012-10-17
      Statement:
        - {{ Effect: Allow, Principal: {{ AWS: "*" }}, Action: "kms:*", Resource: "*" }}
  - id: {ROTATED}
    account: 111122223333
    region: eu-west-1
    material: "{"01" * 32}"
    older_materials: ["{"00" * 32}"]
    rotation: true
    rotation_period_days: 90
  - id: {IMPORTED}
    origin: EXTERNAL
"""

# The example of local-kms's documentation, with its keys.
LOCAL_KMS = """
Keys:
  Symmetric:
    Aes:
      - Metadata:
          KeyId: bc436485-5092-42b8-92a3-0aa8b93536dc
        BackingKeys:
          - 5cdaead27fe7da2de47945d73cd6d79e36494e73802f3cd3869f1d2cb0b5d7a9
  Asymmetric:
    Ecc:
      - Metadata:
          KeyId: 800d5768-3fd7-4edd-a4b8-4c81c3e4c147
          KeyUsage: SIGN_VERIFY
          Description: ECC key with curve secp256r1
        PrivateKeyPem: |
          -----BEGIN EC PRIVATE KEY-----
          MHcCAQEEIMnOrUrXr8rwne7d8f01cfwmpS/w+K7jcyWmmeLDgWKaoAoGCCqGSM49
          AwEHoUQDQgAEYNMBBZ3h1ipuph1iO5k+yLvTs94UN71quXN3f0P/tprs2Fp2FEas
          M7m7XZ2xlDK3wcEAs1QEIoQjjwnhcptQ6A==
          -----END EC PRIVATE KEY-----
Aliases:
  - AliasName: alias/testing
    TargetKeyId: bc436485-5092-42b8-92a3-0aa8b93536dc
"""


@pytest.fixture
def plant(tmp_path):
    """Starts an emulator with a seed file, in the place of the one before; plant(text, "state", TRENT_X=…)."""
    require_binary()
    emulators = []

    def plant(seed, state="state", **environment):
        for emulator in emulators:
            emulator.stop()
        (tmp_path / "seed.yaml").write_text(seed)
        emulators.append(Emulator(tmp_path / state, "--seed", tmp_path / "seed.yaml", **environment))
        return emulators[-1]

    yield plant
    for emulator in emulators:
        emulator.stop()


def default(emulator):
    return emulator.client(account="test")


def test_seeded_keys_are_there_and_work(plant):
    emulator = plant(SEED)
    kms = default(emulator)
    assert {key["KeyId"] for key in kms.list_keys()["Keys"]} == {PLAIN, IMPORTED}
    for name in "alias/plain", "alias/also-plain":
        key = kms.describe_key(KeyId=name)["KeyMetadata"]
        assert (key["Arn"], key["Description"]) == (f"arn:aws:kms:us-east-1:000000000000:key/{PLAIN}", "for tests")
    assert kms.list_resource_tags(KeyId=PLAIN)["Tags"] == [{"TagKey": "made", "TagValue": "by seed"}]
    assert '"AWS" : "*"' in kms.get_key_policy(KeyId=PLAIN)["Policy"]
    sealed = kms.encrypt(KeyId="alias/plain", Plaintext=b"hello")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"hello"
    assert kms.describe_key(KeyId=IMPORTED)["KeyMetadata"]["KeyState"] == "PendingImport"

    elsewhere = emulator.client(account="111122223333", region="eu-west-1")
    key = elsewhere.describe_key(KeyId=ROTATED)["KeyMetadata"]
    assert key["MultiRegionConfiguration"]["MultiRegionKeyType"] == "PRIMARY"
    assert elsewhere.get_key_rotation_status(KeyId=ROTATED)["RotationPeriodInDays"] == 90
    assert len(elsewhere.list_key_rotations(KeyId=ROTATED)["Rotations"]) == 1


def test_a_ciphertext_outlives_the_emulator_that_made_it(plant):
    """Whoever has the seed can read it; in another data directory, too."""
    sealed = default(plant(SEED, "first")).encrypt(KeyId=PLAIN, Plaintext=b"hello")["CiphertextBlob"]
    assert default(plant(SEED, "second")).decrypt(CiphertextBlob=sealed)["Plaintext"] == b"hello"


def test_rotated_material_opens_what_it_sealed(plant):
    def seed(*materials):
        *older, current = (f'"{material * 32}"' for material in materials)
        return f"keys: [{{ id: {PLAIN}, material: {current}, older_materials: [{', '.join(older)}] }}]"

    before = default(plant(seed("00"), "before"))
    sealed = before.encrypt(KeyId=PLAIN, Plaintext=b"hello")["CiphertextBlob"]
    after = default(plant(seed("00", "01"), "after"))
    assert after.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"hello"
    data_key = after.generate_data_key(KeyId=PLAIN, KeySpec="AES_256")
    assert data_key["KeyMaterialId"] == after.describe_key(KeyId=PLAIN)["KeyMetadata"]["CurrentKeyMaterialId"]
    assert refusal(default(plant(seed("01"), "without")).decrypt, CiphertextBlob=sealed)[0] == "AccessDeniedException"


def test_every_start_plants_and_changes_nothing_that_is_there(plant):
    kms = default(plant(SEED))
    made = kms.describe_key(KeyId=PLAIN)["KeyMetadata"]
    kms.update_key_description(KeyId=PLAIN, Description="mine")
    kms.delete_alias(AliasName="alias/also-plain")
    kms.untag_resource(KeyId=PLAIN, TagKeys=["made"])
    kms.schedule_key_deletion(KeyId=IMPORTED, PendingWindowInDays=7)

    kms = default(plant(SEED))
    key = kms.describe_key(KeyId=PLAIN)["KeyMetadata"]
    assert key == made | {"Description": "mine"}
    assert kms.list_resource_tags(KeyId=PLAIN)["Tags"] == []
    assert kms.describe_key(KeyId="alias/also-plain")["KeyMetadata"]["KeyId"] == PLAIN
    assert kms.describe_key(KeyId=IMPORTED)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    assert len(kms.list_keys()["Keys"]) == 2


def test_what_is_there_with_other_material_stops_the_start(plant, tmp_path):
    plant(SEED).stop()
    (tmp_path / "other.yaml").write_text(SEED.replace("5cda", "5cdb"))
    arn = f"arn:aws:kms:us-east-1:000000000000:key/{PLAIN}"
    where = f"{tmp_path / 'other.yaml'}:3: key {PLAIN}"
    told = refusal_to_start(tmp_path / "state", "--seed", tmp_path / "other.yaml")
    assert told == f"trent: {where}: {arn} exists, but with another material"


def test_a_seed_file_of_local_kms_is_read_as_it_is(plant):
    emulator = plant(LOCAL_KMS, KMS_ACCOUNT_ID="111122223333", KMS_REGION="eu-west-2")
    kms = emulator.client(account="111122223333", region="eu-west-2")
    sealed = kms.encrypt(KeyId="alias/testing", Plaintext=b"hello")
    assert sealed["KeyId"] == "arn:aws:kms:eu-west-2:111122223333:key/bc436485-5092-42b8-92a3-0aa8b93536dc"
    assert kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"])["Plaintext"] == b"hello"

    signer = "800d5768-3fd7-4edd-a4b8-4c81c3e4c147"
    pem = "\n".join(line.strip() for line in LOCAL_KMS.split("PrivateKeyPem: |")[1].split("Aliases:")[0].splitlines())
    ours = serialization.load_pem_private_key(pem.strip().encode(), None).public_key()
    assert public_key(kms, signer) == ours
    signed = kms.sign(KeyId=signer, SigningAlgorithm="ECDSA_SHA_256", Message=b"hello")
    ours.verify(signed["Signature"], b"hello", ec.ECDSA(hashes.SHA256()))


def tags(**tags):
    return [{"TagKey": key, "TagValue": value} for key, value in tags.items()]


def test_a_tag_chooses_the_id(kms, account):
    """As LocalStack has it: the tag stays."""
    made = kms.create_key(Tags=tags(_custom_id_=PLAIN))["KeyMetadata"]
    assert (made["KeyId"], made["Arn"]) == (PLAIN, f"arn:aws:kms:us-east-1:{account}:key/{PLAIN}")
    assert kms.list_resource_tags(KeyId=PLAIN)["Tags"] == tags(_custom_id_=PLAIN)
    twice = refusal(kms.create_key, Tags=tags(_custom_id_=PLAIN))
    assert twice == ("AlreadyExistsException", f"Key '{made['Arn']}' already exists")
    assert refusal(kms.create_key, Tags=tags(_custom_id_="my-key"))[0] == "ValidationException"


def test_a_tag_chooses_the_id_as_floci_has_it(kms):
    override = [{"TagKey": "floci:override-id", "TagValue": PLAIN}, *tags(kept="yes")]
    assert kms.create_key(Tags=override)["KeyMetadata"]["KeyId"] == PLAIN
    assert kms.list_resource_tags(KeyId=PLAIN)["Tags"] == tags(kept="yes")
    assert refusal(kms.tag_resource, KeyId=PLAIN, Tags=override)[0] == "ValidationException"


def test_a_tag_chooses_the_material(kms):
    """It is used as it is, and not shown again."""
    secret = bytes(range(32))
    made = kms.create_key(
        KeySpec="HMAC_256",
        KeyUsage="GENERATE_VERIFY_MAC",
        Tags=tags(_custom_key_material_=base64.b64encode(secret).decode()),
    )["KeyMetadata"]
    mac = kms.generate_mac(KeyId=made["KeyId"], MacAlgorithm="HMAC_SHA_256", Message=b"hello")["Mac"]
    expected = hmac.HMAC(secret, hashes.SHA256())
    expected.update(b"hello")
    assert mac == expected.finalize()
    assert kms.list_resource_tags(KeyId=made["KeyId"])["Tags"] == []


@pytest.mark.parametrize("form", [serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL])
def test_a_tag_chooses_a_private_key(kms, form):
    """RSA keys are longer than AWS lets the values of tags be."""
    key = rsa.generate_private_key(65537, 2048)
    der = key.private_bytes(serialization.Encoding.DER, form, serialization.NoEncryption())
    given = tags(_custom_key_material_=base64.b64encode(der).decode())
    made = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY", Tags=given)["KeyMetadata"]["KeyId"]
    assert public_key(kms, made) == key.public_key()
    signed = kms.sign(KeyId=made, SigningAlgorithm="RSASSA_PKCS1_V1_5_SHA_256", Message=b"hello")
    key.public_key().verify(signed["Signature"], b"hello", padding.PKCS1v15(), hashes.SHA256())
