"""The cut: segments as clips of the timeline, and the chains of a film one after the other (SOP step 10)."""

from fractions import Fraction

from vibeboard.domain.errors import Conflict
from vibeboard.domain.formats import SAMPLE_RATE, exact_rate
from vibeboard.domain.timeline import Clip
from vibeboard.store.table import Item


def clip_of(chain: Item, segment: Item) -> Clip:
    """The segment as a clip of the timeline. Raises Conflict while it has no footage."""
    clip = segment.get("clip")
    if not clip:
        raise Conflict(
            f"{segment['shotName']} has no footage yet", code="FOOTAGE_MISSING", fix="Generate the shot first."
        )
    rate = exact_rate(chain["frameRate"])
    length = float(clip["frames"] / rate)
    sound = clip.get("samples", 0) / SAMPLE_RATE
    return Clip.from_sop(
        {
            "id": segment["id"],
            "name": segment["shotName"],
            "reel": segment["shotName"].replace("_", ""),
            "take": clip["number"],
            "duration": length,
            "trimStart": segment.get("trimStart", 0.0),
            "trimEnd": segment.get("trimEnd", length),
            "audioTrimStart": segment.get("audioTrimStart", 0.0),
            "audioTrimEnd": segment.get("audioTrimEnd", min(length, sound) if sound else length),
            "audioGain": segment.get("audioGain", 1.0),
            "locked": bool(segment.get("lockedAt")),
            "mediaFrames": clip["frames"],
            "mediaSamples": clip.get("samples", 0),
        }
    )


def film_rate(chains: list[tuple[Item, list[Item]]]) -> Fraction:
    """The one rate of all chains. Raises Conflict when they disagree."""
    rates = {exact_rate(chain["frameRate"]) for chain, _ in chains}
    if len(rates) != 1:
        raise Conflict("The chains run at different frame rates", code="RATES_DIFFER", fix="Use one rate per film.")
    return rates.pop()
