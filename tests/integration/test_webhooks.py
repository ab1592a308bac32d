"""The webhooks function: who may report, on which bytes, about which job; and what a report may change."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.fakes.fal import Delivery, FakeFal
from tests.integration.line import SETTINGS, Line, job_of, money
from tests.integration.shoot import Shoot
from tests.integration.studio import Studio
from tests.integration.test_fal import order, sent
from vibeboard.domain.errors import Unauthenticated
from vibeboard.jobs import clock, hooks, queues
from webhooks import fal_signature
from webhooks.service import MAX_BYTES

VECTOR_BODY = (
    b'{"request_id": "req-1", "gateway_request_id": "req-1", "status": "OK", "error": null, "payload": {"seed": 7}}'
)
VECTOR = {
    "x-fal-webhook-request-id": "req-1",
    "x-fal-webhook-user-id": "user-1",
    "x-fal-webhook-timestamp": "1790000000",
    "x-fal-webhook-signature": "f210c06dd0adedd0b0d51ddb3f81d66276cbc64e6399c8dc2ef078fb4466c0e8"
    "d0e3f361bb1712f1dc3bae353cd807ec2d15e031bab0fbab265eda6333936c0a",
}
Picture = Callable[..., bytes]


@pytest.fixture
def fal(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeFal]:
    with FakeFal() as fake:
        for name, value in (SETTINGS | fake.environment | {"TRUSTED_OUTPUT_ORIGINS": fake.url}).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(fal_signature, "KEYS", fal_signature.Keys())
        yield fake


@pytest.fixture
def shoot(studio: Studio, fal: FakeFal) -> Shoot:
    return Shoot(studio, studio.project(), shots=2)


@pytest.fixture
def drawn(shoot: Shoot, fal: FakeFal, picture: Picture) -> tuple[str, Delivery]:
    """A job whose picture is done, and the report that is about to come."""
    job_id, request = sent(shoot, fal)
    fal.draw(request.id, picture(960, 540, "PNG"), width=960, height=540)
    return job_id, fal.webhook(request.id)


def untouched(shoot: Shoot, job_id: str) -> bool:
    """Nothing was stored, queued or settled."""
    job = job_of(shoot.project_id, job_id)
    stored = [key for key in shoot.studio.objects(f"projects/{shoot.project_id}/jobs/") if "webhooks/" in key]
    return (job["status"], stored, shoot.studio.queued(queues.SETTLE)) == ("SUBMITTED", [], [])


def test_the_published_vector_verifies_and_every_changed_bit_of_it_does_not(
    fal: FakeFal, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fal._jwk()["x"] == "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg"
    monkeypatch.setattr(clock, "seconds", lambda: 1_790_000_000.0)
    fal_signature.verify(VECTOR, VECTOR_BODY)
    signature = VECTOR["x-fal-webhook-signature"]
    forged = [
        (VECTOR, VECTOR_BODY + b"\n"),
        (VECTOR, VECTOR_BODY.replace(b'"seed": 7', b'"seed": 8')),
        (VECTOR | {"x-fal-webhook-request-id": "req-2"}, VECTOR_BODY),
        (VECTOR | {"x-fal-webhook-timestamp": "1790000001"}, VECTOR_BODY),
        (VECTOR | {"x-fal-webhook-signature": "0" + signature[1:]}, VECTOR_BODY),
        (VECTOR | {"x-fal-webhook-signature": "zz"}, VECTOR_BODY),
        ({name: value for name, value in VECTOR.items() if "timestamp" not in name}, VECTOR_BODY),
    ]
    for headers, body in forged:
        with pytest.raises(Unauthenticated):
            fal_signature.verify(headers, body)


@pytest.mark.parametrize(("seconds", "status"), [(299, 202), (301, 401), (-299, 202), (-301, 401)])
def test_given_a_skewed_clock_then_five_minutes_are_the_limit(
    shoot: Shoot, fal: FakeFal, drawn: tuple[str, Delivery], seconds: int, status: int
) -> None:
    _, delivery = drawn
    request_id = delivery.headers["X-Fal-Webhook-Request-Id"]
    now = int(time.time())
    skewed = fal.sign(delivery.url, request_id, delivery.body, at=now - seconds)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "seconds", lambda: float(now))
        assert Line(shoot.studio).deliver(skewed).status == status


def test_given_another_customers_signature_then_it_is_refused(
    shoot: Shoot, fal: FakeFal, drawn: tuple[str, Delivery]
) -> None:
    job_id, delivery = drawn
    request_id = delivery.headers["X-Fal-Webhook-Request-Id"]
    other = fal.sign(delivery.url, request_id, delivery.body, user="user-2")
    answer = Line(shoot.studio).deliver(other)
    assert (answer.status, answer.code) == (401, "UNAUTHENTICATED")
    assert untouched(shoot, job_id)


def test_given_a_key_that_is_not_fals_then_it_is_refused(
    shoot: Shoot, fal: FakeFal, drawn: tuple[str, Delivery]
) -> None:
    job_id, delivery = drawn
    request_id = delivery.headers["X-Fal-Webhook-Request-Id"]
    with FakeFal(seed=bytes(32)) as stranger:
        assert Line(shoot.studio).deliver(stranger.sign(delivery.url, request_id, delivery.body)).status == 401
    assert untouched(shoot, job_id)


def test_given_a_body_changed_on_the_way_then_it_is_refused(shoot: Shoot, drawn: tuple[str, Delivery]) -> None:
    job_id, delivery = drawn
    reordered = json.dumps(json.loads(delivery.body), sort_keys=True).encode()
    assert Line(shoot.studio).deliver(delivery, body=reordered).status == 401
    assert untouched(shoot, job_id)


@pytest.mark.parametrize("part", ["job", "attempt", "signature", "provider"])
def test_given_an_address_we_did_not_make_then_there_is_nothing(
    shoot: Shoot, drawn: tuple[str, Delivery], part: str
) -> None:
    job_id, delivery = drawn
    provider, job, attempt, signature = urlsplit(delivery.url).path.split("/")[-4:]
    changed = {
        "job": f"{provider}/{job[:-1]}{'0' if job[-1] != '0' else '1'}/{attempt}/{signature}",
        "attempt": f"{provider}/{job}/2/{signature}",
        "signature": f"{provider}/{job}/{attempt}/{signature[::-1]}",
        "provider": f"runpod/{job}/{attempt}/{signature}",
    }[part]
    url = f"{delivery.url.split('/fal/')[0]}/{changed}"
    assert Line(shoot.studio).deliver(delivery, url=url).status == 404
    assert untouched(shoot, job_id)


def test_given_the_report_of_another_job_then_it_is_refused_though_both_signatures_are_good(
    shoot: Shoot, fal: FakeFal, drawn: tuple[str, Delivery], picture: Picture
) -> None:
    job_id, delivery = drawn
    other = fal.sign(delivery.url, "another-request", json.dumps({"request_id": "another-request"}).encode())
    answer = Line(shoot.studio).deliver(other)
    assert (answer.status, answer.code) == (422, "WEBHOOK_MISMATCH")
    assert untouched(shoot, job_id)


def test_given_the_same_report_three_times_then_the_money_moves_once(shoot: Shoot, drawn: tuple[str, Delivery]) -> None:
    _, delivery = drawn
    line = Line(shoot.studio)
    assert [line.deliver(delivery).status for _ in range(2)] == [202, 202]
    line.until_quiet()
    settled = money(shoot.project_id)
    assert settled["committed"] == 25_000
    assert line.deliver(delivery).status == 200
    line.until_quiet()
    assert money(shoot.project_id) == settled
    kinds = [row["kind"] for row in shoot.studio.items(shoot.project_id, "ENTRY#")]
    assert kinds.count("settle") == 1


def test_given_a_late_in_progress_after_the_end_then_nothing_changes(
    shoot: Shoot, fal: FakeFal, drawn: tuple[str, Delivery]
) -> None:
    job_id, delivery = drawn
    line = Line(shoot.studio)
    late = fal.webhook(delivery.headers["X-Fal-Webhook-Request-Id"], status="IN_PROGRESS", payload=None)
    line.deliver(delivery)
    line.deliver(late)
    line.until_quiet()
    before = job_of(shoot.project_id, job_id)
    assert before["status"] == "SUCCEEDED"
    assert line.deliver(late).status == 200
    line.until_quiet()
    assert job_of(shoot.project_id, job_id) == before


def test_given_a_result_that_did_not_travel_then_it_is_fetched(
    shoot: Shoot, fal: FakeFal, drawn: tuple[str, Delivery]
) -> None:
    job_id, delivery = drawn
    request_id = delivery.headers["X-Fal-Webhook-Request-Id"]
    bare = fal.webhook(request_id, payload=None, payload_error="Response payload is not JSON serializable")
    line = Line(shoot.studio)
    assert line.deliver(bare).status == 202
    line.until_quiet()
    assert job_of(shoot.project_id, job_id)["status"] == "SUCCEEDED"


def test_given_a_body_of_a_megabyte_then_it_is_taken_and_one_byte_above_the_limit_is_not(
    shoot: Shoot, fal: FakeFal, drawn: tuple[str, Delivery]
) -> None:
    job_id, delivery = drawn
    request_id = delivery.headers["X-Fal-Webhook-Request-Id"]
    report = json.loads(delivery.body)
    room = MAX_BYTES - len(json.dumps(report | {"padding": ""}))
    line = Line(shoot.studio)

    above = json.dumps(report | {"padding": "x" * (room + 1)}).encode()
    assert line.deliver(fal.sign(delivery.url, request_id, above)).code == "WEBHOOK_TOO_LARGE"
    assert untouched(shoot, job_id)

    full = json.dumps(report | {"padding": "x" * room}).encode()
    assert len(full) == MAX_BYTES
    started = time.perf_counter()
    assert line.deliver(fal.sign(delivery.url, request_id, full)).status == 202
    assert time.perf_counter() - started < 1.0
    line.until_quiet()
    assert job_of(shoot.project_id, job_id)["status"] == "SUCCEEDED"


@pytest.mark.parametrize("body", [b"", b"not json", b"[]", b'"text"'])
def test_given_a_signed_body_that_is_no_report_then_it_is_refused(
    shoot: Shoot, fal: FakeFal, drawn: tuple[str, Delivery], body: bytes
) -> None:
    job_id, delivery = drawn
    answer = Line(shoot.studio).deliver(fal.sign(delivery.url, "r", body))
    assert (answer.status, answer.code) == (422, "WEBHOOK_UNREADABLE")
    assert untouched(shoot, job_id)


def test_given_the_key_server_down_then_nothing_is_believed_until_it_is_back(
    shoot: Shoot, fal: FakeFal, drawn: tuple[str, Delivery]
) -> None:
    job_id, delivery = drawn
    fal.keys_down = True
    answer = Line(shoot.studio).deliver(delivery)
    assert (answer.status, answer.code) == (503, "KEYS_UNAVAILABLE")
    assert untouched(shoot, job_id)
    fal.keys_down = False
    assert Line(shoot.studio).deliver(delivery).status == 202


def test_given_keys_of_today_when_the_key_server_goes_down_then_they_serve_for_a_day_and_no_longer(
    shoot: Shoot, fal: FakeFal, drawn: tuple[str, Delivery], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, delivery = drawn
    line = Line(shoot.studio)
    assert line.deliver(delivery).status == 202
    assert line.deliver(delivery).status == 202
    assert fal.count("GET", "jwks") == 1
    fal.keys_down = True
    assert line.deliver(delivery).status == 202
    fal_signature.KEYS.read_at -= fal_signature.KEYS_AGE_SECONDS
    assert line.deliver(delivery).status == 503


def test_given_fal_signs_with_a_new_key_then_the_keys_are_read_again_once(
    shoot: Shoot, fal: FakeFal, drawn: tuple[str, Delivery]
) -> None:
    _, delivery = drawn
    line = Line(shoot.studio)
    line.deliver(delivery)
    fal.signer = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
    renewed = fal.sign(delivery.url, delivery.headers["X-Fal-Webhook-Request-Id"], delivery.body)
    assert line.deliver(renewed).status == 401  # looked a moment ago
    fal_signature.KEYS.tried_at -= fal_signature.RELOAD_SECONDS + 1
    assert line.deliver(renewed).status == 202
    assert fal.count("GET", "jwks") == 2


def test_given_a_body_in_base64_as_api_gateway_may_send_it_then_the_raw_bytes_are_verified(
    shoot: Shoot, drawn: tuple[str, Delivery]
) -> None:
    from tests.integration.studio import LambdaContext
    from webhooks.app import handler

    _, delivery = drawn
    path = urlsplit(delivery.url).path
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "POST " + path,
        "rawPath": path,
        "rawQueryString": "",
        "headers": {name.lower(): value for name, value in delivery.headers.items()} | {"host": "api.test"},
        "requestContext": {"http": {"method": "POST", "path": path, "sourceIp": "1.2.3.4"}, "stage": "$default"},
        "body": base64.b64encode(delivery.body).decode(),
        "isBase64Encoded": True,
    }
    assert handler(event, LambdaContext())["statusCode"] == 202


def test_given_an_address_in_the_log_then_it_names_the_attempt_and_cannot_be_made_without_the_secret(
    shoot: Shoot, fal: FakeFal, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = order(shoot)
    ours = hooks.signature("fal", job_id, 1)
    assert hooks.is_ours("fal", job_id, 1, ours)
    assert not hooks.is_ours("fal", job_id, 1, ours.upper())
    monkeypatch.setenv("WEBHOOK_SECRET", "another")
    assert not hooks.is_ours("fal", job_id, 1, ours)
