"""Production tasks of SOP steps 11 and 12: passes, final QC, delivery approval, export."""

from typing import Any

from delivery.models import RESOLUTIONS
from delivery.service import RESOLUTION_OF, order_export, rows_of
from vibeboard.domain.formats import Quality
from vibeboard.domain.gates import evaluate
from vibeboard.domain.pricing import to_usd
from vibeboard.film import passes
from vibeboard.film.locks import set_picture_lock
from vibeboard.film.qc import final_qc
from vibeboard.store import chains, keys, ledger
from vibeboard.store.audit import audit_action
from vibeboard.store.projects import read as read_project
from vibeboard.store.table import EXISTS, Update, table
from vibeboard.tasks import handler_of

PASS_ROUNDS = 3  # times the production orders passes that failed


def _quality(event: dict[str, Any]) -> Quality:
    options = (table().get(keys.run(event["projectId"], int(event["run"]))) or {}).get("options", {})
    quality: Quality = options.get("quality", "review")
    return quality


def render_passes(event: dict[str, Any]) -> dict[str, Any]:
    """Step 11: order what is missing at the run's quality. {renderId, jobs: [jobId], estimatedCost}."""
    project_id, quality = event["projectId"], _quality(event)
    project = read_project(project_id)
    rows = rows_of(project_id, None)
    found = passes.pictures(project_id, quality)
    missing = [(chain, s) for chain, segments in rows for s in segments if s["id"] not in found]
    render_id = passes.render_id_of(project_id, quality, [s["clip"]["takeId"] for _, r in rows for s in r])
    render = passes.render_item(
        project_id,
        [chain["id"] for chain, _ in rows],
        [quality],
        burn_in=False,
        user=project["createdBy"],
        render_id=render_id,
    )
    passes.open_render(render)
    jobs = []
    if missing:
        jobs = passes.order_passes(
            project_id,
            project["createdBy"],
            missing,
            quality,
            render_id=render_id,
            trace_id=event.get("traceId", ""),
        )
    return {
        "renderId": render_id,
        "quality": quality,
        "jobs": [job["jobId"] for job in jobs],
        "estimatedCost": to_usd(sum(job["amount"] for job in jobs)),
    }


def final_qc_task(event: dict[str, Any]) -> dict[str, Any]:
    """Step 12's gate: the five checks with their values."""
    project_id, quality = event["projectId"], _quality(event)
    project = read_project(project_id)
    facts = final_qc(project_id, rows_of(project_id, None), quality)
    decision = evaluate("finalQC", facts)
    rounds = project.get("passRounds", 0)
    retry = bool(facts["resolutionConsistent"].get("missing")) and rounds < PASS_ROUNDS
    if retry:
        table().write(Update(keys.project(project_id), set={"passRounds": rounds + 1}))
    approved = project.get("deliveryApproved", {})
    return {
        "allowed": decision.allowed,
        "checks": {name: fact["ok"] for name, fact in facts.items()},
        "message": decision.message + (": " + ", ".join(decision.missing) if decision.missing else ""),
        "retryPasses": retry,
        "deliveryApproved": bool(approved) and approved.get("cutDigest") == project.get("cutDigest"),
        "resolution": RESOLUTION_OF[quality],
        "totalCost": to_usd(ledger.read(project_id)["committed"]),
    }


def approve_delivery(event: dict[str, Any]) -> dict[str, Any]:
    """Keep who let this cut out; a rerun does not ask again for the same cut."""
    project = read_project(event["projectId"])
    mark = {"by": event["by"], "cutDigest": project.get("cutDigest", "")}
    table().transact(
        [
            Update(keys.project(event["projectId"]), set={"deliveryApproved": mark}, condition=EXISTS),
            audit_action(event["projectId"], actor=event["by"], act="delivery.approve"),
        ]
    )
    return {"approved": True}


def send_back(event: dict[str, Any]) -> dict[str, Any]:
    """A rejected delivery opens the picture again, with the reason; the next cut is another."""
    project_id, by = event["projectId"], event["by"]
    reason = event.get("reason") or "delivery rejected"
    for chain, segments in chains.chains_of(project_id):
        if chain.get("pictureLockedAt"):
            set_picture_lock(chain, segments, locked=False, by=by, reason=reason)
    rejected = read_project(project_id).get("cutsRejected", 0) + 1
    table().write(Update(keys.project(project_id), set={"cutsRejected": rejected}, condition=EXISTS))
    return {"cutsRejected": rejected}


def export_master(event: dict[str, Any]) -> dict[str, Any]:
    """Step 12: order the master of the whole film. {exportId, jobId}."""
    project_id, quality = event["projectId"], _quality(event)
    project = read_project(project_id)
    order = {
        "format": "prores",
        "frameRate": None,
        "resolution": next(name for name, of in RESOLUTIONS.items() if of == quality),
        "audioCodec": "pcm",
        "includeEDL": True,
        "includeSidecar": True,
        "sceneChainId": None,
    }
    return order_export(
        project_id,
        project["createdBy"],
        project.get("createdByName", ""),
        project.get("organization", ""),
        order,
        event.get("traceId", ""),
    )


handler = handler_of(
    {
        "render_passes": render_passes,
        "final_qc": final_qc_task,
        "approve_delivery": approve_delivery,
        "send_back": send_back,
        "export_master": export_master,
    }
)
