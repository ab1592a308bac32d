"""The press kit of a finished film: poster, stills, contact sheet and trailer signed, words from the plan."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from media.work import Work
from vibeboard.credentials import c2pa
from vibeboard.credentials.identity import Identity
from vibeboard.domain.timeline import PictureEvent, Timeline
from vibeboard.media.conform import ClipSource
from vibeboard.media.epk import PressKit, build_epk
from vibeboard.media.keyart import draw_poster
from vibeboard.media.probe import MediaInfo
from vibeboard.media.stills import SheetEntry, contact_sheet, frame_image, still

STILL_WIDTH = 1920


def press_kit(
    work: Work,
    plan: dict[str, Any],
    timeline: Timeline,
    sources: dict[str, ClipSource],
    master: MediaInfo,
    trailer: Path,
    signer: Identity,
    out: Path,
) -> None:
    """Writes `out`. Every picture in it carries credentials of its own, because pictures travel alone."""
    shots = {row["clip"]["id"]: row for row in plan["clips"]}
    entries, stills = [], {}
    for event in timeline.picture:
        row, picture = shots[event.clip_id], sources[event.clip_id].picture
        if picture is None:
            continue
        middle = event.source_in + event.frames // 2
        name = row["shotName"]
        stills[name] = still(picture, middle, work.out(f"unsigned/{name}.jpg"), width=STILL_WIDTH)
        entries.append(
            SheetEntry(
                picture,
                middle,
                name,
                row["clip"]["take"],
                timeline.timecode(event.record_in + event.frames // 2),
                plan["quality"],
                f"score {row['score']:.2f}" if row.get("score") is not None else "",
                image=stills[name],
            )
        )
    work.progress(0.9)
    epk, outline = plan["epk"], plan["epk"].get("outline") or {}
    logline = outline.get("logline", epk.get("concept", {}).get("concept", ""))
    credits = _credits(plan)
    best = _poster_event(timeline, shots)
    frame = frame_image(master.path, best.record_in + best.frames // 2, info=master)
    poster = draw_poster(
        frame,
        work.out("unsigned/poster.jpg"),
        title=plan["title"],
        logline=logline,
        credit_lines=_poster_lines(credits),
    )
    kit = PressKit(
        title=plan["title"],
        logline=logline,
        synopsis=outline.get("synopsis", outline.get("logline", "")),
        poster=poster,
        contact_sheet=contact_sheet(entries, work.out("contact-sheet.jpg"), title=plan["title"]),
        trailer=trailer,
        stills=stills,
        style_bible=epk.get("styleBible") or {},
        cast=[_member(member) for member in epk.get("cast", [])],
        credits=credits,
        licences=_licences(plan),
        facts=_facts(plan, timeline, master),
        at=plan["sidecar"]["vibeboardAttribution"]["generatedAt"],
    )
    build_epk(_signed(work, plan, kit, signer), out)


def _signed(work: Work, plan: dict[str, Any], kit: PressKit, signer: Identity) -> PressKit:
    facts = {name: plan["sidecar"][name] for name in ("projectId", "exportId", "ownership")}
    models = plan["sidecar"]["vibeboardAttribution"]["modelsUsed"]

    def sign(path: Path, name: str, made: list[str], edited: str = "") -> Path:
        claim = c2pa.Claim(f"{kit.title}: {name}", made, {c2pa.PROVENANCE: facts | {"film": kit.title}}, edited)
        return c2pa.sign(path, work.out(f"signed/{path.name}"), claim, signer)

    made_of = {row["shotName"]: sorted({part["model"] for part in row["provenance"].values()}) for row in plan["clips"]}
    return replace(
        kit,
        poster=sign(kit.poster, "poster", models, "a frame of the film with its title"),
        trailer=sign(kit.trailer, "trailer", models, "the film, scaled for the web"),
        stills={shot: sign(path, shot, made_of.get(shot, models)) for shot, path in kit.stills.items()},
    )


def _poster_event(timeline: Timeline, shots: dict[str, dict[str, Any]]) -> PictureEvent:
    """The shot of the poster: the best-scored one with the film's lead in it."""
    people = Counter(name for row in shots.values() for name in row["characters"])
    lead = people.most_common(1)[0][0] if people else ""

    def rank(event: PictureEvent) -> tuple[bool, float]:
        row = shots[event.clip_id]
        return lead in row["characters"], row.get("score") or 0.0

    return max(timeline.picture, key=rank)


def _credits(plan: dict[str, Any]) -> list[tuple[str, str]]:
    ownership = plan["sidecar"]["ownership"]
    lines = [("Producer", ownership.get("creatorName") or ownership["creator"])]
    if ownership.get("organization"):
        lines.append(("Studio", ownership["organization"]))
    lines += [(row["role"], row["name"]) for row in plan["epk"]["credits"]]
    lines += [("Cast", str(row.get("name", ""))) for row in plan["epk"]["cast"]]
    lines.append(("Engines", ", ".join(plan["sidecar"]["vibeboardAttribution"]["modelsUsed"])))
    return lines


def _poster_lines(credits: list[tuple[str, str]]) -> list[str]:
    cast = [name for role, name in credits if role == "Cast" and name]
    people = [f"{role} {name}" for role, name in credits if role not in ("Cast", "Studio", "Engines")]
    studio = next((name for role, name in credits if role == "Studio"), "")
    return [f"with {', '.join(cast[:6])}" if cast else "", " / ".join(people[:6]), studio]


def _member(member: dict[str, Any]) -> dict[str, Any]:
    """What the press may know of a character; keys, jobs and revisions stay in the house."""
    shown = ("name", "attributes", "wardrobeRules", "lightingRules", "poseGuidance", "triggerWord", "loraId")
    return {name: member[name] for name in shown if member.get(name)}


def _licences(plan: dict[str, Any]) -> list[tuple[str, str]]:
    rows = [("Film", plan["sidecar"]["ownership"]["rights"])]
    rows += [(model, terms["terms"]) for model, terms in plan["sidecar"].get("licences", {}).items()]
    rows += [
        (f"Reference {row['name']}", row["licence"] or "supplied by the production; terms not stated")
        for row in plan["epk"].get("references", [])
    ]
    return rows


def _facts(plan: dict[str, Any], timeline: Timeline, master: MediaInfo) -> list[tuple[str, str]]:
    seconds = round(float(timeline.frames / timeline.rate))
    contract, concept = plan["sidecar"].get("creativeContract", {}), plan["epk"].get("concept", {})
    billing = plan["sidecar"]["vibeboardAttribution"].get("billing", "")
    rows = [
        ("Format", str(contract.get("targetFormat", ""))),
        ("Genre", " / ".join(str(concept[name]) for name in ("genre", "tone") if concept.get(name))),
        ("Length", f"{seconds // 60}:{seconds % 60:02d}"),
        ("Picture", f"{master.width} x {master.height}, {float(timeline.rate):.5g} fps"),
        ("Aspect ratio", str(contract.get("aspectRatio", ""))),
        ("Sound", "Stereo" if timeline.sound else "Silent"),
        ("Made by", "sandbox engines: an animatic" if billing == "sandbox" else ""),
    ]
    return [(name, value) for name, value in rows if value]
