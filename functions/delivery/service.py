"""Delivery (SOP step 12): final QC, the export job, and the release package's links."""

from typing import Any

from delivery.models import RESOLUTIONS
from delivery.plan import export_plan
from vibeboard.domain.errors import Conflict, Invalid, NotFound
from vibeboard.domain.formats import Quality, exact_rate
from vibeboard.domain.gates import enforce, evaluate
from vibeboard.domain.ids import child_id, digest
from vibeboard.film import editing
from vibeboard.film.cut import cut_state
from vibeboard.film.locks import export_guard
from vibeboard.film.qc import final_qc
from vibeboard.http.access import Caller
from vibeboard.jobs.admission import JobDraft, admit
from vibeboard.jobs.waiting import read_job
from vibeboard.store import chains, keys, objects
from vibeboard.store.audit import audit_action, now
from vibeboard.store.table import EXISTS, NEW, Item, Put, TransactionRefused, Update, table
from vibeboard.views import JOB_STATUS

FILES = {
    "video": "Master.mov",
    "edl": "Master.edl",
    "sidecar": "Master.json",
    "epk": "EPK.zip",
    "manifest": "manifest.json",
}
CHAINS_PER_EXPORT = 90  # each is tied to the export in its one transaction
RESOLUTION_OF: dict[str, str] = {quality: name for name, quality in RESOLUTIONS.items()}


def rows_of(project_id: str, chain_id: str | None) -> list[tuple[Item, list[Item]]]:
    """The chains that go out: one, or all of the film."""
    if chain_id:
        return [chains.read_chain(project_id, chain_id)]
    rows = [(chain, segments) for chain, segments in chains.chains_of(project_id) if segments]
    if not rows:
        raise Conflict("The film has no shots", code="NOTHING_TO_EXPORT", fix="Shoot it first.")
    return rows


def qc(project_id: str, chain_id: str | None, quality: Quality) -> dict[str, Any]:
    """The five checks in the SOP's shape, with their values under `checks`."""
    facts = final_qc(project_id, rows_of(project_id, chain_id), quality)
    decision = evaluate("finalQC", facts)
    return {name: fact["ok"] for name, fact in facts.items()} | {
        "checks": facts,
        "gate": decision.to_dict(),
        "resolution": RESOLUTION_OF[quality],
    }


def order_export(
    project_id: str, user: str, user_name: str, organization: str, order: dict[str, Any], trace_id: str
) -> dict[str, Any]:
    """Start the export. The same cut ordered again is the same export. Raises GateRefused when final QC fails."""
    quality = RESOLUTIONS[order["resolution"]]
    rows = rows_of(project_id, order.get("sceneChainId"))
    rate = exact_rate(rows[0][0]["frameRate"])
    if order.get("frameRate") is not None and exact_rate(order["frameRate"]) != rate:
        raise Invalid(
            f"The film runs at {rows[0][0]['frameRate']} fps, not {order['frameRate']:g}",
            field="frameRate",
            fix="Leave frameRate out, or export at the contract's rate.",
        )
    facts = final_qc(project_id, rows, quality)
    enforce("finalQC", facts)
    if len(rows) > CHAINS_PER_EXPORT:
        raise Invalid(f"An export takes {CHAINS_PER_EXPORT} scene chains", field="sceneChainId", fix="Export by chain.")
    cut = cut_state(rows, editing.cues_of(project_id))
    export_id = child_id("exp", project_id, digest([cut, order], 24))
    plan_key = keys.export_object(project_id, export_id, "plan.json")
    draft = JobDraft(
        operation="export.master",
        target={"exportId": export_id},
        input={"plan": plan_key, "prefix": keys.export_object(project_id, export_id, "")},
        attempt=_attempt(project_id, export_id),
        model="ffmpeg/conform",
    )
    item: Item = {
        **keys.export(project_id, export_id),
        "exportId": export_id,
        "projectId": project_id,
        "status": "running",
        "order": order,
        "quality": quality,
        "qc": facts,
        "createdBy": user,
        "createdAt": now(),
    }
    guards = [export_guard(chain, export_id) for chain, _ in rows]
    try:
        audit = audit_action(project_id, actor=user, act="export.master", trace_id=trace_id, exportId=export_id)
        table().transact([Put(item, NEW), audit, *guards])
        plan = export_plan(project_id, export_id, rows, quality, order, user, user_name, organization)
        objects.write_json(plan_key, plan)
    except TransactionRefused as refused:
        standing = refused.items[0]
        if standing is None:
            raise _cut_changed() from refused
        _again(standing, guards)
        if not objects.exists(plan_key):
            plan = export_plan(project_id, export_id, rows, quality, order, user, user_name, organization)
            objects.write_json(plan_key, plan)
    job = admit(project_id, user, [draft], trace_id=trace_id)[0]
    return {"exportId": export_id, "jobId": job["jobId"], "status": JOB_STATUS[job["status"]]}


def _again(export: Item, guards: list[Update]) -> None:
    """The same export ordered once more: it runs again unless it is complete, still tied to the locked cut."""
    status = "completed" if export["status"] == "completed" else "running"
    row = Update(keys.export(export["projectId"], export["exportId"]), set={"status": status}, condition=EXISTS)
    try:
        table().transact([row, *guards])
    except TransactionRefused as refused:
        raise _cut_changed() from refused


def _cut_changed() -> Conflict:
    return Conflict(
        "The picture was unlocked, or the cut changed, at this very moment",
        code="LOCKS_CHANGED",
        fix="Read the QC again and repeat.",
    )


def _attempt(project_id: str, export_id: str) -> int:
    """Failed attempts of this export so far, plus one."""
    jobs = table().query(f"PROJECT#{project_id}", "JOB#")
    failed = [
        job for job in jobs if job["target"].get("exportId") == export_id and job["status"] in ("FAILED", "CANCELLED")
    ]
    return len(failed) + 1


def export_job(project_id: str, job_id: str) -> dict[str, Any]:
    """SOP's poll: {status, progress}; with the export id and the links once it is completed."""
    job = read_job(project_id, job_id)
    if job["operation"] != "export.master":
        raise NotFound("No such export job", fix="Use the jobId that export/master answered.")
    export_id = job["target"]["exportId"]
    status = JOB_STATUS[job["status"]].replace("complete", "completed")
    answer = {"jobId": job_id, "exportId": export_id, "status": status, "progress": job.get("progress", 0)}
    if status == "completed":
        answer["links"] = {name: f"/api/exports/{export_id}/{name}" for name in FILES}
    if "error" in job:
        answer["error"] = job["error"]
    return answer


def download(project_id: str, export_id: str, what: str) -> str:
    """A short-lived link to one file of the release package. Raises NotFound, Conflict while it is being made."""
    export = table().get(keys.export(project_id, export_id))
    if export is None:
        raise NotFound("No such export", fix="Check the export id.")
    if export["status"] != "completed":
        raise Conflict(f"The export is {export['status']}", code="EXPORT_NOT_READY", fix="Poll its job.")
    name = FILES[what]
    if name not in export["files"]:
        raise NotFound(f"This export was ordered without {name}", fix="Order it with includeEDL and includeSidecar.")
    link = objects.link(export["files"][name], name=name)
    return str(link)


def qc_for(caller: Caller, chain_id: str | None, resolution: str) -> dict[str, Any]:
    if resolution not in RESOLUTIONS:
        raise Invalid(f"No resolution {resolution}", field="resolution", fix=f"One of {', '.join(RESOLUTIONS)}.")
    return qc(caller.project_id, chain_id, RESOLUTIONS[resolution])
