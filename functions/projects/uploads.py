"""Uploads: a form the client posts one file to, then a check by content before the project takes it in."""

import hashlib
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

from boto3.dynamodb.conditions import Attr

from projects import content
from projects.models import StartUpload
from vibeboard.domain.errors import Conflict, Invalid, NotFound, StaleRevision
from vibeboard.domain.ids import new_id
from vibeboard.http.access import Caller
from vibeboard.store import keys, ledger, objects, projects
from vibeboard.store.audit import audit_action, now
from vibeboard.store.table import NEW, Action, Item, Put, TransactionRefused, Update, public, table

TAKE_IN_ATTEMPTS = 6  # the project's revision moves on while several uploads complete at once


def start(caller: Caller, body: StartUpload) -> dict[str, Any]:
    """A presigned form: {uploadId, url, fields, expiresIn, maxBytes}. Raises Invalid for a file type of no use."""
    suffix = PurePosixPath(body.name).suffix.lower()
    allowed = content.SUFFIXES[body.kind]
    if suffix not in allowed:
        raise Invalid(
            f"A {body.kind} cannot be a {suffix or 'nameless'} file",
            field="name",
            fix=f"Upload one of {', '.join(sorted(allowed))}.",
        )
    upload_id = new_id("upl")
    key = keys.upload_object(caller.project_id, upload_id, body.name)
    item: Item = {
        **keys.upload(caller.project_id, upload_id),
        "uploadId": upload_id,
        "name": body.name,
        "kind": body.kind,
        "key": key,
        "status": "pending",
        "createdBy": caller.user,
        "createdAt": now(),
    }
    table().write(Put(item, NEW))
    return {"uploadId": upload_id, "name": body.name, "kind": body.kind, **objects.upload_link(key)}


def complete(caller: Caller, upload_id: str) -> Item:
    """Check the uploaded file by its content and take it in; a repeat answers the same.

    A file that is not what it claims is removed. Raises NotFound (no such upload, nothing uploaded yet), Invalid
    UPLOAD_REFUSED, Conflict CONTRACT_LOCKED for a reference that would change a locked contract.
    """
    upload = table().get(keys.upload(caller.project_id, upload_id))
    if upload is None:
        raise NotFound("No such upload", fix="Start the upload first.")
    if upload["status"] == "complete":
        return _view(upload)
    if upload["status"] == "refused":
        raise Invalid(upload["reason"], field="file", code="UPLOAD_REFUSED", fix="Start a new upload.")
    try:
        facts = _checked(caller.project_id, upload)
    except Invalid as fault:
        objects.delete_prefix(keys.upload_object(caller.project_id, upload_id, ""))
        refused = {"status": "refused", "reason": fault.detail}
        table().write(Update(keys.upload(caller.project_id, upload_id), set=refused))
        raise
    done = facts | {"status": "complete", "completedAt": now()}
    mark = Update(keys.upload(caller.project_id, upload_id), set=done, condition=Attr("status").eq("pending"))
    take_in = _TAKE_IN.get(upload["kind"])
    for _ in range(TAKE_IN_ATTEMPTS):
        try:
            if take_in is None:
                table().transact([mark, _audit(caller, upload)])
            else:
                take_in(caller, upload | facts, mark)
            return _view(upload | done)
        except (StaleRevision, TransactionRefused):
            standing = table().get(keys.upload(caller.project_id, upload_id)) or upload
            if standing["status"] == "complete":  # a twin request was faster
                return _view(standing)
    raise Conflict("The project is changing too fast", fix="Complete the upload again.")


def _checked(project_id: str, upload: Item) -> dict[str, Any]:
    """What the content says: {sha256, bytes, contentType …}; pictures also get a thumbnail. Raises Invalid."""
    size = objects.size(upload["key"])
    limit = content.MAX_BYTES[upload["kind"]]
    if size > limit:
        raise Invalid(
            f"{upload['name']} has {size:,} bytes; a {upload['kind']} has at most {limit:,}",
            field="file",
            code="UPLOAD_REFUSED",
            fix="Make the file smaller.",
        )
    body = objects.read(upload["key"])
    facts = content.examine(upload["kind"], upload["name"], body)
    thumbnail = facts.pop("thumbnail", None)
    if thumbnail:
        facts["thumbKey"] = keys.upload_object(project_id, upload["uploadId"], "thumb.jpg")
        objects.write(facts["thumbKey"], thumbnail)
    return facts | {"sha256": hashlib.sha256(body).hexdigest(), "bytes": size}


def _audit(caller: Caller, upload: Item) -> Put:
    facts = {"uploadId": upload["uploadId"], "name": upload["name"], "kind": upload["kind"]}
    return audit_action(caller.project_id, actor=caller.user, act="upload.complete", trace_id=caller.trace_id, **facts)


def _take_reference(caller: Caller, upload: Item, mark: Update) -> None:
    """Add an image to the reference pack; its count opens the contract gate, so the ledger changes with it."""
    project, budget = projects.read(caller.project_id), ledger.read(caller.project_id)
    contract = project["creativeContract"]
    pack = contract.get("referencePack", [])
    reference = {name: upload[name] for name in ("name", "key", "thumbKey", "width", "height", "sha256")}
    others = [held for held in project.get("references", []) if held["name"] != upload["name"]]
    changes: dict[str, Any] = {"references": [*others, reference]}
    extra: list[Action] = [mark, _audit(caller, upload)]
    if upload["name"] not in pack:
        if project["contractLocked"]:
            raise Conflict(
                "The creative contract is locked; its reference pack cannot grow",
                code="CONTRACT_LOCKED",
                fix="An Admin adds the name to referencePack with a `reason`, then the image can be completed.",
            )
        changes["creativeContract"] = contract | {"referencePack": [*pack, upload["name"]]}
        extra += ledger.cap_actions(budget, caller.project_id, budget.get("cap"), len(pack) + 1, caller.user)
    projects.update(project, changes, extra, None)


def _take_screenplay(caller: Caller, upload: Item, mark: Update) -> None:
    project = projects.read(caller.project_id)
    changes = {"screenplayKey": upload["key"], "screenplayName": upload["name"]}
    projects.update(project, changes, [mark, _audit(caller, upload)], None)


_TAKE_IN: dict[str, Callable[[Caller, Item, Update], None]] = {
    "reference": _take_reference,
    "screenplay": _take_screenplay,
}


def _view(upload: Item) -> Item:
    links = {"url": objects.link(upload["key"]), "thumbUrl": objects.link(upload.get("thumbKey"))}
    return public(upload) | {name: value for name, value in links.items() if value}
