"""A studio on moto: the table, bucket and queues of template.yaml, and its HTTP routes calling the real handlers with
real API Gateway v2 events. Two organizations: Studio (owner, admin, editor, viewer) and one outsider."""

import contextlib
import functools
import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from moto import mock_aws

from tests.integration.studio import BUCKET, REGION, TABLE, Studio, client, template
from vibeboard.domain.roles import ROLES

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_SESSION_TOKEN": "test",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    "TABLE_NAME": TABLE,
    "MEDIA_BUCKET": BUCKET,
    "BILLING": "sandbox",
    "DEFAULT_QUOTA_USD": "50",
    "STAGE": "test",
    "POWERTOOLS_SERVICE_NAME": "vibeboard",
    "POWERTOOLS_LOG_LEVEL": "CRITICAL",
}
ACCOUNT = "123456789012"
QUEUES = ("SUBMIT", "MEDIA", "SETTLE", "WORDS")


def _forget_clients() -> None:
    from vibeboard.http import idempotency
    from vibeboard.jobs import queues
    from vibeboard.store import objects, table

    for cached in (table.table, objects.s3, queues.sqs, idempotency._layer, idempotency._config):
        cached.cache_clear()


@contextlib.contextmanager
def _serialised() -> Iterator[None]:
    """The embedded AWS's DynamoDB fixes: calls one after another, and no copy of the table per transaction."""
    from local import moto_tables

    with contextlib.ExitStack() as stack:
        for change in moto_tables.table_fixes(None):
            stack.enter_context(change)
        yield


@pytest.fixture(scope="module")
def _aws() -> Iterator[dict[str, str]]:
    """One moto per test file; `studio` empties it between tests. Yields the queue URLs by name."""
    with pytest.MonkeyPatch.context() as patch, mock_aws(), _serialised():
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        properties = template()["Resources"]["Table"]["Properties"]
        wanted = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
        client("dynamodb").create_table(TableName=TABLE, **{name: properties[name] for name in wanted})
        client("s3").create_bucket(Bucket=BUCKET)
        sqs = client("sqs")
        urls = {
            name: sqs.create_queue(QueueName=name.lower(), Attributes={"VisibilityTimeout": "0"})["QueueUrl"]
            for name in QUEUES
        }
        for name, url in urls.items():
            patch.setenv(f"{name}_QUEUE_URL", url)
        _forget_clients()
        yield urls
    _forget_clients()


@pytest.fixture
def studio(_aws: dict[str, str]) -> Studio:
    """An empty studio with its crew."""
    from moto.dynamodb.models import dynamodb_backends
    from moto.sqs.models import sqs_backends

    from vibeboard.store import objects, projects

    dynamodb_backends[ACCOUNT][REGION].tables[TABLE].items.clear()
    objects.delete_prefix("")
    for queue in sqs_backends[ACCOUNT][REGION].queues.values():
        queue._messages.clear()
    for role in ROLES:
        projects.set_crew("Studio", f"user_{role}", role, role.title())
    return Studio()


@pytest.fixture
def project(studio: Studio) -> dict[str, Any]:
    """The SOP's own project, with owner, admin, editor and viewer as members."""
    return studio.project()


@pytest.fixture(scope="session")
def picture() -> Callable[..., bytes]:
    """Makes a real image file: picture(width, height, format)."""
    from PIL import Image

    @functools.cache
    def make(width: int = 320, height: int = 180, file_format: str = "JPEG", shade: int = 90) -> bytes:
        image = Image.linear_gradient("L").resize((width, height)).convert("RGB")
        image.paste((shade, 20, 120), (width // 4, height // 4, width // 2, height // 2))
        out = io.BytesIO()
        image.save(out, file_format)
        return out.getvalue()

    return make
