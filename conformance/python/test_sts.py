"""Sessions: boto3 becomes somebody else and acts on KMS as that."""

import json
import time
import urllib.request

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from emulator import Emulator, require_binary
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from sdk import refusal

ISSUER = "https://idp.example/realms/one"


def policy(action, resource="*", *, effect="Allow", **more):
    return {"Effect": effect, "Action": action, **({"Resource": resource} if resource else {}), **more}


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def signed_in(endpoint, credentials, service):
    """A client with the credentials that an answer holds."""
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials.get("SessionToken"),
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.fixture
def user(connect):
    """A user who may do everything with STS, and its access key."""
    iam = connect("iam")
    iam.create_user(UserName="alice")
    iam.put_user_policy(UserName="alice", PolicyName="own", PolicyDocument=document(policy("sts:*")))
    return iam.create_access_key(UserName="alice")["AccessKey"]


@pytest.fixture
def make_role(connect, account):
    """Makes a role that trusts its account, and that may do this."""

    def make_role(name, *statements, **condition):
        trust = policy(["sts:AssumeRole", "sts:TagSession"], None, Principal={"AWS": account}, **condition)
        role = connect("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))["Role"]
        connect("iam").put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document(*statements))
        return role

    return make_role


def test_a_session_acts_on_kms_within_its_roles_permissions(endpoint, account, user, make_role, kms):
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    role = make_role("Crypto", policy(["kms:Encrypt", "kms:Decrypt"]))
    sts = signed_in(endpoint, user, "sts")
    assumed = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="s1")
    assert assumed["AssumedRoleUser"] == {
        "AssumedRoleId": f"{role['RoleId']}:s1",
        "Arn": f"arn:aws:sts::{account}:assumed-role/Crypto/s1",
    }
    credentials = assumed["Credentials"]
    assert abs(credentials["Expiration"].timestamp() - time.time() - 3600) < 60
    identity = signed_in(endpoint, credentials, "sts").get_caller_identity()
    assert (identity["Arn"], identity["Account"]) == (assumed["AssumedRoleUser"]["Arn"], account)

    mine = signed_in(endpoint, credentials, "kms")
    ciphertext = mine.encrypt(KeyId=key, Plaintext=b"secret")["CiphertextBlob"]
    assert mine.decrypt(CiphertextBlob=ciphertext)["Plaintext"] == b"secret"
    code, message = refusal(mine.create_key)
    assert code == "AccessDeniedException"
    assert message.startswith(f"User: {assumed['AssumedRoleUser']['Arn']} is not authorized to perform: kms:CreateKey")
    code, _ = refusal(signed_in(endpoint, user, "kms").encrypt, KeyId=key, Plaintext=b"secret")
    assert code == "AccessDeniedException"


def test_session_policies_and_tags_count(endpoint, user, make_role, kms):
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    tagged = {"StringEquals": {"aws:PrincipalTag/Team": "Red"}}
    role = make_role("Tagged", policy("kms:*", Condition=tagged))
    sts = signed_in(endpoint, user, "sts")

    def session(**request):
        credentials = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="s1", **request)["Credentials"]
        return signed_in(endpoint, credentials, "kms")

    red = [{"Key": "Team", "Value": "Red"}]
    session(Tags=red).describe_key(KeyId=key)
    assert refusal(session().describe_key, KeyId=key)[0] == "AccessDeniedException"
    limited = session(Tags=red, Policy=document(policy("kms:Encrypt")))
    limited.encrypt(KeyId=key, Plaintext=b"a")
    code, message = refusal(limited.describe_key, KeyId=key)
    assert code == "AccessDeniedException"
    assert message.endswith("because no session policy allows the kms:DescribeKey action")


def test_a_denial_names_neither_reason_nor_whether_the_role_exists(endpoint, account, user, make_role):
    sts = signed_in(endpoint, user, "sts")
    closed = make_role("Closed", policy("kms:*"), Condition={"StringEquals": {"sts:ExternalId": "secret"}})
    for arn in [closed["Arn"], f"arn:aws:iam::{account}:role/Missing"]:
        assert refusal(sts.assume_role, RoleArn=arn, RoleSessionName="s1") == (
            "AccessDenied",
            f"User: arn:aws:iam::{account}:user/alice is not authorized to perform: sts:AssumeRole on resource: {arn}",
        )
    sts.assume_role(RoleArn=closed["Arn"], RoleSessionName="s1", ExternalId="secret")


def test_a_federated_user_may_do_what_was_given(endpoint, account, connect, kms, user):
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    connect("iam").put_user_policy(UserName="alice", PolicyName="kms", PolicyDocument=document(policy("kms:*")))
    sts = signed_in(endpoint, user, "sts")
    given = sts.get_federation_token(Name="bob", Policy=document(policy("kms:Encrypt")))
    assert given["FederatedUser"]["Arn"] == f"arn:aws:sts::{account}:federated-user/bob"
    bob = signed_in(endpoint, given["Credentials"], "kms")
    bob.encrypt(KeyId=key, Plaintext=b"a")
    assert refusal(bob.describe_key, KeyId=key)[0] == "AccessDeniedException"
    again = signed_in(endpoint, given["Credentials"], "sts").get_session_token
    assert refusal(again) == ("AccessDenied", "Cannot call GetSessionToken with session credentials")


def test_credentials_name_their_account(endpoint, account, connect, user):
    sts = connect("sts")
    session = signed_in(endpoint, user, "sts").get_session_token()["Credentials"]
    for key in [user["AccessKeyId"], session["AccessKeyId"]]:
        assert sts.get_access_key_info(AccessKeyId=key)["Account"] == account


@pytest.mark.own
@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_an_identity_token_makes_a_session_without_credentials(tmp_path, algorithm):
    require_binary()
    key = {"RS256": lambda: RSAKey.generate_key(2048), "ES256": lambda: ECKey.generate_key("P-256")}[algorithm]()
    (tmp_path / "jwks.json").write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    (tmp_path / "trent.yaml").write_text(
        f"sts: {{ oidc_providers: [{{ issuer: {ISSUER}, jwks: {tmp_path / 'jwks.json'} }}] }}"
    )
    emulator = Emulator(tmp_path / "state", "--config", tmp_path / "trent.yaml")
    try:
        iam = emulator.client("iam")
        provider = iam.create_open_id_connect_provider(Url=ISSUER, ClientIDList=["app"], ThumbprintList=["a" * 40])
        host = ISSUER.removeprefix("https://")
        trust = policy(
            "sts:AssumeRoleWithWebIdentity",
            None,
            Principal={"Federated": provider["OpenIDConnectProviderArn"]},
            Condition={"StringEquals": {f"{host}:sub": "carol", f"{host}:aud": "app"}},
        )
        role = iam.create_role(RoleName="Web", AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
        iam.put_role_policy(RoleName="Web", PolicyName="own", PolicyDocument=document(policy("kms:*")))
        sts = boto3.client(
            "sts",
            endpoint_url=emulator.url,
            region_name="us-east-1",
            config=Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1}),
        )

        def request(**claims):
            claims = {"iss": ISSUER, "sub": "carol", "aud": "app", "exp": int(time.time()) + 60} | claims
            token = jwt.encode({"alg": algorithm}, claims, key)
            return {"RoleArn": role, "RoleSessionName": "s1", "WebIdentityToken": token}

        call = sts.assume_role_with_web_identity
        assumed = call(**request())
        assert assumed["SubjectFromWebIdentityToken"] == "carol"
        assert assumed["Provider"] == provider["OpenIDConnectProviderArn"]
        signed_in(emulator.url, assumed["Credentials"], "kms").create_key()
        for claims, code in [
            ({"sub": "mallory"}, "AccessDenied"),
            ({"aud": "other"}, "InvalidIdentityToken"),
            ({"exp": 1}, "ExpiredTokenException"),
        ]:
            assert refusal(call, **request(**claims))[0] == code
    finally:
        emulator.stop()


@pytest.mark.own
def test_a_session_ends_when_the_clock_says_so(tmp_path):
    require_binary()
    emulator = Emulator(tmp_path / "state")
    try:
        session = emulator.client("sts").get_session_token(DurationSeconds=900)["Credentials"]
        kms = signed_in(emulator.url, session, "kms")
        kms.list_keys()
        turn = urllib.request.Request(f"{emulator.url}/_trent/clock/advance", b'{"by": "15m"}')
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(turn, timeout=30).close()
        assert refusal(kms.list_keys)[0] == "ExpiredTokenException"
    finally:
        emulator.stop()
