"""Values that open something (addresses of uploads in progress): items of their own, in no view, list or log.

The table is encrypted at rest; a secret goes when its work is done, and by itself after a week.
"""

import time

from vibeboard.store import keys
from vibeboard.store.table import Delete, Put, table

KEPT_SECONDS = 7 * 86_400


def keep(project_id: str, name: str, value: str) -> None:
    expires = int(time.time()) + KEPT_SECONDS
    table().write(Put({**keys.secret(project_id, name), "value": value, "expires_at": expires}))


def recall(project_id: str, name: str) -> str:
    """The value, "" when there is none."""
    row = table().get(keys.secret(project_id, name))
    return str(row["value"]) if row else ""


def forget(project_id: str, name: str) -> None:
    table().write(Delete(keys.secret(project_id, name)))
