"""The bytes on the wire: headers, order of members, dates, errors, STS's XML, connections."""

import base64
import email.utils
import json
import re
import shutil
import subprocess
import uuid

import botocore.session
import pytest
from wire import DEFAULT_ACCOUNT, JSON, Wire

MODEL = botocore.session.get_session().get_service_model("kms")


def in_model_order(shape, value):
    """Every structure's members come in the order of the service model."""
    if shape.type_name == "structure":
        names = list(shape.members)
        assert list(value) == [name for name in names if name in value], shape.name
        return all(in_model_order(shape.members[name], member) for name, member in value.items())
    if shape.type_name == "list":
        return all(in_model_order(shape.member, member) for member in value)
    return True


def java_double(seconds):
    """Epoch seconds as Java's Double.toString prints them: 1790597408.399 is 1.790597408399E9."""
    digits = repr(seconds).replace(".", "")
    return f"{digits[0]}.{digits[1:].rstrip('0') or '0'}E9"


def test_headers_of_a_success(wire):
    answer = wire.call("CreateKey")
    headers = {name.lower(): value for name, value in answer.headers.items()}
    assert headers["content-type"] == JSON
    assert headers["cache-control"] == "no-cache, no-store, must-revalidate, private"
    assert (headers["expires"], headers["pragma"]) == ("0", "no-cache")
    assert int(headers["content-length"]) == len(answer.body)
    assert email.utils.parsedate_to_datetime(headers["date"]).tzname() == "UTC"
    request_id = headers["x-amzn-requestid"]
    assert str(uuid.UUID(request_id)) == request_id
    assert wire.call("ListKeys").headers["x-amzn-RequestId"] != request_id
    assert "transfer-encoding" not in headers and "x-amzn-errortype" not in headers


def test_the_body_of_create_key(wire, account):
    """Member for member and byte for byte what AWS was recorded to send, but for ids and date."""
    body = wire.call("CreateKey", {"Description": "größer"}).body.decode()
    date, key_id, material = (
        re.search(pattern, body)[1]
        for pattern in (r'"CreationDate":([^,]+),', r'"KeyId":"([^"]+)"', r'"CurrentKeyMaterialId":"([0-9a-f]{64})"')
    )
    assert str(uuid.UUID(key_id)) == key_id
    assert date == java_double(float(date))
    assert body == (
        f'{{"KeyMetadata":{{"AWSAccountId":"{account}","KeyId":"{key_id}",'
        f'"Arn":"arn:aws:kms:us-east-1:{account}:key/{key_id}","CreationDate":{date},"Enabled":true,'
        '"Description":"größer","KeyUsage":"ENCRYPT_DECRYPT","KeyState":"Enabled","Origin":"AWS_KMS",'
        '"KeyManager":"CUSTOMER","CustomerMasterKeySpec":"SYMMETRIC_DEFAULT","KeySpec":"SYMMETRIC_DEFAULT",'
        f'"EncryptionAlgorithms":["SYMMETRIC_DEFAULT"],"MultiRegion":false,"CurrentKeyMaterialId":"{material}"}}}}'
    )


def test_every_answer_is_compact_and_in_model_order(wire, key):
    name = {"KeyId": key["KeyId"]}
    blob = wire.ok("Encrypt", name | {"Plaintext": "eA=="})["CiphertextBlob"]
    wire.ok("CreateAlias", {"AliasName": "alias/order", "TargetKeyId": key["KeyId"]})
    wire.ok("TagResource", name | {"Tags": [{"TagKey": "k", "TagValue": "v"}]})
    calls = {
        "DescribeKey": name,
        "ListKeys": {"Limit": 1},
        "Encrypt": name | {"Plaintext": "eA=="},
        "Decrypt": {"CiphertextBlob": blob},
        "ReEncrypt": {"CiphertextBlob": blob, "DestinationKeyId": key["KeyId"]},
        "GenerateDataKey": name | {"KeySpec": "AES_128"},
        "GenerateDataKeyWithoutPlaintext": name | {"KeySpec": "AES_128"},
        "GenerateRandom": {"NumberOfBytes": 5},
        "ListAliases": name,
        "ListResourceTags": name,
        "GetKeyPolicy": name,
        "ListKeyPolicies": name,
        "ScheduleKeyDeletion": name,
        "CancelKeyDeletion": name,
    }
    for operation, payload in calls.items():
        answer = wire.call(operation, payload)
        assert answer.status == 200, answer
        assert answer.json and in_model_order(MODEL.operation_model(operation).output_shape, answer.json)
        assert None not in answer.json.values(), "absent members are left out"
        dates = re.compile(r'(Date":)([^,}]+)')
        plain = dates.sub(r"\g<1>0", answer.body.decode())
        assert plain == json.dumps(json.loads(plain), separators=(",", ":"), ensure_ascii=False)
        for date in dates.findall(answer.body.decode()):
            assert date[1] == java_double(float(date[1]))


def test_operations_without_output_answer_an_empty_body(wire, key):
    name = {"KeyId": key["KeyId"]}
    calls = [
        ("DisableKey", name),
        ("EnableKey", name),
        ("UpdateKeyDescription", name | {"Description": "x"}),
        ("TagResource", name | {"Tags": [{"TagKey": "k", "TagValue": "v"}]}),
        ("UntagResource", name | {"TagKeys": ["k"]}),
        ("CreateAlias", {"AliasName": "alias/void", "TargetKeyId": key["KeyId"]}),
        ("UpdateAlias", {"AliasName": "alias/void", "TargetKeyId": key["KeyId"]}),
        ("DeleteAlias", {"AliasName": "alias/void"}),
        ("PutKeyPolicy", name | {"Policy": wire.ok("GetKeyPolicy", name)["Policy"]}),
    ]
    for operation, payload in calls:
        answer = wire.call(operation, payload)
        assert (answer.status, answer.body, answer.headers["Content-Length"]) == (200, b"", "0"), operation
        assert answer.headers["x-amzn-RequestId"]


def test_the_default_key_policy(wire, key, account):
    answer = wire.ok("GetKeyPolicy", {"KeyId": key["KeyId"]})
    assert answer["PolicyName"] == "default"
    assert answer["Policy"] == (
        '{\n  "Version" : "2012-10-17",\n  "Id" : "key-default-1",\n  "Statement" : [ {\n'
        '    "Sid" : "Enable IAM User Permissions",\n    "Effect" : "Allow",\n    "Principal" : {\n'
        f'      "AWS" : "arn:aws:iam::{account}:root"\n    }},\n'
        '    "Action" : "kms:*",\n    "Resource" : "*"\n  } ]\n}'
    )


def test_an_error_with_a_message(wire):
    answer = wire.call("DescribeKey", {"KeyId": "é"})
    assert answer.status == 400
    assert answer.body.decode() == '{"__type":"NotFoundException","message":"Invalid keyId \'é\'"}'
    assert answer.headers["Content-Type"] == JSON
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    assert uuid.UUID(answer.headers["x-amzn-RequestId"])
    assert answer.headers["Date"] and answer.headers["x-amzn-errortype"] is None


def test_an_error_without_a_message(wire):
    blob = base64.b64encode(b"rubbish").decode()
    assert wire.call("Decrypt", {"CiphertextBlob": blob}).body == b'{"__type":"InvalidCiphertextException"}'
    assert wire.call("ListKeys", {"Marker": "garbage"}).body == b'{"__type":"InvalidMarkerException"}'


FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}


def test_get_caller_identity(wire, account):
    answer = wire.post(b"Action=GetCallerIdentity&Version=2011-06-15", FORM, "sts")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/xml")
    assert answer.body.decode() == (
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">\n'
        "  <GetCallerIdentityResult>\n"
        f"    <Arn>arn:aws:iam::{account}:root</Arn>\n"
        f"    <UserId>{account}</UserId>\n"
        f"    <Account>{account}</Account>\n"
        "  </GetCallerIdentityResult>\n"
        "  <ResponseMetadata>\n"
        f"    <RequestId>{answer.headers['x-amzn-RequestId']}</RequestId>\n"
        "  </ResponseMetadata>\n"
        "</GetCallerIdentityResponse>\n"
    )


def test_an_error_in_xml(wire):
    answer = wire.post(b"Action=Nothing&Version=2011-06-15", FORM, "sts")
    assert answer.headers["Content-Type"] == "text/xml"
    for part in (
        "<ErrorResponse xmlns=",
        "<Type>Sender</Type>",
        f"<RequestId>{answer.headers['x-amzn-RequestId']}</RequestId>",
    ):
        assert part in answer.body.decode()


@pytest.mark.own
@pytest.mark.parametrize("path", ["/_trent/health", "/_localstack/health"])
def test_health(wire, path):
    answer = wire.send("GET", path)
    assert (answer.status, answer.headers.get_content_type()) == (200, "application/json")
    assert {"kms", "sts"} <= set(answer.json["services"])
    assert answer.json["version"]
    [uptime] = [value for name, value in answer.json.items() if name.startswith("uptime")]
    assert uptime >= 0


def test_one_connection_serves_many_requests(wire):
    """Also across refusals: an error is no reason to hang up."""
    wire.ok("ListKeys")
    port = wire.connection.sock.getsockname()
    for payload in {"KeyId": "x"}, {}, {"KeyId": 7}, {"KeyId": ""}:
        assert wire.call("DescribeKey", payload).status == 400
        wire.ok("ListKeys")
        assert wire.connection.sock.getsockname() == port


def curl(*arguments):
    return subprocess.run(
        ["curl", "-sS", "--noproxy", "*", *arguments], capture_output=True, text=True, timeout=30, check=True
    ).stdout


def test_http2_with_prior_knowledge(endpoint):
    if not shutil.which("curl") or "HTTP2" not in curl("--version"):
        pytest.skip("no curl that speaks HTTP/2")
    headers = ["-H", "X-Amz-Target: TrentService.GenerateRandom", "-H", f"Content-Type: {JSON}"]
    said = curl("--http2-prior-knowledge", *headers, "-d", '{"NumberOfBytes":3}', "-w", " %{http_version}", endpoint)
    assert re.fullmatch(r'\{"Plaintext":"[A-Za-z0-9+/]{4}"\} 2', said)


def test_without_credentials_it_is_the_default_account(endpoint):
    anonymous = Wire(endpoint, DEFAULT_ACCOUNT)
    headers = {"X-Amz-Target": "TrentService.CreateKey", "Content-Type": JSON}
    arn = anonymous.send("POST", "/", b"{}", headers).json["KeyMetadata"]["Arn"]
    assert arn.startswith(f"arn:aws:kms:us-east-1:{DEFAULT_ACCOUNT}:key/")
    assert anonymous.ok("DescribeKey", {"KeyId": arn})["KeyMetadata"]["Arn"] == arn
