"""Requests below the SDK: signed like theirs, but with any body, header or target that a test wants to send."""

import contextlib
import http.client
import json
from dataclasses import dataclass
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

JSON = "application/x-amz-json-1.1"
DEFAULT_ACCOUNT = "000000000000"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        """(code, message) of a JSON error; message is None where the member is absent.

        The code may carry a `namespace#` prefix and the message a capital M; test_wire.py looks at those.
        """
        body = self.json
        return body["__type"].rsplit("#", 1)[-1], body.get("message", body.get("Message"))


class Wire:
    """One keep-alive connection that speaks for one account in one Region."""

    def __init__(self, endpoint, account, region="us-east-1"):
        self.endpoint, self.account, self.region = endpoint, account, region
        address = urlsplit(endpoint)
        self.connection = http.client.HTTPConnection(address.hostname, address.port or 80, timeout=30)

    def call(self, operation, payload=None, *, service="kms", body=None, headers=None):
        """Sends `payload` as JSON, or the bytes of `body` untouched. A header whose value is None is left out."""
        if body is None:
            body = json.dumps({} if payload is None else payload).encode()
        wanted = {"Content-Type": JSON, "X-Amz-Target": f"TrentService.{operation}"} | (headers or {})
        return self.post(body, {k: v for k, v in wanted.items() if v is not None}, service)

    def post(self, body, headers, service):
        """Signs and sends `POST /`."""
        request = AWSRequest("POST", self.endpoint + "/", headers=headers, data=body)
        SigV4Auth(Credentials(self.account, "secret"), service, self.region).add_auth(request)
        return self.send("POST", "/", body, dict(request.headers))

    def send(self, method, path, body=None, headers=None):
        # A server may answer and hang up before it has read everything; the answer is there to be read.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.connection.request(method, path, body, headers or {})
        response = self.connection.getresponse()
        return Answer(response.status, response.headers, response.read())

    def ok(self, operation, payload=None):
        answer = self.call(operation, payload)
        assert answer.status == 200, answer
        return answer.json if answer.body else {}

    def refuses(self, operation, payload, code, *message, **how):
        """The call is answered with HTTP 400 and exactly `code` and `message`; without `message`, with none."""
        answer = self.call(operation, payload, **how)
        assert (answer.status, *answer.error) == (400, code, *(message or [None]))
        return answer
