"""Lives of keys, told as stories over months, which the clock makes pass at once.

Each story has an emulator of its own, with a clock that stands still until the story turns it.
"""

import os
from datetime import UTC, datetime, timedelta
from unittest.mock import ANY

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_der_public_key
from emulator import require_binary
from sdk import refusal
from test_clock import Clockwork

pytestmark = pytest.mark.own

OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), label=None)


class World(Clockwork):
    def now(self):
        return moment(self.ask()[1])

    def pass_time(self, by):
        """Lets time pass, such as "31d"; gives the moment that it is then."""
        return moment(self.turn("/advance", by=by))

    def wait_until(self, date):
        return moment(self.turn("/set", to=date))


def moment(shown):
    return datetime.fromisoformat(shown["now"])


@pytest.fixture
def world(tmp_path):
    require_binary()
    world = World(tmp_path / "state")
    world.turn("/freeze")
    yield world
    world.stop()


@pytest.fixture
def kms(world):
    return world.client()


def encrypt(kms, key, plaintext):
    return kms.encrypt(KeyId=key, Plaintext=plaintext)["CiphertextBlob"]


def decrypt(kms, blob):
    return kms.decrypt(CiphertextBlob=blob)["Plaintext"]


def describe(kms, key):
    return kms.describe_key(KeyId=key)["KeyMetadata"]


def state(kms, key):
    return describe(kms, key)["KeyState"]


def materials(kms, key):
    """What ListKeyRotations tells of all of a key's materials."""
    return kms.list_key_rotations(KeyId=key, IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]


class Importer:
    """Imports material into a key in a Region, under parameters that were handed out when it was made."""

    def __init__(self, kms, key):
        self.kms, self.key = kms, key
        self.parameters = kms.get_parameters_for_import(
            KeyId=key, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048"
        )

    def request(self, material, until=None, **more):
        expiry = {"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}
        if until:
            expiry = {"ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": until}
        wrapped = load_der_public_key(self.parameters["PublicKey"]).encrypt(material, OAEP)
        token = self.parameters["ImportToken"]
        return {"KeyId": self.key, "ImportToken": token, "EncryptedKeyMaterial": wrapped} | expiry | more

    def brings(self, material, **more):
        return self.kms.import_key_material(**self.request(material, **more))["KeyMaterialId"]

    def is_refused(self, material, **more):
        return refusal(self.kms.import_key_material, **self.request(material, **more))


def test_a_year_of_rotation(world, kms):
    """Every quarter brings new material, an incident in May one more; nothing that was encrypted is ever lost."""
    began = world.wait_until("2027-01-01T00:00:00Z")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
    reports = {"the year before": encrypt(kms, key, b"the year before")}
    for quarter in range(1, 5):
        status = kms.get_key_rotation_status(KeyId=key)
        assert status["NextRotationDate"] == began + timedelta(days=90 * quarter)
        if quarter == 2:
            world.pass_time("40d")
            kms.rotate_key_on_demand(KeyId=key)
            assert kms.get_key_rotation_status(KeyId=key) == {
                **status,
                "OnDemandRotationStartDate": world.now(),
                "ResponseMetadata": ANY,
            }
            world.pass_time("50d")
        else:
            world.pass_time("90d")
        name = f"quarter {quarter}"
        reports[name] = encrypt(kms, key, name.encode())

    rotations = kms.list_key_rotations(KeyId=key)["Rotations"]
    kinds = [rotation["RotationType"] for rotation in rotations]
    assert kinds == ["AUTOMATIC", "ON_DEMAND", "AUTOMATIC", "AUTOMATIC", "AUTOMATIC"]
    automatic = [rotation["RotationDate"] for rotation in rotations if rotation["RotationType"] == "AUTOMATIC"]
    assert automatic == [began + timedelta(days=90 * quarter) for quarter in range(1, 5)]

    ids = [material["KeyMaterialId"] for material in materials(kms, key)]
    assert len(set(ids)) == 6
    assert ids[1:] == [rotation["KeyMaterialId"] for rotation in rotations]
    assert describe(kms, key)["CurrentKeyMaterialId"] == ids[-1]
    for (name, blob), material in zip(reports.items(), [ids[0], ids[1], *ids[3:]], strict=True):
        opened = kms.decrypt(CiphertextBlob=blob)
        assert (opened["Plaintext"], opened["KeyMaterialId"]) == (name.encode(), material)

    moved = kms.re_encrypt(CiphertextBlob=reports["the year before"], DestinationKeyId=key)
    assert (moved["SourceKeyMaterialId"], moved["DestinationKeyMaterialId"]) == (ids[0], ids[-1])
    assert decrypt(kms, moved["CiphertextBlob"]) == b"the year before"

    kms.disable_key_rotation(KeyId=key)
    world.pass_time("365d")
    assert len(kms.list_key_rotations(KeyId=key)["Rotations"]) == 5


def test_a_lost_replica(world, kms):
    """Europe's replica is deleted by mistake, America moves its primary, and Europe gets its key back."""
    ireland, oregon = world.client(region="eu-west-1"), world.client(region="us-west-2")
    key = kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    made = kms.replicate_key(KeyId=key, ReplicaRegion="eu-west-1", Description="Europe's")["ReplicaKeyMetadata"]
    arn = made["Arn"]
    assert made["KeyState"] == "Creating"
    assert refusal(ireland.encrypt, KeyId=key, Plaintext=b"x") == ("KMSInvalidStateException", f"{arn} is creating.")
    world.pass_time("5s")
    assert state(ireland, key) == "Enabled"
    ireland.create_alias(AliasName="alias/orders", TargetKeyId=key)
    order = encrypt(ireland, "alias/orders", b"an order")

    ireland.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert refusal(kms.replicate_key, KeyId=key, ReplicaRegion="eu-west-1")[0] == "AlreadyExistsException"
    world.pass_time("7d")
    assert refusal(ireland.describe_key, KeyId=key) == ("NotFoundException", f"Key '{arn}' does not exist")
    assert refusal(ireland.decrypt, CiphertextBlob=order)[0] == "AccessDeniedException"
    assert refusal(ireland.describe_key, KeyId="alias/orders")[0] == "NotFoundException"
    assert ireland.list_keys()["Keys"] == []
    assert describe(kms, key)["MultiRegionConfiguration"]["ReplicaKeys"] == []
    assert decrypt(kms, order) == b"an order"

    kms.replicate_key(KeyId=key, ReplicaRegion="us-west-2")
    world.pass_time("5s")
    kms.update_primary_region(KeyId=key, PrimaryRegion="us-west-2")
    for client, role in (kms, "REPLICA"), (oregon, "PRIMARY"):
        metadata = describe(client, key)
        assert (metadata["KeyState"], metadata["Enabled"]) == ("Updating", False)
        assert metadata["MultiRegionConfiguration"]["MultiRegionKeyType"] == role
        assert decrypt(client, order) == b"an order"
    world.pass_time("5s")
    assert refusal(kms.replicate_key, KeyId=key, ReplicaRegion="eu-west-1")[0] == "UnsupportedOperationException"

    again = oregon.replicate_key(KeyId=key, ReplicaRegion="eu-west-1")["ReplicaKeyMetadata"]
    assert (again["Arn"], again["Description"]) == (arn, "")
    world.pass_time("5s")
    assert decrypt(ireland, order) == b"an order"
    assert refusal(ireland.describe_key, KeyId="alias/orders")[0] == "NotFoundException"
    places = describe(ireland, key)["MultiRegionConfiguration"]
    assert places["PrimaryKey"]["Region"] == "us-west-2"
    assert [replica["Region"] for replica in places["ReplicaKeys"]] == ["eu-west-1", "us-east-1"]


def test_an_import_that_expires_on_a_weekend(world, kms):
    """Nobody sees the date; on Monday nothing opens until the same material is brought again."""
    world.wait_until("2027-01-08T16:00:00Z")
    sunday = datetime(2027, 1, 10, 12, tzinfo=UTC)
    material = os.urandom(32)
    key = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["Arn"]
    assert state(kms, key) == "PendingImport"
    friday = Importer(kms, key)
    name = friday.brings(material, until=sunday)
    metadata = describe(kms, key)
    assert (metadata["KeyState"], metadata["ValidTo"]) == ("Enabled", sunday)
    blob = encrypt(kms, key, b"payroll")

    world.wait_until("2027-01-10T11:59:59Z")
    assert decrypt(kms, blob) == b"payroll"
    world.pass_time("1s")
    pending = ("KMSInvalidStateException", f"{key} is pending import.")
    assert refusal(kms.decrypt, CiphertextBlob=blob) == pending

    world.wait_until("2027-01-11T09:00:00Z")
    metadata = describe(kms, key)
    assert (metadata["KeyState"], metadata["CurrentKeyMaterialId"]) == ("PendingImport", name)
    assert not {"ValidTo", "ExpirationModel"} & set(metadata)
    assert refusal(kms.encrypt, KeyId=key, Plaintext=b"x") == pending
    assert refusal(kms.enable_key, KeyId=key) == pending

    assert friday.is_refused(material)[0] == "ExpiredImportTokenException"
    monday = Importer(kms, key)
    assert monday.is_refused(os.urandom(32)) == (
        "IncorrectKeyMaterialException",
        f"Imported key material does not have the expected identifier ({name}).",
    )
    assert monday.brings(material) == name
    assert describe(kms, key)["ExpirationModel"] == "KEY_MATERIAL_DOES_NOT_EXPIRE"
    world.pass_time("3650d")
    assert decrypt(kms, blob) == b"payroll"


def test_a_deletion_cancelled_on_the_last_day(world, kms):
    """Of two keys that were to be deleted, somebody misses one just in time."""
    keys = [kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2)]
    saved, lost = keys
    blobs = [encrypt(kms, key, b"the archive") for key in keys]
    for name, key in ("alias/saved", saved), ("alias/lost", lost):
        kms.create_alias(AliasName=name, TargetKeyId=key)
        kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
    world.pass_time("80d")
    due = [kms.schedule_key_deletion(KeyId=key)["DeletionDate"] for key in keys]
    assert due == [world.now() + timedelta(days=30)] * 2

    world.pass_time("29d")
    world.pass_time("23h")
    for key, blob in zip(keys, blobs, strict=True):
        assert describe(kms, key)["DeletionDate"] == due[0]
        pending = ("KMSInvalidStateException", f"{key} is pending deletion.")
        assert refusal(kms.decrypt, CiphertextBlob=blob) == pending
        assert refusal(kms.schedule_key_deletion, KeyId=key) == pending
        assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False
    assert kms.cancel_key_deletion(KeyId=saved)["KeyId"] == saved
    metadata = describe(kms, saved)
    assert metadata["KeyState"] == "Disabled" and "DeletionDate" not in metadata
    assert refusal(kms.decrypt, CiphertextBlob=blobs[0]) == ("DisabledException", f"{saved} is disabled.")

    world.pass_time("1h")
    assert refusal(kms.describe_key, KeyId=lost) == ("NotFoundException", f"Key '{lost}' does not exist")
    assert refusal(kms.cancel_key_deletion, KeyId=lost)[0] == "NotFoundException"
    assert refusal(kms.decrypt, CiphertextBlob=blobs[1])[0] == "AccessDeniedException"
    assert [key["KeyArn"] for key in kms.list_keys()["Keys"]] == [saved]
    assert refusal(kms.describe_key, KeyId="alias/lost")[0] == "NotFoundException"

    # The rotation that fell due meanwhile takes place as soon as the key works again.
    assert kms.list_key_rotations(KeyId=saved)["Rotations"] == []
    kms.enable_key(KeyId=saved)
    assert decrypt(kms, blobs[0]) == b"the archive"
    [rotation] = kms.list_key_rotations(KeyId=saved)["Rotations"]
    assert (rotation["RotationType"], rotation["RotationDate"]) == ("AUTOMATIC", world.now())
    world.pass_time("365d")
    assert describe(kms, "alias/saved")["KeyState"] == "Enabled"
    assert decrypt(kms, blobs[0]) == b"the archive"


def test_an_external_multi_region_key_is_rotated(world, kms):
    """New material is brought to each Region before it can be used in any."""
    tokyo = world.client(region="ap-northeast-1")
    key = kms.create_key(Origin="EXTERNAL", MultiRegion=True)["KeyMetadata"]["KeyId"]
    old, new = os.urandom(32), os.urandom(32)
    old_id = Importer(kms, key).brings(old)
    kms.replicate_key(KeyId=key, ReplicaRegion="ap-northeast-1")
    world.pass_time("5s")
    metadata = describe(tokyo, key)
    assert (metadata["KeyState"], metadata["CurrentKeyMaterialId"]) == ("PendingImport", old_id)
    assert Importer(tokyo, key).is_refused(new)[0] == "IncorrectKeyMaterialException"
    assert Importer(tokyo, key).brings(old) == old_id
    before = encrypt(tokyo, key, b"before")

    new_id = Importer(kms, key).brings(new, ImportType="NEW_KEY_MATERIAL", KeyMaterialDescription="material of 2027")
    assert states(kms, key) == {old_id: "CURRENT", new_id: "PENDING_MULTI_REGION_IMPORT_AND_ROTATION"}
    assert refusal(kms.rotate_key_on_demand, KeyId=key) == (
        "KMSInvalidStateException",
        "Cannot perform key material rotation: Key material has not been imported for replicas of the Multi-Region key.",
    )
    assert Importer(tokyo, key).brings(new) == new_id
    assert states(kms, key) == {old_id: "CURRENT", new_id: "PENDING_ROTATION"}
    assert refusal(tokyo.rotate_key_on_demand, KeyId=key)[0] == "UnsupportedOperationException"
    kms.rotate_key_on_demand(KeyId=key)
    assert describe(kms, key)["CurrentKeyMaterialId"] == old_id
    world.pass_time("5s")

    for client in kms, tokyo:
        assert states(client, key) == {old_id: "NON_CURRENT", new_id: "CURRENT"}
        assert describe(client, key)["CurrentKeyMaterialId"] == new_id
    after = encrypt(kms, key, b"after")
    for client in kms, tokyo:
        assert (decrypt(client, before), decrypt(client, after)) == (b"before", b"after")

    # What is deleted in one Region is missing there, and nowhere else.
    tokyo.delete_imported_key_material(KeyId=key, KeyMaterialId=old_id)
    assert (state(tokyo, key), state(kms, key)) == ("PendingImport", "Enabled")
    for blob in before, after:
        assert refusal(tokyo.decrypt, CiphertextBlob=blob)[0] == "KMSInvalidStateException"
    assert decrypt(kms, before) == b"before"
    assert Importer(tokyo, key).brings(old) == old_id
    assert decrypt(tokyo, before) == b"before"


def states(kms, key):
    return {material["KeyMaterialId"]: material["KeyMaterialState"] for material in materials(kms, key)}


def test_an_alias_is_taken_over_when_its_key_dies(world, kms):
    """One application moves before its key is gone, the other has to be given its name again."""
    old, new = [kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2)]
    for name in "alias/shop", "alias/blog":
        kms.create_alias(AliasName=name, TargetKeyId=old)
    blob = encrypt(kms, "alias/blog", b"a draft")
    kms.schedule_key_deletion(KeyId=old, PendingWindowInDays=7)

    kms.update_alias(AliasName="alias/shop", TargetKeyId=new)
    assert describe(kms, "alias/shop")["Arn"] == new
    pending = ("KMSInvalidStateException", f"{old} is pending deletion.")
    assert refusal(kms.update_alias, AliasName="alias/shop", TargetKeyId=old) == pending
    assert refusal(kms.create_alias, AliasName="alias/third", TargetKeyId=old) == pending
    assert refusal(kms.encrypt, KeyId="alias/blog", Plaintext=b"x") == pending
    taken = refusal(kms.create_alias, AliasName="alias/blog", TargetKeyId=new)
    assert taken[0] == "AlreadyExistsException"

    world.pass_time("7d")
    assert refusal(kms.describe_key, KeyId="alias/blog")[0] == "NotFoundException"
    own = [alias["AliasName"] for alias in kms.list_aliases(KeyId=new)["Aliases"]]
    assert own == ["alias/shop"]
    kms.create_alias(AliasName="alias/blog", TargetKeyId=new)
    assert describe(kms, "alias/blog")["Arn"] == new
    assert decrypt(kms, encrypt(kms, "alias/blog", b"another draft")) == b"another draft"
    for name in "alias/blog", new:
        assert refusal(kms.decrypt, KeyId=name, CiphertextBlob=blob)[0] == "IncorrectKeyException"
    assert refusal(kms.decrypt, CiphertextBlob=blob)[0] == "AccessDeniedException"
