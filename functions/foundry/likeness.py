"""Likeness sign-off (SOP step 4): whose face an uploaded picture shows, and what that person agreed to."""

from datetime import date
from typing import Any

from boto3.dynamodb.conditions import Attr

from foundry import characters
from foundry.models import Likeness
from vibeboard.domain.errors import Conflict, Invalid, NotFound, StaleRevision
from vibeboard.http.access import Caller
from vibeboard.store import keys, objects
from vibeboard.store.audit import audit_action, now
from vibeboard.store.table import EXISTS, Item, TransactionRefused, Update, table

MAX_SIGN_OFFS = 100


def sign_off(caller: Caller, character_id: str, body: Likeness) -> Item:
    """Record one sign-off for one uploaded picture; a later one for the same picture takes its place, and both stay in
    the audit log. Raises NotFound, Conflict UPLOAD_OPEN, Invalid for a picture that is none or a day that is past."""
    character = characters.read(caller.project_id, character_id)
    upload = table().get(keys.upload(caller.project_id, body.upload_id))
    if upload is None:
        raise NotFound("No such upload", fix="Upload the picture first.")
    if upload["status"] != "complete":
        raise Conflict(f"The upload is {upload['status']}", code="UPLOAD_OPEN", fix="Complete the upload first.")
    if "width" not in upload:
        raise Invalid("The upload is no picture", field="uploadId", fix="Sign off a picture.")
    if body.until is not None:
        _still_to_come(body.until)
    row = {
        "uploadId": body.upload_id,
        "imageKey": upload["key"],
        "sha256": upload["sha256"],
        "person": body.person,
        "consent": body.consent,
        "scope": body.scope,
        **({"until": body.until} if body.until else {}),
        "recordedBy": caller.user,
        "recordedAt": now(),
    }
    standing = [held for held in character.get("likeness", []) if held["sha256"] != row["sha256"]]
    if len(standing) >= MAX_SIGN_OFFS:
        raise Invalid(f"At most {MAX_SIGN_OFFS} sign-offs a character", field="uploadId", fix="Use fewer pictures.")
    rev = character.get("rev", 1)
    write = Update(
        keys.character(caller.project_id, character_id),
        set={"likeness": [*standing, row], "rev": rev + 1, "updatedAt": now()},
        condition=EXISTS & Attr("rev").eq(rev),
    )
    facts = {"characterId": character_id, **{name: row[name] for name in ("sha256", "person", "consent", "scope")}}
    audit = audit_action(
        caller.project_id, actor=caller.user, act="likeness.sign-off", trace_id=caller.trace_id, **facts
    )
    try:
        table().transact([write, audit])
    except TransactionRefused as refused:
        raise StaleRevision("The character changed at this moment", fix="Send the sign-off again.") from refused
    return row | {"characterId": character_id, "url": objects.link(row["imageKey"])}


def _still_to_come(until: str) -> None:
    try:
        day = date.fromisoformat(until)
    except ValueError as fault:
        raise Invalid(f"{until} is no day", field="until", fix="Write it as YYYY-MM-DD.") from fault
    if day.isoformat() < now()[:10]:
        raise Invalid(f"{until} is past", field="until", fix="Give the last day the consent holds, or none.")


def unsigned(character: Item) -> list[str]:
    """Keys of the character's own uploaded pictures without a granted sign-off that still holds."""
    today = now()[:10]
    held = {
        row["imageKey"]
        for row in character.get("likeness", [])
        if row["consent"] == "granted" and row.get("until", today) >= today
    }
    prefix = f"{keys.media_prefix(character['projectId'])}uploads/"
    own = [key for key in character.get("referenceImages", []) if isinstance(key, str) and key.startswith(prefix)]
    return [key for key in own if key not in held]


def view(character: Item) -> dict[str, Any]:
    """{signOffs, unsigned}: what was recorded, and which of the uploaded faces nobody agreed to yet."""
    return {"signOffs": character.get("likeness", []), "unsigned": unsigned(character)}
