"""The export plan: everything the container needs to conform, describe and pack a film, as one JSON in S3."""

from dataclasses import asdict
from typing import Any

from delivery.provenance import history_of, licences, shot_history
from vibeboard import __version__
from vibeboard.domain.formats import Quality, exact_rate, frame_size
from vibeboard.domain.pricing import to_usd
from vibeboard.domain.timecode import uses_drop_frame
from vibeboard.film import editing
from vibeboard.film.cut import START_TIMECODE, clip_of, cues_of, markers_of
from vibeboard.film.passes import pictures
from vibeboard.store import keys, ledger
from vibeboard.store.audit import now
from vibeboard.store.projects import read as read_project
from vibeboard.store.table import Item, public, table

RIGHTS = "All rights reserved"
LOUDNESS = {"prores": -23.0, "prores4444": -23.0, "h264": -14.0}  # LUFS: EBU R 128 for broadcast, streaming for the web
CODECS = {"prores": "prores_hq", "prores4444": "prores_4444", "h264": "h264"}


def export_plan(
    project_id: str,
    export_id: str,
    rows: list[tuple[Item, list[Item]]],
    quality: Quality,
    order: dict[str, Any],
    user: str,
    user_name: str,
    organization: str,
) -> dict[str, Any]:
    """{project, rate, size, clips, sidecar, epk}. Clips are in record order; media are S3 keys."""
    project = read_project(project_id)
    budget = ledger.read(project_id)
    found = pictures(project_id, quality)
    rate = exact_rate(rows[0][0]["frameRate"])
    history = history_of(project_id)
    clips = [
        _clip(chain, segment, found[segment["id"]], first=index == 0)
        | shot_history(history, chain, segment, found[segment["id"]])
        for chain, segments in rows
        for index, segment in enumerate(segments)
    ]
    sounds = editing.cues_of(project_id)
    partition = f"PROJECT#{project_id}"
    bible = table().get(keys.bible(project_id))
    outlines = table().query(partition, "OUTLINE#", newest_first=True, limit=1)
    models = sorted({clip["provenance"][part]["model"] for clip in clips for part in clip["provenance"]})
    return {
        "exportId": export_id,
        "title": project["title"],
        "rate": [rate.numerator, rate.denominator],
        "dropFrame": uses_drop_frame(rate),
        "startTimecode": START_TIMECODE,
        "size": list(frame_size(rows[0][0]["aspectRatio"], quality)),
        "codec": CODECS[order["format"]],
        "loudness": order.get("loudnessTarget") or LOUDNESS[order["format"]],
        "quality": quality,
        "include": {"edl": order["includeEDL"], "sidecar": order["includeSidecar"]},
        "clips": clips,
        "cues": [
            {"cue": cue.to_sop(), "sound": next(row["sound"] for row in sounds if row["id"] == cue.id)}
            for cue in cues_of(rows, sounds)
        ],
        "markers": [asdict(marker) for marker in markers_of(rows)],
        "sidecar": {
            "projectId": project_id,
            "exportId": export_id,
            "ownership": {
                "creator": user,
                "creatorName": user_name,
                "organization": organization or project.get("organization", ""),
                "rights": project.get("rights", RIGHTS),
            },
            "vibeboardAttribution": {
                "version": ".".join(__version__.split(".")[:2]),
                "generatedAt": now(),
                "modelsUsed": models,
                "totalCost": to_usd(budget["committed"]),
                "billing": budget["billing"],
            },
            "creativeContract": project["creativeContract"],
            "budget": ledger.statement(budget),
            "approvals": history.approvals,
            "hours": {"engine": history.engine_hours},
            "licences": licences([*models, *(take["model"] for clip in clips for take in clip["takes"])]),
        },
        "epk": {
            "outline": public(outlines[0]).get("outline") if outlines else None,
            "styleBible": public(bible) if bible else None,
            "cast": [public(item) for item in table().query(partition, "CHARACTER#")],
            "credits": project.get("credits", []),
            "concept": project.get("concept", {}),
            "references": [
                {"name": row["name"], "licence": row.get("licence", "")} for row in project.get("references", [])
            ],
            "format": project["creativeContract"],
        },
    }


def _clip(chain: Item, segment: Item, picture: dict[str, Any], *, first: bool) -> dict[str, Any]:
    """One clip with its media and its whole provenance chain: frames, take, pass, review and locks."""
    clip = segment["clip"]
    provenance = {
        name: {
            "model": segment[f"{name}Frame"]["model"],
            "requestedModel": segment[f"{name}Frame"].get("requestedModel", ""),
            "seed": segment[f"{name}Frame"].get("seed"),
            "takeId": segment[f"{name}Frame"]["takeId"],
            "reason": segment[f"{name}Frame"].get("reason", ""),
        }
        for name in ("first", "last")
        if f"{name}Frame" in segment
    }
    provenance["clip"] = {
        "model": clip["model"],
        "requestedModel": clip.get("requestedModel", ""),
        "seed": clip["seed"],
        "takeId": clip["takeId"],
        "takeNumber": clip["number"],
        "operation": clip["operation"],
        "at": clip["at"],
    }
    provenance["pass"] = {"model": picture["model"], "seed": picture["seed"], "quality": picture["quality"]}
    return {
        "clip": clip_of(chain, segment, first=first).to_sop(),
        "picture": picture["key"],
        "sound": clip.get("audioKey"),
        "sceneChainId": chain["id"],
        "shotName": segment["shotName"],
        "prompt": segment["prompt"],
        "negativePrompt": segment.get("negativePrompt", ""),
        "masterStyleContext": chain.get("masterStyleContext", ""),
        "score": segment.get("score"),
        "issues": [issue["name"] for issue in segment.get("report", {}).get("issues", [])],
        "reviewedBy": segment.get("reviewedBy"),
        "lockedBy": segment.get("lockedBy"),
        "lockedAt": segment.get("lockedAt"),
        "pictureLockedBy": chain.get("pictureLockedBy"),
        "pictureLockedAt": chain.get("pictureLockedAt"),
        "characters": segment.get("characters", []),
        "place": segment.get("place", ""),
        "provenance": provenance,
    }
