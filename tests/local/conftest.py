"""One embedded AWS of the fixture template per file: starting it costs seconds, and one process runs only one."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.aws import EmbeddedAws
from local.gateway import Response

FIXTURE = Path(__file__).parent / "fixtures" / "template.yaml"


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(FIXTURE, schedule_every=0.2) as running:
        yield running


@pytest.fixture
def do(aws: EmbeddedAws) -> Callable[..., Response]:
    """Calls the fixture's `/do/{action}` as a signed-in member of the crew."""
    token = aws.mint_token("user_owner", "Owner", "Studio")

    def call(action: str, body: str = "{}") -> Response:
        return aws.http("POST", f"/do/{action}", {"authorization": f"Bearer {token}"}, body)

    return call
