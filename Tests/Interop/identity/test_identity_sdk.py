"""The official Python identity SDK, unmodified, against a running server.

SWITCHBOARD_CONNECTION_STRING is the server's connection string, SWITCHBOARD_CA the PEM file of its certificate.
"""

import base64
import json
import os
import re
import urllib.parse
from datetime import datetime, timedelta, timezone

import pytest
import requests
from azure.communication.identity import (
    CommunicationIdentityClient,
    CommunicationTokenScope,
    CommunicationUserIdentifier,
)
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError

CONNECTION_STRING = os.environ["SWITCHBOARD_CONNECTION_STRING"].strip()
CA = os.environ["SWITCHBOARD_CA"]
PARTS = dict(part.split("=", 1) for part in CONNECTION_STRING.split(";"))
ENDPOINT = PARTS["endpoint"]
KEY = PARTS["accesskey"]
RAW_ID = r"^8:acs:[0-9a-f-]{36}_[0-9a-f-]{36}$"


@pytest.fixture
def client():
    return CommunicationIdentityClient.from_connection_string(CONNECTION_STRING, connection_verify=CA)


def claims(token):
    """The payload, read as the SDKs read it: the standard base64 alphabet and ASCII."""
    return json.loads(base64.b64decode(token.split(".")[1] + "==").decode("ascii"))


def token_life(token):
    payload = claims(token)
    return payload["exp"] - payload["iat"]


def test_create_user(client):
    user = client.create_user()
    assert re.match(RAW_ID, user.properties["id"])
    assert user.raw_id == user.properties["id"]
    assert client.create_user().raw_id != user.raw_id


def test_create_user_and_token(client):
    user, token = client.create_user_and_token([CommunicationTokenScope.VOIP])
    payload = claims(token.token)
    assert "8:" + payload["skypeid"] == user.raw_id
    assert payload["acsScope"] == "voip"
    assert payload["resourceId"] == user.raw_id.split(":")[2].split("_")[0]
    assert token_life(token.token) == 1440 * 60
    expires = datetime.fromisoformat(str(token.expires_on).replace("Z", "+00:00"))
    assert abs(expires - datetime.now(timezone.utc) - timedelta(hours=24)) < timedelta(minutes=5)


def test_token_header_and_key_set(client):
    _, token = client.create_user_and_token(["voip"])
    part = token.token.split(".")[0]
    header = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    assert header["alg"] == "RS256" and header["typ"] == "JWT" and header["x5t"]
    keys = requests.get(ENDPOINT + ".well-known/jwks.json", verify=CA, timeout=10).json()["keys"]
    assert [key["kid"] for key in keys] == [header["kid"]]


@pytest.mark.parametrize("scope", list(CommunicationTokenScope))
def test_every_scope(client, scope):
    user = client.create_user()
    token = client.get_token(user, [scope])
    assert claims(token.token)["acsScope"] == scope.value


def test_several_scopes(client):
    _, token = client.create_user_and_token(["voip", "chat"])
    assert claims(token.token)["acsScope"] == "voip,chat"


@pytest.mark.parametrize("minutes", [60, 1440])
def test_token_life(client, minutes):
    user = client.create_user()
    token = client.get_token(user, ["voip"], token_expires_in=timedelta(minutes=minutes))
    assert token_life(token.token) == minutes * 60


@pytest.mark.parametrize("minutes", [59, 1441])
def test_token_life_outside_the_limits(client, minutes):
    user = client.create_user()
    with pytest.raises((HttpResponseError, ValueError)) as caught:
        client.get_token(user, ["voip"], token_expires_in=timedelta(minutes=minutes))
    if isinstance(caught.value, HttpResponseError):
        assert caught.value.status_code == 400
        assert "60 to 1440" in str(caught.value)


def test_unknown_scope(client):
    user = client.create_user()
    with pytest.raises(HttpResponseError) as caught:
        client.get_token(user, ["everything"])
    assert caught.value.status_code == 400
    assert "everything" in str(caught.value)


def test_revoke_and_issue_again(client):
    user, _ = client.create_user_and_token(["voip"])
    assert client.revoke_tokens(user) is None
    assert client.get_token(user, ["voip"]).token


def test_delete(client):
    user = client.create_user()
    assert client.delete_user(user) is None
    assert client.delete_user(user) is None, "a repeated deletion is no error"
    with pytest.raises(ResourceNotFoundError):
        client.get_token(user, ["voip"])
    with pytest.raises(ResourceNotFoundError):
        client.revoke_tokens(user)


def test_unknown_user(client):
    known = client.create_user().raw_id
    unknown = CommunicationUserIdentifier(known[:-12] + "000000000000")
    with pytest.raises(ResourceNotFoundError):
        client.get_token(unknown, ["voip"])


def test_malformed_user(client):
    with pytest.raises(HttpResponseError) as caught:
        client.get_token(CommunicationUserIdentifier("somebody"), ["voip"])
    assert caught.value.status_code == 400


def test_teams_exchange_is_refused_at_once(client):
    with pytest.raises(HttpResponseError) as caught:
        client.get_token_for_teams_user("token", "client", "user")
    assert caught.value.status_code == 403
    assert caught.value.error.code == "TeamsExchangeNotSupported"


def test_wrong_key():
    wrong = base64.b64encode(b"0" * 64).decode()
    client = CommunicationIdentityClient(ENDPOINT, AzureKeyCredential(wrong), connection_verify=CA)
    with pytest.raises(ClientAuthenticationError):
        client.create_user()


@pytest.mark.parametrize("version", ["2021-03-07", "2022-06-01", "2022-10-01", "2023-10-01", "2025-06-30"])
def test_api_versions(version):
    client = CommunicationIdentityClient.from_connection_string(
        CONNECTION_STRING, connection_verify=CA, api_version=version
    )
    assert client.create_user().raw_id


def test_unknown_api_version():
    client = CommunicationIdentityClient.from_connection_string(
        CONNECTION_STRING, connection_verify=CA, api_version="1999-01-01"
    )
    with pytest.raises(HttpResponseError) as caught:
        client.create_user()
    assert caught.value.status_code == 400
    assert caught.value.error.code == "UnsupportedApiVersionValue"


def test_request_ids(client):
    responses = []
    client.create_user(raw_response_hook=responses.append)
    sent = {name.lower(): value for name, value in responses[0].http_request.headers.items()}
    received = {name.lower(): value for name, value in responses[0].http_response.headers.items()}
    assert received["x-ms-client-request-id"] == sent["x-ms-client-request-id"]
    assert received["x-ms-request-id"]
    assert "2023-10-01" in received["api-supported-versions"]


def test_user_token_on_service_route(client):
    _, token = client.create_user_and_token(["voip"])
    response = requests.post(
        urllib.parse.urljoin(ENDPOINT, "identities?api-version=2023-10-01"),
        headers={"Authorization": "Bearer " + token.token},
        verify=CA,
        timeout=10,
    )
    assert response.status_code == 401
    assert response.json()["error"]["innererror"]["code"] == "BearerNotSupported"


def test_oversized_body(client):
    response = requests.post(
        urllib.parse.urljoin(ENDPOINT, "identities?api-version=2023-10-01"),
        headers={"Authorization": "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=AAAA"},
        data=b"x" * (10 * 1024 * 1024),
        verify=CA,
        timeout=30,
    )
    assert response.status_code == 413
    assert response.json()["error"]["code"] == "RequestBodyTooLarge"
