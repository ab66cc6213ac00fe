"""Accounts with users and roles, clients that call as these, and what AWS says to whom it denies."""

import json

import boto3
from botocore.config import Config

SECRET = b"secret"
# What the guide gives to users of a key.
USE = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]

ONCE = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=30)


def allow(action, resource="*", **more):
    """A statement; `Principal`, `Condition` and the like are more."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action, resource="*", **more):
    return allow(action, resource, **more) | {"Effect": "Deny"}


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


class Principal:
    """Somebody who calls: by ARN, with credentials as CreateAccessKey and AssumeRole answer them."""

    def __init__(self, url, arn, credentials):
        self.url, self.arn, self.credentials = url, arn, credentials
        self.kms = self.client("kms")

    def client(self, service, *, region="us-east-1", **how):
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=self.credentials["AccessKeyId"],
            aws_secret_access_key=self.credentials["SecretAccessKey"],
            aws_session_token=self.credentials.get("SessionToken"),
            config=ONCE,
            **how,
        )


class Account(Principal):
    """An account, calling as its root user, who makes the others."""

    def __init__(self, url, account, credentials=None):
        credentials = credentials or {"AccessKeyId": account, "SecretAccessKey": "secret"}
        super().__init__(url, f"arn:aws:iam::{account}:root", credentials)
        self.id, self.iam = account, self.client("iam")

    def user(self, name, *statements):
        """A user whose identity policy has these statements, if any."""
        arn = self.iam.create_user(UserName=name)["User"]["Arn"]
        credentials = self.iam.create_access_key(UserName=name)["AccessKey"]
        if statements:
            self.may(f"user/{name}", *statements)
        return Principal(self.url, arn, credentials)

    def role(self, name, *statements):
        """The ARN of a role that everybody in the account may assume."""
        trust = allow("sts:AssumeRole", Principal={"AWS": self.id})
        del trust["Resource"]
        role = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))["Role"]
        if statements:
            self.may(f"role/{name}", *statements)
        return role["Arn"]

    def may(self, who, *statements):
        """Gives `user/NAME` or `role/NAME` an identity policy of these statements instead of what it had."""
        kind, name = who.split("/")
        named = {f"{kind.title()}Name": name, "PolicyName": "own"}
        if statements:
            getattr(self.iam, f"put_{kind}_policy")(**named, PolicyDocument=document(*statements))
        else:
            getattr(self.iam, f"delete_{kind}_policy")(**named)

    def key(self, *statements, **request):
        """The ARN of a key with a policy of these statements; without, with the default policy."""
        if statements:
            request |= {"Policy": document(*statements), "BypassPolicyLockoutSafetyCheck": True}
        return self.kms.create_key(**request)["KeyMetadata"]["Arn"]

    def set_policy(self, key, *statements):
        self.kms.put_key_policy(KeyId=key, Policy=document(*statements), BypassPolicyLockoutSafetyCheck=True)


def session(user, role, name="s1", **request):
    """A session of a role, which the user assumes."""
    assumed = user.client("sts").assume_role(RoleArn=role, RoleSessionName=name, **request)
    return Principal(user.url, assumed["AssumedRoleUser"]["Arn"], assumed["Credentials"])


# AWS's sentences

# What they call a key policy.
KEY_POLICY = "resource-based policy"


def no_allow(who, action, resource, layer="identity-based policy"):
    """Nothing in this layer allows."""
    return denied(
        f"User: {who.arn} is not authorized to perform: kms:{action} on resource: {resource} "
        f"because no {layer} allows the kms:{action} action"
    )


def explicit_deny(who, action, resource, layer):
    article = "an" if layer.startswith("identity") else "a"
    return denied(
        f"User: {who.arn} is not authorized to perform: kms:{action} on resource: {resource} "
        f"with an explicit deny in {article} {layer}"
    )


def closed_to(who, action):
    """The key is another account's, which lets nobody know whether it is there."""
    return denied(
        f"User: {who.arn} is not authorized to perform: kms:{action} on this resource because the resource does not "
        "exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies "
        "access"
    )


CLOSED_CIPHERTEXT = (
    "AccessDeniedException",
    "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not "
    "allowed to access.",
)


def denied(message):
    return "AccessDeniedException", message


# What Trent tells of a denial


def statement(decision, sid):
    """What the denial's explanation tells of the statement."""
    policies = decision["explanation"]["policies"]
    [found] = [one for policy in policies for one in policy["statements"] if one.get("sid") == sid]
    return found


def failed_condition(operator, key, expected, actual):
    return {"condition": {"operator": operator, "key": key, "expected": expected, "actual": actual}}
