"""What was done and by whom (audit), and what went wrong (operations log, SOP section B). Rows are only ever added."""

from datetime import UTC, datetime
from typing import Any

from vibeboard.domain.ids import ulid
from vibeboard.store import keys
from vibeboard.store.table import NEW, Item, Put, public, table


def now() -> str:
    """UTC time in the SOP's form, with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def audit_action(project_id: str, *, actor: str, act: str, trace_id: str = "", **facts: Any) -> Put:
    """One audit row, to be written in the same transaction as the act itself."""
    stamp = ulid()
    return Put(
        {
            **keys.audit(project_id, stamp),
            "auditId": f"aud_{stamp}",
            "at": now(),
            "actor": actor,
            "act": act,
            "traceId": trace_id,
            "facts": facts,
        },
        NEW,
    )


def failure_action(
    project_id: str, *, trace_id: str, service: str, error: str, segment_id: str = "", retry_count: int = 0, **more: Any
) -> Put:
    """A row of the operations log in the SOP's shape, for the transaction of the failure itself."""
    item: Item = {
        **keys.operation(project_id, ulid()),
        "traceId": trace_id,
        "timestamp": now(),
        "service": service,
        "error": error,
        "segmentId": segment_id,
        "retryCount": retry_count,
        **more,
    }
    return Put(item, NEW)


def log_failure(project_id: str, **facts: Any) -> Item:
    """Write a row of the operations log on its own; facts as in `failure_action`."""
    return table().write(failure_action(project_id, **facts))


def audit_log(project_id: str, limit: int, after: str = "") -> list[Item]:
    return _page(project_id, "AUDIT#", limit, after)


def operations_log(project_id: str, limit: int, after: str = "") -> list[Item]:
    return _page(project_id, "OPLOG#", limit, after)


def _page(project_id: str, prefix: str, limit: int, after: str) -> list[Item]:
    rows = table().query(f"PROJECT#{project_id}", prefix, limit=limit, after=after, newest_first=True)
    return [public(row) | {"cursor": row["SK"]} for row in rows]
