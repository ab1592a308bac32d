"""Timeline and picture lock (SOP steps 10 and 10.5)."""

from typing import Any

from vibeboard.domain.formats import exact_rate
from vibeboard.domain.timeline import assemble
from vibeboard.film.cut import assemble_film, clip_of, cut_summary
from vibeboard.film.locks import set_picture_lock
from vibeboard.http.access import Caller
from vibeboard.store import chains, objects, projects
from vibeboard.store.table import Item
from vibeboard.views import chain_gates, chain_view

START_TIMECODE = "01:00:00:00"


def timeline(project_id: str, chain_id: str) -> dict[str, Any]:
    """The SOP's clips with links, record timecodes, and the shots that have no footage yet."""
    chain, segments = chains.read_chain(project_id, chain_id)
    shot = [segment for segment in segments if segment.get("clip")]
    clips = [clip_of(chain, segment) for segment in shot]
    rate = exact_rate(chain["frameRate"])
    cut = assemble(clips, rate, START_TIMECODE)
    rows = []
    for segment, clip, event in zip(shot, clips, cut.picture, strict=True):
        media = segment["clip"]
        rows.append(
            clip.to_sop()
            | {
                "videoUrl": objects.link(media["outputKey"]),
                "proxyUrl": objects.link(media.get("proxyKey")),
                "posterUrl": objects.link(media.get("posterKey")),
                "audioUrl": objects.link(media.get("audioKey")),
                "peaksUrl": objects.link(media.get("peaksKey")),
                "cutIn": segment.get("cutIn", "straight"),
                "recordIn": cut.timecode(event.record_in),
                "recordOut": cut.timecode(event.record_out),
                "rev": segment["rev"],
            }
        )
    return {
        "sceneChainId": chain_id,
        "frameRate": chain["frameRate"],
        "startTimecode": cut.start_timecode,
        "frames": cut.frames,
        "duration": round(float(cut.frames / rate), 6),
        "clips": rows,
        "missing": [segment["shotName"] for segment in segments if not segment.get("clip")],
        "pictureLocked": bool(chain.get("pictureLockedAt")),
        "gates": chain_gates(chain),
    }


def first_cut(caller: Caller, chain_id: str, variation: int) -> dict[str, Any]:
    """Trims for this chain's takes, with split edits."""
    project = projects.read(caller.project_id)
    chain, segments = chains.read_chain(caller.project_id, chain_id)
    if chain.get("pictureLockedAt"):
        raise chains.picture_refusal(chain)
    one_chain = project | {"creativeContract": {}, "cutDigest": ""}
    assemble_film(one_chain, [(chain, segments)], variation)
    return timeline(caller.project_id, chain_id)


def picture_lock(caller: Caller, chain_id: str, locked: bool, reason: str) -> Item:
    chain, segments = chains.read_chain(caller.project_id, chain_id)
    set_picture_lock(chain, segments, locked=locked, by=caller.user, reason=reason, trace_id=caller.trace_id)
    chain, segments = chains.read_chain(caller.project_id, chain_id)
    return chain_view(chain, segments) | {
        "sceneChainId": chain_id,
        "lockedBy": chain.get("pictureLockedBy"),
        "lockedAt": chain.get("pictureLockedAt"),
    }


def film_cut(project_id: str) -> dict[str, Any]:
    return cut_summary(chains.chains_of(project_id))
