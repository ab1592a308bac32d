"""What a person may spend over all projects, and every credit that ever changed it. Amounts in micro-dollars.

The quota's own counter (`available`) is what admission reserves from (store/ledger.py); it is changed here only in the
same transaction as the credit that says who, why and how much.
"""

from boto3.dynamodb.conditions import Attr

from vibeboard.domain.errors import Invalid
from vibeboard.domain.ids import ulid
from vibeboard.domain.pricing import to_usd
from vibeboard.store import keys, ledger
from vibeboard.store.audit import now
from vibeboard.store.table import EXISTS, NEW, Item, Put, TransactionRefused, Update, table


def read(user: str) -> Item:
    """A person's quota; a person seen for the first time gets the default one."""
    item = table().get(keys.quota(user))
    if item is None:
        ledger.ensure_quota(user)
        item = table().get(keys.quota(user))
    return item or {"granted": 0, "available": 0, "reserved": 0, "committed": 0}


def credits(user: str, limit: int) -> list[Item]:
    """Newest first."""
    return table().query(f"USER#{user}", "CREDIT#", limit=limit, newest_first=True)


def credit(
    user: str,
    amount: int,
    *,
    kind: str,
    actor: str,
    key: str,
    reason: str = "",
    reference: str = "",
    trace_id: str = "",
) -> None:
    """Change a quota once per `key`; a repeat changes nothing. Raises Invalid for taking back more than is left."""
    read(user)
    stamp = ulid()
    row: Item = {
        **keys.credit(user, stamp),
        "creditId": f"crd_{stamp}",
        "kind": kind,
        "amount": amount,
        "actor": actor,
        "reason": reason,
        "reference": reference,
        "traceId": trace_id,
        "at": now(),
    }
    change = Update(
        keys.quota(user),
        add={"granted": amount, "available": amount},
        condition=EXISTS & Attr("available").gte(-amount),
    )
    try:
        table().transact([Put({**keys.credited(user, key), "creditId": row["creditId"]}, NEW), change, Put(row, NEW)])
    except TransactionRefused as refused:
        if refused.failed[0]:
            return
        left = to_usd((refused.items[1] or {}).get("available", 0))
        raise Invalid(f"Only {left} USD of quota are left", field="amount", fix="Take back less.") from refused
