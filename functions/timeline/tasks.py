"""Production tasks of SOP steps 9.5 to 10.5: shot lock, assembly, picture lock."""

from typing import Any

from vibeboard.film import dailies
from vibeboard.film.cut import assemble_film
from vibeboard.film.locks import set_picture_lock, set_shot_lock
from vibeboard.store import chains, keys
from vibeboard.store.audit import audit_action
from vibeboard.store.projects import read as read_project
from vibeboard.store.table import EXISTS, Update, table
from vibeboard.tasks import handler_of


def lock_status(event: dict[str, Any]) -> dict[str, Any]:
    rows = chains.chains_of(event["projectId"])
    shots = [segment for _, segments in rows for segment in segments]
    return {
        "shots": len(shots),
        "locked": sum(1 for segment in shots if segment.get("lockedAt")),
        "allShotsLocked": bool(shots) and all(segment.get("lockedAt") for segment in shots),
        "pictureLocked": bool(rows) and all(chain.get("pictureLockedAt") for chain, _ in rows),
        "mended": [s["shotName"] for s in shots if s.get("clip", {}).get("operation", "").startswith("vfx.")],
    }


def lock_shots(event: dict[str, Any]) -> dict[str, Any]:
    """Freeze every shot; a take that VFX made since the dailies is approved by whoever approved the lock."""
    count = 0
    for chain, segments in chains.chains_of(event["projectId"]):
        for segment in segments:
            if segment.get("lockedAt"):
                continue
            if segment.get("review") != "approved":
                dailies.review(chain, segment, "approved", by=event["by"], reason="approved with the shot lock")
            set_shot_lock(chain, segment | {"review": "approved"}, locked=True, by=event["by"])
            count += 1
    return {"locked": count}


def assemble(event: dict[str, Any]) -> dict[str, Any]:
    """Step 10: the film's cut; after a rejection another one."""
    project = read_project(event["projectId"])
    variation = project.get("cutsRejected", 0)
    return assemble_film(project, chains.chains_of(event["projectId"]), variation) | {"variation": variation}


def reject_cut(event: dict[str, Any]) -> dict[str, Any]:
    """Keep why a cut was rejected; the next assembly is another."""
    project = read_project(event["projectId"])
    rejected = project.get("cutsRejected", 0) + 1
    table().transact(
        [
            Update(keys.project(event["projectId"]), set={"cutsRejected": rejected}, condition=EXISTS),
            audit_action(event["projectId"], actor=event["by"], act="cut.reject", reason=event.get("reason", "")),
        ]
    )
    return {"cutsRejected": rejected}


def lock_picture(event: dict[str, Any]) -> dict[str, Any]:
    count = 0
    for chain, segments in chains.chains_of(event["projectId"]):
        if not chain.get("pictureLockedAt"):
            set_picture_lock(chain, segments, locked=True, by=event["by"])
            count += 1
    return {"locked": count}


handler = handler_of(
    {
        "lock_status": lock_status,
        "lock_shots": lock_shots,
        "assemble": assemble,
        "reject_cut": reject_cut,
        "lock_picture": lock_picture,
    }
)
