"""Delivery (SOP step 12): final QC, the export job, and the release package's links."""

import re
from typing import Any

from boto3.dynamodb.conditions import Attr

from delivery.models import RESOLUTIONS
from delivery.plan import CODECS, export_plan
from vibeboard.domain.errors import Conflict, Invalid, NotFound
from vibeboard.domain.formats import Quality, exact_rate, frame_size
from vibeboard.domain.gates import enforce, evaluate
from vibeboard.domain.ids import child_id, digest
from vibeboard.domain.masters import longest_frames
from vibeboard.film import editing
from vibeboard.film.cut import cut_state, film_timeline
from vibeboard.film.locks import export_guard
from vibeboard.film.qc import final_qc
from vibeboard.http.access import Caller
from vibeboard.http.deciding import Decision
from vibeboard.jobs.admission import Guard, JobDraft, admit
from vibeboard.jobs.waiting import read_job
from vibeboard.providers import settings
from vibeboard.providers.settings import NotSet
from vibeboard.store import chains, keys, objects
from vibeboard.store.audit import audit_action, now
from vibeboard.store.projects import read as read_project
from vibeboard.store.table import NEW, Item, Put, Update, public, table
from vibeboard.views import JOB_STATUS

FILES = {  # the SOP's names for files of the package; every other file goes by its own
    "video": "Master.mov",
    "edl": "Master.edl",
    "sidecar": "Master.json",
    "epk": "EPK.zip",
    "manifest": "manifest.json",
}
TRUST = "credentials.pem"  # the root that verifiers are given
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
    project_id: str,
    user: str,
    user_name: str,
    organization: str,
    order: dict[str, Any],
    trace_id: str,
    decision: Decision | None = None,
) -> dict[str, Any]:
    """Start the export. The same cut ordered again is the same export. Raises GateRefused when final QC fails."""
    if decision:  # a plan tells nearly everything there is, so a request reads it at once
        table().query(f"PROJECT#{project_id}")
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
    sounds = editing.cues_of(project_id)
    cut = cut_state(rows, sounds)
    _fits_a_function(rows, film_timeline(rows, sounds).frames, quality, order["format"])
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
    standing = table().get(keys.export(project_id, export_id))
    if standing is None or not objects.exists(plan_key):
        plan = export_plan(project_id, export_id, rows, quality, order, user, user_name, organization)
        objects.write_json(plan_key, plan)
    facts_of = {"actor": user, "act": "export.master", "trace_id": trace_id, "exportId": export_id}

    def answer(job: Item) -> dict[str, Any]:
        return {"exportId": export_id, "jobId": job["jobId"], "status": JOB_STATUS[job["status"]]}

    while True:
        start = _again(standing) if standing else Put(item, NEW)
        guards = [
            Guard(start, _ExportMoved),
            *(Guard(export_guard(chain, export_id), lambda _standing: _cut_changed()) for chain, _ in rows),
        ]
        if not standing:
            guards.append(Guard(audit_action(project_id, **facts_of), lambda _standing: _cut_changed()))
        try:
            proof = (lambda jobs: decision.proof(answer(jobs[0]))) if decision else None
            return answer(admit(project_id, user, [draft], guards=guards, proof=proof, trace_id=trace_id)[0])
        except _ExportMoved as moved:  # ordered, or finished, at this very moment
            standing = moved.standing


class _ExportMoved(Exception):
    def __init__(self, standing: Item | None) -> None:
        super().__init__("the export moved")
        self.standing = standing


def _fits_a_function(rows: list[tuple[Item, list[Item]]], frames: int, quality: Quality, form: str) -> None:
    """Raises Invalid for a film that one function cannot master; it goes out in reels (domain/masters.py)."""
    rate, size = exact_rate(rows[0][0]["frameRate"]), frame_size(rows[0][0]["aspectRatio"], quality)
    longest = longest_frames(CODECS[form], size, rate)
    if frames > longest:
        raise Invalid(
            f"{float(frames / rate):.1f} s at {size[0]}x{size[1]}: one function masters {float(longest / rate):.1f} s",
            code="EXPORT_TOO_LONG",
            field="sceneChainId",
            fix="Export each scene chain as a reel of its own, or choose a smaller resolution or h264.",
            longestSeconds=round(float(longest / rate), 3),
        )


def _again(export: Item) -> Update:
    """The same export ordered once more: it runs again unless it is complete."""
    status = "completed" if export["status"] == "completed" else "running"
    as_read = Attr("status").eq(export["status"])
    return Update(keys.export(export["projectId"], export["exportId"]), set={"status": status}, condition=as_read)


def _cut_changed() -> Conflict:
    return Conflict(
        "The picture was unlocked, or the cut changed, at this very moment",
        code="LOCKS_CHANGED",
        fix="Read the QC again and repeat.",
    )


def publish(decision: Decision, export_id: str, order: dict[str, Any]) -> dict[str, Any]:
    """Upload a finished film, as a job that may break and go on. The same order again is the same upload.

    Raises Conflict while the export is not finished, NotSet when the deployment has no channel.
    """
    caller = decision.caller
    project_id, export = caller.project_id, _export(caller.project_id, export_id)
    if export["status"] != "completed":
        raise Conflict(f"The export is {export['status']}", code="EXPORT_NOT_READY", fix="Poll its job.")
    for name in ("YOUTUBE_CLIENT_ID", "YOUTUBE_CLIENT_SECRET", "YOUTUBE_REFRESH_TOKEN"):
        if not settings.get(name):
            raise NotSet(f"{name} is not set", fix="Authorise a channel for this deployment and set it.")
    key = export.get("web") if order["rendition"] == "web" else export["files"].get(FILES["video"])
    if not key:
        raise NotFound("This export holds no such rendition", fix="Publish the master.")
    project = read_project(project_id)
    video = {
        "title": order["title"] or re.sub("[<>]", "", project["title"])[:100],
        "description": order["description"] if order["description"] is not None else "",
        "tags": order["tags"],
        "privacy": order["privacyStatus"],
        "madeForKids": order["madeForKids"],
    }
    draft = JobDraft(
        operation="export.publish",
        target={"exportId": export_id},
        input={"key": key, "size": objects.size(key), "video": video, "platform": order["platform"]},
        attempt=_attempt(project_id, export_id, "export.publish"),
        model="youtube/upload",
    )
    audit = audit_action(
        project_id, actor=caller.user, act="export.publish", trace_id=caller.trace_id, exportId=export_id, video=video
    )

    def answer(job: Item) -> dict[str, Any]:
        status = JOB_STATUS[job["status"]]
        return {"exportId": export_id, "jobId": job["jobId"], "status": status, "privacyStatus": order["privacyStatus"]}

    jobs = admit(
        project_id,
        caller.user,
        [draft],
        guards=[Guard(audit, lambda _standing: Conflict("The audit row is there already"))],
        proof=lambda jobs: decision.proof(answer(jobs[0])),
        trace_id=caller.trace_id,
    )
    return answer(jobs[0])


def _attempt(project_id: str, export_id: str, operation: str = "export.master") -> int:
    """Failed attempts of this export so far, plus one."""
    jobs = table().query(f"PROJECT#{project_id}", "JOB#")
    failed = [
        job
        for job in jobs
        if job["target"].get("exportId") == export_id
        and job["operation"] == operation
        and job["status"] in ("FAILED", "CANCELLED")
    ]
    return len(failed) + 1


def export_job(project_id: str, job_id: str) -> dict[str, Any]:
    """SOP's poll: {status, progress}; with the export id and the links once it is completed."""
    job = read_job(project_id, job_id)
    if job["operation"] not in ("export.master", "export.publish"):
        raise NotFound("No such export job", fix="Use the jobId that export/master answered.")
    export_id = job["target"]["exportId"]
    status = JOB_STATUS[job["status"]].replace("complete", "completed")
    answer = {"jobId": job_id, "exportId": export_id, "status": status, "progress": job.get("progress", 0)}
    if status == "completed" and job["operation"] == "export.publish":
        answer |= {name: job["result"][name] for name in ("platform", "videoId", "url", "privacyStatus")}
    elif status == "completed":
        export = _export(project_id, export_id)
        answer["links"] = _links(export)
        answer["qc"] = export.get("qcMaster", [])
    if "error" in job:
        answer["error"] = job["error"]
    return answer


def read_export(project_id: str, export_id: str) -> dict[str, Any]:
    """What was ordered, what came of it, every check with its value, and where each file is."""
    export = _export(project_id, export_id)
    view = public(export, hide=("files", "trust", "qc", "qcMaster", "web"))
    return view | {
        "preExport": export.get("qc", {}),
        "qc": export.get("qcMaster", []),
        "links": _links(export) if export["status"] == "completed" else {},
    }


def _links(export: Item) -> dict[str, str]:
    """Name -> route of every file of a finished package, and of the root certificate its signatures end at."""
    base, known = f"/api/exports/{export['exportId']}", {file: name for name, file in FILES.items()}
    links = {known.get(file, file): f"{base}/{known.get(file, f'files/{file}')}" for file in sorted(export["files"])}
    return links | ({TRUST: f"{base}/files/{TRUST}"} if export.get("trust") else {})


def download(project_id: str, export_id: str, what: str) -> str:
    """A short-lived link to one file of the release package, by the SOP's name for it or by its own.

    Raises NotFound, Conflict while it is being made.
    """
    export = _export(project_id, export_id)
    if export["status"] != "completed":
        raise Conflict(f"The export is {export['status']}", code="EXPORT_NOT_READY", fix="Poll its job.")
    name = FILES.get(what, what)
    files = export["files"] | ({TRUST: export["trust"]} if export.get("trust") else {})
    if name not in files:
        fix = "Order it with includeEDL and includeSidecar." if what in FILES else f"One of {', '.join(sorted(files))}."
        raise NotFound(f"This export holds no {name}", fix=fix)
    return str(objects.link(files[name], name=name))


def _export(project_id: str, export_id: str) -> Item:
    export = table().get(keys.export(project_id, export_id))
    if export is None:
        raise NotFound("No such export", fix="Check the export id.")
    return export


def qc_for(caller: Caller, chain_id: str | None, resolution: str) -> dict[str, Any]:
    if resolution not in RESOLUTIONS:
        raise Invalid(f"No resolution {resolution}", field="resolution", fix=f"One of {', '.join(RESOLUTIONS)}.")
    return qc(caller.project_id, chain_id, RESOLUTIONS[resolution])
