"""The continuity loop as a graph (SOP step 7): what each frame and take was made from, and what is stale by now.

Nothing is stored about staleness. Each frame remembers the words it was made of (a digest) and the take it was edited
from; each take of footage its words and its two frames. Compared with what stands there now, in the order of now, that
says exactly what no longer holds. One reading of the chain is enough.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from vibeboard.domain.ids import digest
from vibeboard.domain.models import choose_frame_model, intent_of

Item = Mapping[str, Any]
Part = Literal["first", "last", "clip"]
FRAMES: tuple[Literal["first", "last"], ...] = ("first", "last")
_SHOT_WORDS = ("negativePrompt", "characters", "props", "place", "intent")


@dataclass(frozen=True, slots=True)
class Stale:
    """A frame or take that no longer follows from what stands before it.

    reasons: words (prompts, cast, set or style changed), source (what it was made from has another take, or another
    shot stands there), upstream (what it was made from is stale itself).
    """

    segment_id: str
    part: Part
    reasons: tuple[str, ...]


def frame_prompt(segment: Item, which: str) -> str:
    """The text of one frame: its own prompt, the shot's, whichever there is."""
    own = segment.get("firstFramePrompt" if which == "first" else "lastFramePrompt") or ""
    return ". ".join(part.strip().rstrip(".") for part in (own, segment["prompt"]) if part)


def asked_of(segment: Item, which: str) -> str:
    """The shot's own intent, for its first frame: the last one is edited from it, and so keeps it."""
    return str(segment.get("intent") or "") if which == "first" else ""


def frame_words(chain: Item, segment: Item, which: str) -> str:
    """Changes when the words behind a frame change."""
    return digest([frame_prompt(segment, which), *_context(chain, segment)], 12)


def clip_words(chain: Item, segment: Item) -> str:
    """Changes when the words behind a shot's footage change, or its length."""
    return digest([segment["prompt"], float(segment["duration"]), *_context(chain, segment)], 12)


def _context(chain: Item, segment: Item) -> list[Any]:
    return [chain.get("masterStyleContext", ""), *(segment.get(name) or None for name in _SHOT_WORDS)]


def source_of(before: Item | None, segment: Item, which: str) -> tuple[Item | None, Part]:
    """Whose frame a frame continues from: its own shot's first frame, or the last frame of the shot before."""
    return (segment, "first") if which == "last" else (before, "last")


def trace(chain: Item, segments: Sequence[Item]) -> list[Stale]:
    """Everything stale in a chain, in the order in which it would be made again. segments: in order.

    A locked shot is frozen: it is never stale, and the shots behind it go on from it as it is.
    """
    found: dict[tuple[str, str], Stale] = {}
    before: Item | None = None
    for segment in segments:
        if not segment.get("lockedAt"):
            for part in (*FRAMES, "clip"):
                reasons = (
                    _clip_reasons(chain, segment, found)
                    if part == "clip"
                    else _frame_reasons(chain, before, segment, part, found)
                )
                if reasons:
                    found[segment["id"], part] = Stale(segment["id"], part, tuple(reasons))  # type: ignore[arg-type]
        before = segment
    return list(found.values())


def _frame_reasons(
    chain: Item, before: Item | None, segment: Item, which: str, found: Mapping[tuple[str, str], Stale]
) -> list[str]:
    frame = segment.get(f"{which}Frame")
    if not frame:
        return []
    reasons = [] if frame.get("promptDigest") == frame_words(chain, segment, which) else ["words"]
    origin, part = source_of(before, segment, which)
    intent = intent_of(frame.get("intent", ""), frame_prompt(segment, which), has_previous=origin is not None)
    edits = choose_frame_model(has_previous=origin is not None, intent=intent).edits
    standing = origin.get(f"{part}Frame") if origin is not None and edits else None
    if frame.get("sourceTakeId", "") != (standing or {}).get("takeId", ""):
        reasons.append("source")
    elif standing and origin is not None and (origin["id"], part) in found:
        reasons.append("upstream")
    return reasons


def _clip_reasons(chain: Item, segment: Item, found: Mapping[tuple[str, str], Stale]) -> list[str]:
    clip = segment.get("clip")
    made_of = clip.get("madeOf") if clip else None
    if not made_of:
        return []
    reasons = [] if made_of["words"] == clip_words(chain, segment) else ["words"]
    now = [(segment.get(f"{which}Frame") or {}).get("takeId", "") for which in FRAMES]
    if [made_of["first"], made_of["last"]] != [now[0], now[1] or now[0]]:
        reasons.append("source")
    elif any((segment["id"], which) in found for which in FRAMES):
        reasons.append("upstream")
    return reasons
