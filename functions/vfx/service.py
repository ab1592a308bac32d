"""VFX Suite (SOP step 9): only approved, unlocked shots; a new take each time."""

from typing import Any

from vibeboard.domain.gates import enforce
from vibeboard.film.vfx import vfx_draft
from vibeboard.http.access import Caller
from vibeboard.jobs.admission import admit
from vibeboard.jobs.drafts import frame_draft, unlocked_guard
from vibeboard.store import chains
from vibeboard.store.table import Item
from vibeboard.views import job_view

SHOT_FIELDS = frozenset({"projectId", "sceneChainId", "segmentId"})


def _shot(caller: Caller, body: dict[str, Any]) -> tuple[Caller, Item, Item]:
    member = caller.join(body["projectId"])
    chain, segments = chains.read_chain(member.project_id, body["sceneChainId"])
    segment = chains.pick(segments, body["segmentId"])
    unlocked_guard(chain, [segment])  # the lock's sentence first: it is the harder no
    enforce("dailies", {"review": segment.get("review"), "score": segment.get("score")})
    return member, chain, segment


def run(caller: Caller, operation: str, body: dict[str, Any]) -> Item:
    """Order one operation on a shot's footage. Gates: shot lock, dailies, contract, cap, quota."""
    member, chain, segment = _shot(caller, body)
    params = {name: value for name, value in body.items() if name not in SHOT_FIELDS}
    draft = vfx_draft(chain, segment, operation, params)
    guard = unlocked_guard(chain, [segment])
    job = admit(member.project_id, member.user, [draft], guards=[guard], trace_id=member.trace_id)[0]
    return job_view(job) | {"segmentId": segment["id"]}


def ai_reshoot(caller: Caller, body: dict[str, Any]) -> Item:
    """The continuity loop's edit on the shot's own first frame; the clip is shot again from the result."""
    member, chain, segment = _shot(caller, body)
    draft = frame_draft(chain, segment, "first", segment.get("firstFrame"), prompt=body["prompt"])
    guard = unlocked_guard(chain, [segment])
    job = admit(member.project_id, member.user, [draft], guards=[guard], trace_id=member.trace_id)[0]
    return job_view(job) | {"segmentId": segment["id"], "next": "Generate the shot again to shoot from the new frame."}
