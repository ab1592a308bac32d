"""Idempotency-Key on everything that spends or starts work: the first answer is kept and given again (24 hours)."""

import functools
import os
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyValidationError,
)

from vibeboard.domain.errors import Conflict, Invalid
from vibeboard.http.access import Caller
from vibeboard.store import keys

KEPT_SECONDS = 86_400


@functools.lru_cache
def _layer() -> DynamoDBPersistenceLayer:
    return DynamoDBPersistenceLayer(
        table_name=os.environ[keys.TABLE_ENV],
        key_attr="PK",
        sort_key_attr="SK",
        static_pk_value="IDEMPOTENCY#requests",
        expiry_attr="expires_at",
        status_attr="idempotencyStatus",
        data_attr="answer",
    )


@functools.lru_cache
def _config() -> IdempotencyConfig:
    return IdempotencyConfig(
        event_key_jmespath="[user, route, key]",
        payload_validation_jmespath="body",
        hash_function="sha256",
        expires_after_seconds=KEPT_SECONDS,
    )


def once(caller: Caller, route: str, key: str | None, body: Any, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Do `work` once per caller, route and key; without a key just do it. `work` answers a JSON-safe dict.

    Raises Invalid when the key comes back with another body, Conflict while the first request still runs.
    A failure is not kept: the same key may try again.
    """
    if not key:
        return work()

    @idempotent_function(  # type: ignore[untyped-decorator]
        data_keyword_argument="request", persistence_store=_layer(), config=_config(), key_prefix="requests"
    )
    def run(*, request: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - Powertools reads it by name
        return work()

    try:
        answer: dict[str, Any] = run(
            request={"user": f"{caller.user}/{caller.project_id}", "route": route, "key": key, "body": body}
        )
        return answer
    except IdempotencyValidationError as error:
        raise Invalid(
            "This Idempotency-Key was used with another request",
            field="Idempotency-Key",
            code="IDEMPOTENCY_KEY_REUSED",
            fix="Use a new key for a new request.",
        ) from error
    except IdempotencyAlreadyInProgressError as error:
        raise Conflict(
            "The first request with this key is still running",
            code="IDEMPOTENCY_IN_PROGRESS",
            fix="Wait a moment and send it again.",
        ) from error
