"""Sound beside the clips' own (SOP step 10): dialogue, music and effects cues, and the lanes all sound plays on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Literal, get_args

from vibeboard.domain.errors import Invalid
from vibeboard.domain.formats import SAMPLE_RATE, frames_of

Kind = Literal["production", "dialogue", "music", "effects"]
CueKind = Literal["dialogue", "music", "effects"]
CUE_KINDS: tuple[CueKind, ...] = get_args(CueKind)
CUES_PER_CHAIN = 64
MARKERS_PER_CHAIN = 200


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of sound before it has a lane; record and source in frames, fades in seconds."""

    clip_id: str
    name: str
    reel: str
    record_in: int
    source_in: int
    frames: int
    gain: float = 1.0
    fade_in: float = 0.0
    fade_out: float = 0.0
    kind: Kind = "production"


@dataclass(frozen=True, slots=True)
class Cue:
    """A piece of uploaded or scratch sound on the record. `at` and the trims in seconds, `at` from the film's start."""

    id: str
    kind: CueKind
    name: str
    at: float
    trim_start: float
    trim_end: float
    media_samples: int
    gain: float = 1.0
    fade_in: float = 0.0
    fade_out: float = 0.0

    @classmethod
    def from_sop(cls, body: Mapping[str, Any], offset: float = 0.0) -> "Cue":
        """From its JSON; `offset` is where its chain starts in the film, in seconds."""
        samples = int(body["samples"])
        return cls(
            id=str(body["id"]),
            kind=body["kind"],
            name=str(body["name"]),
            at=float(body["at"]) + offset,
            trim_start=float(body.get("trimStart", 0.0)),
            trim_end=float(body.get("trimEnd", samples / SAMPLE_RATE)),
            media_samples=samples,
            gain=float(body.get("gain", 1.0)),
            fade_in=float(body.get("fadeIn", 0.0)),
            fade_out=float(body.get("fadeOut", 0.0)),
        )

    def to_sop(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "kind": self.kind,
            "name": self.name,
            "at": self.at,
            "trimStart": self.trim_start,
            "trimEnd": self.trim_end,
            "samples": self.media_samples,
            "gain": self.gain,
            "fadeIn": self.fade_in,
            "fadeOut": self.fade_out,
        }

    def check(self) -> None:
        """Raises Invalid, naming the field and the usable range, for trims or fades the sound does not have."""
        length = self.media_samples / SAMPLE_RATE
        usable = {"from": 0.0, "to": round(length, 6)}
        if not 0 <= self.trim_start < self.trim_end <= length + 1e-6:
            raise Invalid(
                f"Cue {self.name}: {self.trim_start:g} to {self.trim_end:g} s lies outside its sound.",
                code="TRIM_OUT_OF_RANGE",
                field="trimStart" if self.trim_start < 0 or self.trim_start >= length else "trimEnd",
                fix=f"The usable range is 0 to {length:g} s.",
                usable=usable,
            )
        if self.fade_in + self.fade_out > self.trim_end - self.trim_start + 1e-6:
            raise Invalid(
                f"Cue {self.name}: its fades do not fit into its sound.",
                field="fadeIn",
                fix=f"Both together may take {self.trim_end - self.trim_start:g} s.",
            )

    def span(self, rate: Fraction) -> Span:
        start, end = frames_of(self.trim_start, rate), frames_of(self.trim_end, rate)
        reel = f"{self.kind[:2]}{self.id[-6:]}"
        levels = (self.gain, self.fade_in, self.fade_out)
        return Span(self.id, self.name, reel, frames_of(self.at, rate), start, end - start, *levels, self.kind)


def in_lanes(spans: Sequence[Span], total: int) -> Iterator[tuple[Span, int]]:
    """Spans cut to 0..total frames of record, each with the first free lane of its kind; production sound comes first.

    No two kinds share a lane, so that each stays a stem of its own.
    """
    base = 0
    for kind in get_args(Kind):
        ends: list[int] = []
        for span in sorted((s for s in spans if s.kind == kind), key=lambda s: s.record_in):
            early = max(0, -span.record_in)
            start, end = span.record_in + early, min(span.record_in + span.frames, total)
            if end <= start:
                continue
            lane = next((i for i, free in enumerate(ends) if free <= start), len(ends))
            ends[lane : lane + 1] = [end]
            yield replace(span, record_in=start, source_in=span.source_in + early, frames=end - start), base + lane
        base += len(ends)
