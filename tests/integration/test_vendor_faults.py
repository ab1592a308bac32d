"""Every vendor's adapter against every way a network or a vendor may fail: one call goes out, and the outcome is named.

The jobs of a vendor are taken from the tables of the code, so that a new operation or model is tried as well.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.fakes.embeddings import KEY as VECTORS_KEY
from tests.fakes.embeddings import FakeEmbeddings
from tests.fakes.fal import FakeFal
from tests.fakes.messages import FakeMessages, Reply
from tests.fakes.opensearch import FakeOpenSearch
from tests.fakes.runpod import FakeRunPod
from tests.fakes.server import Fake, Response
from tests.integration.line import SETTINGS
from tests.integration.studio import Studio
from tests.integration.test_references import FEW, Words
from tests.integration.test_worker_operations import PARAMS
from tests.integration.test_writers import BREAKDOWN_ASK, OUTLINE, OUTLINE_ASK
from vibeboard.domain.errors import ProviderFailed
from vibeboard.jobs.engines import NotAccepted, OutcomeUnknown, Rejected, Unreachable
from vibeboard.providers import fal_training, http_client
from vibeboard.providers.fal import Fal
from vibeboard.providers.matrix import ENDPOINTS
from vibeboard.providers.references import embeddings, opensearch
from vibeboard.providers.runpod import RunPod
from vibeboard.providers.words import WordsFailed, write
from vibeboard.providers.worker_ops import OPERATIONS, read_order
from vibeboard.store import objects

SHORT, LATE = 0.15, Response(200, {}, after=0.5)
BUSY = Response(429, {"error": "too many", "detail": "too many"}, {"Retry-After": "7"})
HALF = Response(200, {"id": "x", "request_id": "x", "status": "IN_QUEUE", "more": "." * 200}, cut="half")
SUBMISSIONS: dict[str, tuple[Response, type[Exception]]] = {
    "429 with retry-after": (BUSY, NotAccepted),
    "500": (Response(500, {"error": "boom"}), OutcomeUnknown),
    "503": (Response(503, b"down"), OutcomeUnknown),
    "no answer in time": (LATE, OutcomeUnknown),
    "no JSON": (Response(200, b"<html>"), OutcomeUnknown),
    "JSON of another kind": (Response(200, []), OutcomeUnknown),
    "an answer that breaks off": (HALF, OutcomeUnknown),
    "a closed connection": (Response(0, cut="close"), OutcomeUnknown),
    "a refusal": (Response(400, {"error": "bad input"}), Rejected),
    "an unknown key": (Response(401, b""), Rejected),
}
QUESTIONS: dict[str, Response] = {
    "429": BUSY, "502": Response(502, b"bad gateway"), "no answer in time": LATE, "no JSON": Response(200, b"<html>"),
    "JSON of another kind": Response(200, []), "breaks off": HALF, "closed": Response(0, cut="close"),
}  # fmt: skip


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client, "SUBMIT_SECONDS", SHORT)
    monkeypatch.setattr(http_client.call, "__kwdefaults__", {**http_client.call.__kwdefaults__, "timeout": SHORT})
    monkeypatch.setattr(embeddings, "SECONDS", SHORT)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


def use(monkeypatch: pytest.MonkeyPatch, fake: Any) -> None:
    for name, value in (SETTINGS | fake.environment).items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="module")
def _runpod() -> Iterator[FakeRunPod]:
    with FakeRunPod() as fake:
        yield fake


@pytest.fixture(scope="module")
def _fal() -> Iterator[FakeFal]:
    with FakeFal() as fake:
        yield fake


@pytest.fixture
def runpod(_runpod: FakeRunPod, studio: Studio, monkeypatch: pytest.MonkeyPatch) -> FakeRunPod:
    use(monkeypatch, _runpod)
    _runpod.log.clear()
    _runpod.jobs.clear()
    return _runpod


@pytest.fixture
def fal(_fal: FakeFal, studio: Studio, monkeypatch: pytest.MonkeyPatch) -> FakeFal:
    use(monkeypatch, _fal)
    _fal.log.clear()
    return _fal


BASE = {"projectId": "p", "jobId": "job_1", "fence": 1, "providerRef": "ref_1", "amount": 50_000, "provider": "x"}


def gpu_job(operation: str) -> dict[str, Any]:
    """A job whose order is the operation's, laid out as its kind of job lays it out."""
    told = OPERATIONS[operation]
    given: dict[str, Any] = {
        "params": PARAMS[told.op], "assets": {name: f"projects/p/{name}" for name in told.assets},
        "picture": "projects/p/picture.mp4", "firstFrame": "projects/p/first.png", "prompt": "she waits",
        "negative": "", "rate": [24, 1], "width": 320, "height": 180, "frames": 48, "seed": 7,
    }  # fmt: skip
    if operation == "vfx.reshoot":
        given["params"] = {"cameraPath": "arc_left", "amount": 0.1}
    return BASE | {"operation": operation, "model": "runpod/x", "input": given}


def fal_job(model: str) -> dict[str, Any]:
    given = {"prompt": "she waits", "negative": "hats", "seed": 7, "width": 1920, "height": 822, "source": "p/a.png"}
    if model == fal_training.MODEL:
        pictures = [f"projects/p/{n}.png" for n in range(4)]
        for key in pictures:
            objects.write(key, b"picture")
        return BASE | {"operation": fal_training.OPERATION, "model": model,
                       "input": {"references": pictures, "look": {"trigger_word": "jn"}}}  # fmt: skip
    return BASE | {"operation": "frame.edit", "model": model, "input": given}


def fails(fake: Fake, vendor: Any, job: dict[str, Any], answer: Response, kind: type[Exception]) -> None:
    """The submission ends as the protocol says, and it was made once."""
    fake.spoil("before", answer)
    before = fake.count("POST", "")
    with pytest.raises(kind) as failed:
        vendor.post(job)
    assert fake.count("POST", "") == before + 1
    assert type(failed.value) is kind
    if isinstance(failed.value, NotAccepted):
        assert failed.value.retry_after == 7


@pytest.mark.parametrize("operation", OPERATIONS)
def test_given_any_fault_when_an_order_goes_to_runpod_then_it_is_sent_once_and_its_outcome_is_named(
    runpod: FakeRunPod, operation: str
) -> None:
    job = gpu_job(operation)
    for answer, kind in SUBMISSIONS.values():
        fails(runpod, RunPod(), job, answer, kind)
    assert RunPod().post(job).reference in runpod.jobs
    orders = [request.json["input"] for request in runpod.log]
    assert {read_order(order)[0].op for order in orders} == {OPERATIONS[operation].op}


@pytest.mark.parametrize("model", [*ENDPOINTS, fal_training.MODEL])
def test_given_any_fault_when_an_order_goes_to_fal_then_it_is_sent_once_and_its_outcome_is_named(
    fal: FakeFal, model: str
) -> None:
    job = fal_job(model)
    for answer, kind in SUBMISSIONS.values():
        fails(fal, Fal(), job, answer, kind)
    assert Fal().post(job).reference
    assert {request.path for request in fal.log} == {f"/{model}"}


@pytest.mark.parametrize("name", QUESTIONS)
def test_given_any_fault_when_a_job_is_asked_for_then_the_vendor_is_unreachable_and_nothing_is_guessed(
    runpod: FakeRunPod, fal: FakeFal, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    jobs = [(runpod, RunPod(), gpu_job("character.contacts")), (fal, Fal(), fal_job(fal_training.MODEL))]
    for fake, vendor, job in jobs:
        monkeypatch.setattr(fake, "answer", lambda _: QUESTIONS[name])
        with pytest.raises(Unreachable):
            vendor.look(job)
        assert len(fake.log) == 1


def test_given_nobody_listening_when_ordered_then_nothing_was_accepted(
    studio: Studio,
    runpod: FakeRunPod,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("RUNPOD_URL", "FAL_QUEUE_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("FAL_KEY", "k")
    for vendor, job in ((RunPod(), gpu_job("asset.materials")), (Fal(), fal_job("fal-ai/flux/dev"))):
        with pytest.raises(NotAccepted):
            vendor.post(job)


# ------------------------------------------------------------------ words


WORDS: dict[str, tuple[Response, str]] = {
    "no answer in time": (Response(200, {}, after=1.2), "OUTCOME_UNKNOWN"),  # a question is given a second at least
    "no message": (Response(200, {}), "OUTCOME_UNKNOWN"),
    "a message without its usage": (Response(200, {"id": "m", "content": [], "stop_reason": "x"}), "OUTCOME_UNKNOWN"),
    "no JSON": (Response(200, b"<html>"), "OUTCOME_UNKNOWN"),
    "breaks off": (HALF, "OUTCOME_UNKNOWN"),
    "closed": (Response(0, cut="close"), "OUTCOME_UNKNOWN"),
    "401": (Response(401, {"error": {"message": "no"}}), "WRITER_REJECTED"),
    "429 for long": (Response(429, {"error": {"message": "slow"}}, {"retry-after": "60"}), "WRITER_BUSY"),
}


@pytest.fixture(scope="module")
def writers() -> Iterator[FakeMessages]:
    with FakeMessages() as fake:
        yield fake


@pytest.mark.parametrize("name", WORDS)
@pytest.mark.parametrize(
    ("provider", "model", "ask"),
    [("anthropic", "claude-sonnet-5-5", OUTLINE_ASK), ("minimax", "MiniMax-M2.1", BREAKDOWN_ASK)],
)
def test_given_a_fault_when_a_writer_is_asked_then_it_is_asked_once_and_its_outcome_is_named(
    writers: FakeMessages, monkeypatch: pytest.MonkeyPatch, provider: str, model: str, ask: Any, name: str
) -> None:
    use(monkeypatch, writers)
    writers.log.clear()
    writers.spoil("before", WORDS[name][0])
    with pytest.raises(WordsFailed) as failed:
        write(provider, ask, model, seconds=0.3)
    assert failed.value.code == WORDS[name][1]
    assert len(writers.log) == 1


@pytest.mark.parametrize("status", [429, 500, 503, 529])
def test_given_a_short_trouble_when_minimax_is_asked_then_it_waits_as_told_and_asks_again(
    writers: FakeMessages, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    use(monkeypatch, writers)
    writers.log.clear()
    writers.replies.append(Reply(OUTLINE))
    writers.spoil("before", Response(status, {"error": {"message": "slow"}}, {"retry-after": "3"}))
    waited: list[float] = []
    with pytest.raises(WordsFailed, match="cannot be used"):  # an outline is no breakdown
        write("minimax", BREAKDOWN_ASK, "MiniMax-M2.1", sleep=waited.append)
    assert (waited, len(writers.log)) == ([3.0], 2)


# ------------------------------------------------------------------ search


@pytest.fixture(scope="module")
def vectors() -> Iterator[FakeEmbeddings]:
    with FakeEmbeddings() as fake:
        yield fake


FAILED: dict[str, Response] = {
    "429": Response(429, {"message": "slow"}, {"Retry-After": "0"}), "500": Response(500, {"message": "boom"}),
    "no answer in time": LATE, "no JSON": Response(200, b"<html>"), "a list": Response(200, []),
    "nothing in it": Response(200, {}), "breaks off": Response(200, {"embedding": [0.1] * 99}, cut="half"),
    "closed": Response(0, cut="close"), "401": Response(401, {"message": "no"}),
    "400": Response(400, {"message": "input was refused"}),
}  # fmt: skip


@pytest.mark.parametrize("name", FAILED)
@pytest.mark.parametrize("make", [embeddings.OpenAI, embeddings.Titan])
def test_given_a_fault_when_a_text_is_embedded_then_one_error_after_at_most_two_calls(
    vectors: FakeEmbeddings, monkeypatch: pytest.MonkeyPatch, make: Callable[[], Any], name: str
) -> None:
    for setting, value in (("OPENAI_API_KEY", VECTORS_KEY), ("OPENAI_URL", vectors.url), ("BEDROCK_URL", vectors.url)):
        monkeypatch.setenv(setting, value)
    vectors.log.clear()
    monkeypatch.setattr(vectors, "answer", lambda _: FAILED[name])
    with pytest.raises(ProviderFailed):
        make().embed(["neon rain"])
    assert 1 <= len(vectors.log) <= embeddings.ATTEMPTS


@pytest.fixture(scope="module")
def engine() -> Iterator[FakeOpenSearch]:
    with FakeOpenSearch(serverless=True) as fake:
        yield fake


@pytest.mark.parametrize("name", FAILED)
def test_given_a_fault_when_the_index_is_searched_then_one_error_after_one_call(
    engine: FakeOpenSearch, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for setting, value in (("SEARCH_URL", engine.url), ("SEARCH_SERVICE", "aoss")):
        monkeypatch.setenv(setting, value)
    monkeypatch.setattr(opensearch, "load_corpus", lambda: FEW)
    monkeypatch.setattr(opensearch, "embedder", Words)
    engine.log.clear()
    monkeypatch.setattr(engine, "answer", lambda _: FAILED[name])
    with pytest.raises(ProviderFailed):
        opensearch.index(timeout=SHORT).search("neon rain", 3)
    assert len(engine.log) == 1
