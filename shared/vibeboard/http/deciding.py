"""Requests decided in one write: the transaction that does the work also proves the caller's membership and keeps the
answer under the Idempotency-Key. That is three calls fewer than asking first, and no role can change in between.

Whatever refuses the request before that write (a missing chain, a lock) is told to members only.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from boto3.dynamodb.conditions import Attr

from vibeboard.domain.errors import Invalid, VibeBoardError
from vibeboard.domain.ids import digest
from vibeboard.domain.roles import ROLES, may
from vibeboard.http.access import Caller, turned_away
from vibeboard.http.idempotency import KEPT_SECONDS
from vibeboard.jobs.admission import Guard
from vibeboard.store import keys
from vibeboard.store.table import NEW, Check, Item, Put, table

Answer = dict[str, Any]


class AnsweredBefore(Exception):
    """The key came before; `answer` is what it was answered then."""

    def __init__(self, answer: Answer) -> None:
        super().__init__("answered before")
        self.answer = answer


@dataclass(frozen=True)
class Decision:
    """One request on its way into its one write."""

    caller: Caller
    route: str
    key: str | None
    body: Any

    def proof(self, answer: Answer) -> Sequence[Guard]:
        """The guards to put into the transaction: who asks, and (with a key) the answer that is kept."""
        member = keys.member(self.caller.project_id, self.caller.user)
        allowed = [role for role in ROLES if may(role, self.caller.permission)]
        asked = Guard(Check(member, Attr("role").is_in(allowed)), lambda standing: turned_away(self.caller, standing))
        if not self.key:
            return [asked]
        now = int(time.time())
        record: Item = {
            **self._record_key(),
            "body": digest(self.body),
            "answer": json.dumps(answer),
            "expires_at": now + KEPT_SECONDS,
        }
        return [asked, Guard(Put(record, NEW | Attr("expires_at").lt(now)), self._replay)]

    def kept(self) -> Answer | None:
        """The answer kept under this request's key, if it came before. Raises Invalid for another body."""
        found = table().get(self._record_key()) if self.key else None
        if found is None or found["expires_at"] < time.time():
            return None
        replay = self._replay(found)
        if isinstance(replay, AnsweredBefore):
            return replay.answer
        raise replay

    def _record_key(self) -> keys.Key:
        return keys.idempotency(self.caller.user, digest([self.caller.project_id, self.route, self.key], 40))

    def _replay(self, standing: Item | None) -> Exception:
        if standing and standing["body"] == digest(self.body):
            return AnsweredBefore(json.loads(standing["answer"]))
        return Invalid(
            "This Idempotency-Key was used with another request",
            field="Idempotency-Key",
            code="IDEMPOTENCY_KEY_REUSED",
            fix="Use a new key for a new request.",
        )


def decide(caller: Caller, route: str, key: str | None, body: Any, work: Callable[[Decision], Answer]) -> Answer:
    """Do `work`, which puts `Decision.proof` into its transaction; the same key answers the same again (24 hours).

    Raises what the work raises, NotFound for outsiders, Forbidden below the needed role, Invalid for a reused key.
    """
    decision = Decision(caller, route, key, body)
    try:
        return work(decision)
    except AnsweredBefore as before:
        return before.answer
    except VibeBoardError:
        caller.join(caller.project_id)
        if (answer := decision.kept()) is not None:
            return answer
        raise
