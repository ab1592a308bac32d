"""`vibeboard film`: from a brief to a release package, through the API and the real state machines.

The command is a client like any other: it creates the project, uploads the references, starts the production, decides
the approvals and fetches the package. What it must remember between runs lies in a hidden folder beside OUT.
"""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from local.aws import EmbeddedAws
from local.client import Studio, seed_crew
from local.errors import CommandFailed, Exit
from local.progress import Reporter, steps_of
from vibeboard.domain.brief import Brief, load_brief
from vibeboard.domain.roles import ROLES
from vibeboard.media.verify import verify_package
from vibeboard.providers.screenplay import read_screenplay

TEMPLATE = Path(__file__).parent.parent / "template.yaml"
TRUST = "credentials.pem"  # the studio's root certificate; kept with the studio, not in the package
PACKAGE = {  # the API's names of the package's own files; further ones go by their file names
    "video": "Master.mov",
    "edl": "Master.edl",
    "sidecar": "Master.json",
    "epk": "EPK.zip",
    "manifest": "manifest.json",
}
POLL_SECONDS = (0.3, 1.5)  # the run is asked for this often while it moves, and while it stands
JOBS_SECONDS = 4.0  # a page of jobs is dearer to read than the run
SHOT_SECONDS = 5.0  # what a shot lasts when the brief names no number of shots
QUIET_SECONDS = 900.0  # no job, phase or approval moved for so long: something is wrong


@dataclass(frozen=True)
class Verdict:
    """A decision on an approval. `note.shots` may name the shots a rejection is about."""

    approve: bool
    reason: str = ""
    note: dict[str, Any] = field(default_factory=dict)


Decide = Callable[[dict[str, Any], Studio], Verdict]


def approve_all(_approval: dict[str, Any], _studio: Studio) -> Verdict:
    """What `--approve auto` decides."""
    return Verdict(True, "approved by --approve auto")


def make_film(
    brief_path: Path, out: Path, *, quality: str | None = None, decide: Decide = approve_all, report: Reporter
) -> dict[str, Any]:
    """Make the film of a brief in `out`; answers the summary that `--json` prints.

    Run again with the same `out`, it goes on where it stopped and pays and renders nothing twice.
    Raises BriefInvalid, CommandFailed.
    """
    brief = load_brief(brief_path, read_screenplay)
    quality = quality or brief.quality
    mark = _mark_of(brief, brief_path, quality)
    memory = _remember(out, mark, brief_path)
    if memory.get("summary") and all((out / name).exists() for name in memory["summary"]["package"]):
        report.say("The film is there already; checking the package")
        return _verified(out, memory["summary"])
    report.expect(brief.shots or round(brief.creative_contract.target_runtime / SHOT_SECONDS) or 1)
    started = time.monotonic()
    with EmbeddedAws(TEMPLATE, state_of(out)) as aws:
        seed_crew(aws)
        studio = Studio(aws)
        report.say(f"Studio up at {studio.url} in {time.monotonic() - started:.1f} s")
        project_id = _project(studio, brief, memory, report)
        _write_memory(out, memory | {"projectId": project_id})
        _recover(aws)
        studio.call("POST", f"/api/projects/{project_id}/production", {"quality": quality})
        run = _produce(studio, project_id, decide, report)
        summary = _deliver(studio, project_id, run, out, report)
    summary["steps"]["total"] = round(time.monotonic() - started, 1)
    memory["summary"] = summary
    _write_memory(out, memory)
    return _verified(out, summary)


def state_of(out: Path) -> Path:
    """Where the studio of a film keeps its items and media, so that a killed film goes on: `.<name>.studio`."""
    whole = out.resolve()
    return whole.with_name(f".{whole.name}.studio")


def anchors_for(package: Path) -> str:
    """The root certificate of the studio that lies beside a package, "" when none does."""
    root = state_of(package) / TRUST
    return root.read_text(encoding="utf-8") if root.is_file() else ""


def _mark_of(brief: Brief, brief_path: Path, quality: str) -> str:
    """Tells one film from another: the brief, every file it names, and the quality."""
    files = [brief_path, *brief.reference_paths, *([brief.screenplay_path] if brief.screenplay_path else [])]
    return hashlib.sha256(b"".join(path.read_bytes() for path in files) + quality.encode()).hexdigest()[:16]


def project_body(brief: Brief) -> dict[str, Any]:
    """What `POST /api/projects` is sent for a brief; its files follow as uploads."""
    given = brief.model_dump(by_alias=True, exclude_none=True, mode="json")
    body = {name: given[name] for name in ("title", "concept", "shots", "seed", "optics", "credits") if given.get(name)}
    return body | {"creativeContract": given["creativeContract"] | {"referencePack": []}}


def _remember(out: Path, mark: str, brief_path: Path) -> dict[str, Any]:
    """What an earlier run left in `out`. Raises CommandFailed when it is another film."""
    path = state_of(out) / "film.json"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        memory: dict[str, Any] = {"brief": mark}
        _write_memory(out, memory)
        return memory
    memory = json.loads(path.read_text(encoding="utf-8"))
    if memory["brief"] != mark:
        raise CommandFailed(
            Exit.CONFLICT,
            f"{out} holds another film",
            why=f"it was begun from another brief or quality than {brief_path.name}",
            fix="choose another --out, or remove that folder",
        )
    return memory


def _write_memory(out: Path, memory: dict[str, Any]) -> None:
    path = state_of(out) / "film.json"
    part = path.with_suffix(".part")
    part.write_text(json.dumps(memory, indent=1), encoding="utf-8")
    part.replace(path)


def _project(studio: Studio, brief: Brief, memory: dict[str, Any], report: Reporter) -> str:
    """The film's project: the one begun earlier, or a new one with its references and screenplay."""
    if "projectId" not in memory:
        made = studio.call("POST", "/api/projects", project_body(brief), key=f"film-{memory['brief']}")
        memory["projectId"] = made["projectId"]
    project_id = str(memory["projectId"])
    project = studio.call("GET", f"/api/projects/{project_id}")
    if project.get("contractLocked"):
        return project_id
    known = {reference["name"] for reference in project.get("references", [])}
    for path in brief.reference_paths:
        if path.name not in known:
            report.say(f"Uploading {path.name}")
            studio.upload(project_id, path, "reference")
    if brief.screenplay_path and not project.get("screenplayKey"):
        report.say(f"Uploading {brief.screenplay_path.name}")
        studio.upload(project_id, brief.screenplay_path, "screenplay")
    return project_id


def _recover(aws: EmbeddedAws) -> None:
    """Queues and executions ended with the last process: hand what is open back to the engines at once."""
    payload = json.dumps({"resendAfterSeconds": 0, "redoAfterSeconds": 0}).encode()
    aws.client("lambda").invoke(FunctionName=aws.resources["JobsReconcileFunction"], Payload=payload)


def _produce(studio: Studio, project_id: str, decide: Decide, report: Reporter) -> dict[str, Any]:
    """Follow the production to its end, deciding what it asks. Raises CommandFailed unless the film is delivered."""
    seen: tuple[Any, ...] = ()
    moved = time.monotonic()
    looked, jobs, nap = 0.0, _jobs(studio, project_id), POLL_SECONDS[0]
    while True:
        run: dict[str, Any] = studio.call("GET", f"/api/projects/{project_id}/production")
        if time.monotonic() - looked > JOBS_SECONDS:
            looked, jobs = time.monotonic(), _jobs(studio, project_id)
            report.show(run, jobs)
        if run["status"] == "DELIVERED":
            return run | {"jobs": _jobs(studio, project_id)["items"]}
        if run["status"] != "RUNNING":
            _stopped(studio, project_id, run)
        for approval in run["waitingFor"]:
            verdict = decide(approval, studio)
            report.decided(approval, verdict.approve)
            studio.call(
                "POST",
                f"/api/approvals/{approval['approvalId']}/decision",
                {
                    "decision": "approve" if verdict.approve else "reject",
                    "reason": verdict.reason,
                    "note": verdict.note,
                },
                role=approval["requiredRole"] if approval["requiredRole"] in ROLES else "owner",
            )
            moved = time.monotonic()
        state = (run["phase"], jobs["counts"], [job["progress"] for job in jobs["items"]])
        if state != seen:
            # What a job has done of itself changes all the time; a job more or less may mean that somebody is asked.
            nap = POLL_SECONDS[0] if state[:2] != seen[:2] else nap
            seen, moved = state, time.monotonic()
        if time.monotonic() - moved > QUIET_SECONDS:
            raise CommandFailed(
                Exit.UNEXPECTED,
                "The production stands still",
                why=f"nothing moved for {QUIET_SECONDS:.0f} s in phase {run['phase']}",
                fix="run the same command again; it goes on where it stopped",
            )
        time.sleep(nap)
        nap = min(nap * 1.3, POLL_SECONDS[1])


def _jobs(studio: Studio, project_id: str) -> dict[str, Any]:
    """Every job of the film, page after page, with the counts of all."""
    items: list[dict[str, Any]] = []
    counts: dict[str, int] = {}
    cursor = ""
    while True:
        page = studio.call("GET", f"/api/projects/{project_id}/jobs?limit=500&cursor={quote(cursor)}")
        items += page["items"]
        for status, count in page["counts"].items():
            counts[status] = counts.get(status, 0) + count
        cursor = page["nextCursor"] or ""
        if not cursor:
            return {"items": items, "counts": counts}


def _stopped(studio: Studio, project_id: str, run: dict[str, Any]) -> None:
    log = studio.call("GET", f"/api/projects/{project_id}/operations-log")["items"]
    last = log[0]["error"] if log else ""
    codes = {"REFUSED": Exit.GATE_REFUSED, "DECLINED": Exit.GATE_REFUSED, "STOPPED": Exit.GATE_REFUSED}
    raise CommandFailed(
        codes.get(run["status"], Exit.UNEXPECTED),
        f"The production ended: {run['status']}",
        why=" · ".join(filter(None, [str(run.get("detail", ""))[:600], last])),
        fix="mend the cause, then run the same command again",
    )


def _deliver(studio: Studio, project_id: str, run: dict[str, Any], out: Path, report: Reporter) -> dict[str, Any]:
    """Fetch the package and say what was made."""
    out.mkdir(parents=True, exist_ok=True)
    export_id = run["detail"]
    links = studio.call("GET", f"/api/exports/{export_id}")["links"]
    names = {what: PACKAGE.get(what, what) for what in links}
    for what, route in links.items():
        report.say(f"Fetching {names[what]}")
        folder = state_of(out) if what == TRUST else out
        studio.download(studio.call("GET", route)["location"], folder / names[what])
    package = [name for name in PACKAGE.values() if name in names.values()]
    package += sorted(set(names.values()) - set(package) - {TRUST})
    sidecar = json.loads((out / "Master.json").read_text(encoding="utf-8"))
    statement = studio.call("GET", f"/api/projects/{project_id}/statement")
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    budget = statement["budget"]
    return {
        "projectId": project_id,
        "exportId": export_id,
        "package": {name: str(out / name) for name in package},
        "sizes": {name: (out / name).stat().st_size for name in package},
        "steps": steps_of(run),
        "spend": {
            "committed": budget["committed"],
            "cap": budget["budgetCap"],
            "overrides": budget["overrides"],
            "billing": budget["billing"],
        },
        "gates": studio.call("GET", f"/api/projects/{project_id}/gates")["gates"],
        "approvals": [
            {"gate": item["gate"], "decision": item["status"], "by": item.get("decidedBy")}
            for item in studio.call("GET", f"/api/projects/{project_id}/approvals")["items"]
        ],
        "jobs": _counted(run["jobs"]),
        "shots": len(sidecar["clips"]),
        "frames": manifest["frames"],
        "fps": manifest["rate"],
        "seconds": manifest["seconds"],
    }


def _counted(jobs: list[dict[str, Any]]) -> dict[str, int]:
    """How many jobs the film took, how many of them failed, and how many takes the most repeated target needed."""
    return {
        "total": len(jobs),
        "failed": sum(1 for job in jobs if job["status"] == "failed"),
        "mostTakes": max((job["attempt"] for job in jobs), default=0),
    }


def _verified(out: Path, summary: dict[str, Any]) -> dict[str, Any]:
    result = verify_package(out, anchors_for(out))
    if not result.valid:
        faults = "; ".join(f"{check.name}: {check.reason}" for check in result.checks if not check.ok)
        raise CommandFailed(
            Exit.VERIFICATION_FAILED,
            "The package does not verify",
            why=faults,
            fix=f"remove {out / 'manifest.json'} and run the same command again to fetch it anew",
        )
    return summary | {"verified": True}
