"""What is stale or missing in a chain, and what making it again would cost, by the same resolver and price table that
admission uses (SOP step 7)."""

from collections.abc import Iterator
from typing import Any

from vibeboard.domain.continuity import FRAMES, asked_of, source_of, trace
from vibeboard.domain.formats import frame_size
from vibeboard.domain.models import VIDEO_MODEL
from vibeboard.domain.pricing import price, to_usd
from vibeboard.jobs.drafts import FRAME_QUALITY, frame_choice
from vibeboard.store.chains import with_previous
from vibeboard.store.table import Item

StaleParts = dict[tuple[str, str], tuple[str, ...]]  # (segment id, first|last|clip) -> why


def stale_parts(chain: Item, segments: list[Item]) -> StaleParts:
    return {(row.segment_id, row.part): row.reasons for row in trace(chain, segments)}


def to_make(chain: Item, segments: list[Item]) -> Iterator[tuple[Item, str, tuple[str, ...]]]:
    """Every (segment, part, why) to be made, in the order of the loop: stale frames and footage, and missing frames.

    A missing frame has no reasons. Footage that was never shot is the Shot Studio's to order, not listed here.
    """
    stale = stale_parts(chain, segments)
    for segment in segments:
        if segment.get("lockedAt"):
            continue
        for which in FRAMES:
            if f"{which}Frame" not in segment:
                yield segment, which, ()
            elif (segment["id"], which) in stale:
                yield segment, which, stale[segment["id"], which]
        if (segment["id"], "clip") in stale:
            yield segment, "clip", stale[segment["id"], "clip"]


def cost_of(chain: Item, before: Item | None, segment: Item, part: str) -> tuple[str, int]:
    """The model that would make a part now, and the most it would cost in micro-dollars."""
    if part == "clip":
        facts = {"quality": segment["clip"]["quality"], "seconds": segment["duration"]}
        return VIDEO_MODEL, price("clip.generate", facts)
    width, height = frame_size(chain["aspectRatio"], FRAME_QUALITY)
    has_source = source_of(before, segment, part)[0] is not None
    choice = frame_choice(chain, segment, part, has_source=has_source, asked=asked_of(segment, part))
    return choice.model, price(choice.operation, {"model": choice.model, "width": width, "height": height})


def rerun(chain: Item, segments: list[Item]) -> dict[str, Any]:
    """{stale, missing, frames, clips, rerunCost, missingCost}: what a re-run makes, in order, priced in dollars.

    rerunCost covers what is stale; missingCost the frames that were never drawn.
    """
    before = {segment["id"]: previous for previous, segment in with_previous(segments)}
    rows, micros = [], {True: 0, False: 0}
    for segment, part, reasons in to_make(chain, segments):
        model, cost = cost_of(chain, before[segment["id"]], segment, part)
        micros[bool(reasons)] += cost
        row = {"segmentId": segment["id"], "shotName": segment.get("shotName"), "part": part, "model": model}
        rows.append(row | {"reasons": list(reasons), "estimatedCost": to_usd(cost)})
    stale = [row for row in rows if row["reasons"]]
    return {
        "stale": stale,
        "missing": [row for row in rows if not row["reasons"]],
        "frames": sum(1 for row in stale if row["part"] != "clip"),
        "clips": sum(1 for row in stale if row["part"] == "clip"),
        "rerunCost": to_usd(micros[True]),
        "missingCost": to_usd(micros[False]),
    }
