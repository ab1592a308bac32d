"""Links signed here are the links the SDK signs, to the byte."""

import boto3
import pytest
from botocore.config import Config

from vibeboard.store import links
from vibeboard.store.links import Signer

KEYS = [("projects/p/jobs/job_1/clip.mp4", ""), ("projects/p/Ünï (1)+&=~.mov", 'Master "1".mov'), ("a/b c", "x y.wav")]


@pytest.mark.parametrize("token", [None, "tok/en+=="])
@pytest.mark.parametrize("endpoint", [None, "http://127.0.0.1:9000"])
def test_given_any_key_when_signed_then_it_is_the_sdks_own_link(
    token: str | None, endpoint: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = boto3.Session("AKIDEXAMPLE", "secret/key+", token, region_name="eu-west-1")
    client = session.client("s3", endpoint_url=endpoint, config=Config(signature_version="s3v4"))
    monkeypatch.setattr("botocore.auth.get_current_datetime", _fixed, raising=False)
    signer = Signer(client, "media", 900)
    assert signer.ours
    for key, name in KEYS:
        assert _parts(signer.link(key, name)) == _parts(signer._by_sdk(key, name))


def test_given_another_signature_than_the_sdks_when_links_are_made_then_the_sdk_makes_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = boto3.Session("AKIDEXAMPLE", "secret", region_name="eu-west-1").client("s3")
    monkeypatch.setattr(links, "_key", lambda _secret, _scope: b"wrong")
    signer = Signer(client, "media", 900)
    assert not signer.ours
    assert signer.link("a", "").split("?")[0] == "https://media.s3.amazonaws.com/a"


def _fixed() -> object:
    from datetime import UTC, datetime

    return datetime(2026, 11, 25, 4, 0, tzinfo=UTC)


def _parts(url: str) -> tuple[str, list[str]]:
    """Address and parameters; the SDK puts them in another order."""
    address, query = url.split("?", 1)
    return address, sorted(query.split("&"))
