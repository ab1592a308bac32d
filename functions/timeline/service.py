"""Timeline and picture lock (SOP steps 10 and 10.5)."""

from typing import Any

from vibeboard.domain.formats import exact_rate, frames_of
from vibeboard.domain.ids import digest
from vibeboard.domain.timeline import Timeline
from vibeboard.domain.tracks import Cue
from vibeboard.film import editing
from vibeboard.film.cut import START_TIMECODE, assemble_film, clip_of, cut_state, cut_summary, film_timeline
from vibeboard.film.locks import set_picture_lock
from vibeboard.http.access import Caller
from vibeboard.jobs.admission import JobDraft, admit
from vibeboard.store import chains, keys, objects, projects
from vibeboard.store.table import Item, public
from vibeboard.views import chain_gates, chain_view, job_view

PREVIEW_LINES = 540  # short side of a conform preview


def timeline(project_id: str, chain_id: str) -> dict[str, Any]:
    """The SOP's clips with links, record timecodes and transitions, cues, markers, and the shots without footage."""
    return _view(editing.read_cut(project_id, chain_id))


def _view(cut: editing.Cut) -> dict[str, Any]:
    chain = cut.chain
    shot = [segment for segment in cut.segments if segment.get("clip")]
    rate = exact_rate(chain["frameRate"])
    made = film_timeline([(chain, shot)], cut.cues) if shot else Timeline(rate, frames_of(3600, rate), ())
    rows = [_clip(chain, index, segment, made) for index, segment in enumerate(shot)]
    return {
        "sceneChainId": chain["id"],
        "frameRate": chain["frameRate"],
        "startTimecode": made.start_timecode,
        "frames": made.frames,
        "duration": round(float(made.frames / rate), 6),
        "revision": chain.get("cutRev", 0),
        "transitionStyle": chain.get("transitionStyle", "cut"),
        "clips": rows,
        "cues": [cue_view(cue) for cue in cut.cues],
        "markers": chain.get("markers", []),
        "missing": [segment["shotName"] for segment in cut.segments if not segment.get("clip")],
        "previewUrl": objects.link(chain.get("previewKey")),
        "pictureLocked": bool(chain.get("pictureLockedAt")),
        "gates": chain_gates(chain),
    }


def _clip(chain: Item, index: int, segment: Item, made: Timeline) -> dict[str, Any]:
    media, event = segment["clip"], made.picture[index]
    clip = clip_of(chain, segment, first=index == 0)
    joined = event.dissolve or event.fade_in
    return clip.to_sop() | {
        "videoUrl": objects.link(media["outputKey"]),
        "proxyUrl": objects.link(media.get("proxyKey")),
        "posterUrl": objects.link(media.get("posterKey")),
        "audioUrl": objects.link(media.get("audioKey")),
        "peaksUrl": objects.link(media.get("peaksKey")),
        "cutIn": segment.get("cutIn", "straight"),
        # What the media allow: a dissolve needs frames of the shot before beyond its cut.
        "transitionFrames": joined,
        "recordIn": made.timecode(event.record_in),
        "recordOut": made.timecode(event.record_out),
        "rev": segment["rev"],
    }


def cue_view(cue: Item) -> dict[str, Any]:
    return public(cue, hide=("sound", "peaks")) | {
        "audioUrl": objects.link(cue.get("sound")),
        "peaksUrl": objects.link(cue.get("peaks")),
        "status": "ready" if "sound" in cue else cue.get("status", "making"),
    }


def set_markers(caller: Caller, chain_id: str, markers: list[dict[str, Any]]) -> dict[str, Any]:
    """Notes on the record; free under picture lock."""
    change = editing.Change("markers", chain={"markers": sorted(markers, key=lambda row: row["at"])})
    return _view(editing.edit(caller.project_id, chain_id, caller.user, lambda _cut: change))


def revisions(project_id: str, chain_id: str) -> dict[str, Any]:
    """Edits of the cut, newest first, each with what was and what is."""
    chain, _ = chains.read_chain(project_id, chain_id)
    return {"revision": chain.get("cutRev", 0), "revisions": editing.revisions(project_id, chain_id)}


def restore(caller: Caller, chain_id: str, revision: int) -> dict[str, Any]:
    """The cut as it was after a revision; one more edit, so it can be undone too."""
    return _view(editing.restore(caller.project_id, chain_id, revision, caller.user))


def preview(caller: Caller, chain_id: str) -> Item:
    """Order the cut as one small film (540 lines, H.264) from the proxies. The same cut is the same job."""
    cut = editing.read_cut(caller.project_id, chain_id)
    rows = [(cut.chain, cut.segments)]
    made = film_timeline(rows, cut.cues)
    state = digest(cut_state(rows, cut.cues), 24)
    key = keys.job_object(caller.project_id, f"preview-{state}", "plan.json")
    plan = {
        "rate": [made.rate.numerator, made.rate.denominator],
        "dropFrame": made.drop_frame,
        "startTimecode": START_TIMECODE,
        "lines": PREVIEW_LINES,
        "aspectRatio": cut.chain["aspectRatio"],
        "clips": [
            {
                "clip": clip_of(cut.chain, segment, first=index == 0).to_sop(),
                "picture": segment["clip"].get("proxyKey") or segment["clip"]["outputKey"],
                "sound": segment["clip"].get("audioKey"),
                "shotName": segment["shotName"],
            }
            for index, segment in enumerate(cut.segments)
        ],
        "cues": [{"cue": Cue.from_sop(cue).to_sop(), "sound": cue["sound"]} for cue in cut.cues if "sound" in cue],
    }
    objects.write_json(key, plan)
    draft = JobDraft("timeline.preview", {"chainId": chain_id}, {"plan": key}, model="ffmpeg/conform")
    return job_view(admit(caller.project_id, caller.user, [draft], trace_id=caller.trace_id)[0])


def first_cut(caller: Caller, chain_id: str, variation: int) -> dict[str, Any]:
    """Trims for this chain's takes, with split edits."""
    project = projects.read(caller.project_id)
    chain, segments = chains.read_chain(caller.project_id, chain_id)
    if chain.get("pictureLockedAt"):
        raise chains.picture_refusal(chain)
    one_chain = project | {"creativeContract": {}, "cutDigest": ""}
    assemble_film(one_chain, [(chain, segments)], variation, caller.user)
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
