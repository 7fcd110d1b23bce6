"""The few identity requests the tests need, signed as the contract wants, with nothing but the standard library."""

import base64
import hashlib
import hmac
import json
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from email.utils import formatdate

API_VERSION = "2023-10-01"


@dataclass
class Account:
    """A user and a token of this user."""

    user_id: str
    token: str


class IdentityAPI:
    """A server application's view: users and tokens, by access key."""

    def __init__(self, origin: str, access_key: str) -> None:
        self.origin = origin
        self.key = base64.b64decode(access_key)

    def create(self, scopes: tuple[str, ...] = ("voip",)) -> Account:
        answer = self._send("POST", "/identities", {"createTokenWithScopes": list(scopes)})
        return Account(answer["identity"]["id"], answer["accessToken"]["token"])

    def issue(self, user_id: str, scopes: tuple[str, ...] = ("voip",)) -> str:
        path = f"/identities/{urllib.parse.quote(user_id, safe='')}/:issueAccessToken"
        return self._send("POST", path, {"scopes": list(scopes)})["token"]

    def revoke(self, user_id: str) -> None:
        self._send("POST", f"/identities/{urllib.parse.quote(user_id, safe='')}/:revokeAccessTokens", None)

    def _send(self, method: str, path: str, body: dict | None) -> dict:
        target = f"{path}?api-version={API_VERSION}"
        host = urllib.parse.urlsplit(self.origin).netloc
        content = b"" if body is None else json.dumps(body).encode()
        date = formatdate(usegmt=True)
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        to_sign = f"{method}\n{target}\n{date};{host};{digest}"
        signature = base64.b64encode(hmac.new(self.key, to_sign.encode(), hashlib.sha256).digest()).decode()
        request = urllib.request.Request(self.origin + target, data=content, method=method)
        request.add_header("x-ms-date", date)
        request.add_header("x-ms-content-sha256", digest)
        request.add_header("host", host)
        request.add_header("content-type", "application/json")
        request.add_header(
            "authorization", f"HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature={signature}"
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                text = response.read()
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {target}: {error.code} {error.read().decode()}") from None
        return json.loads(text) if text else {}
