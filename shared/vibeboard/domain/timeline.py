"""The cut in integer frames, under the seconds of the SOP's clips (step 10).

Seconds enter through `Clip` and are rounded to frames once. From there everything is exact: picture events in
frames, sound events in absolute samples `round(frame * 48000 / rate)`, so no error adds up over a film.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from vibeboard.domain.errors import Invalid
from vibeboard.domain.formats import SAMPLE_RATE, frames_of
from vibeboard.domain.timecode import from_timecode, to_timecode, uses_drop_frame
from vibeboard.domain.tracks import Cue, Kind, Span, in_lanes
from vibeboard.domain.transitions import Style, wanted_frames


class TrimError(Invalid):
    """A trim outside measured media. `usable` is {"from", "to"} in seconds."""

    code = "TRIM_OUT_OF_RANGE"


def sample_at(frame: int, rate: Fraction) -> int:
    """First sound sample (48 kHz) of a frame, counted from frame 0."""
    return round(frame * SAMPLE_RATE / rate)


def seconds_at(frame: int, rate: Fraction) -> float:
    """Seconds for JSON, fine enough (a microsecond) to round back to the same frame."""
    return round(float(frame / rate), 6)


@dataclass(frozen=True, slots=True)
class Clip:
    """One clip as the SOP writes it (seconds), with what the media measured (frames and 48 kHz samples).

    Picture and sound of a clip share one clock: second 0 of both is the same moment of the take.
    """

    id: str
    duration: float
    trim_start: float
    trim_end: float
    audio_trim_start: float
    audio_trim_end: float
    audio_gain: float = 1.0  # linear, 1.0 is unity
    audio_fade_in: float = 0.0  # seconds from silence at the start of its sound
    audio_fade_out: float = 0.0  # seconds to silence at the end of its sound
    transition: Style = "cut"  # how its picture comes out of the clip before
    transition_seconds: float | None = None  # None: the style's own length
    locked: bool = False
    video_url: str = ""
    audio_url: str = ""
    name: str = ""
    reel: str = ""
    take: int = 1
    media_frames: int = 0
    media_samples: int = 0  # 0: the clip has no sound

    @classmethod
    def from_sop(cls, body: Mapping[str, Any]) -> "Clip":
        """From the SOP's JSON; missing trims mean the whole clip."""
        duration = float(body["duration"])
        return cls(
            id=str(body["id"]),
            duration=duration,
            trim_start=float(body.get("trimStart", 0.0)),
            trim_end=float(body.get("trimEnd", duration)),
            audio_trim_start=float(body.get("audioTrimStart", 0.0)),
            audio_trim_end=float(body.get("audioTrimEnd", duration)),
            audio_gain=float(body.get("audioGain", 1.0)),
            audio_fade_in=float(body.get("audioFadeIn", 0.0)),
            audio_fade_out=float(body.get("audioFadeOut", 0.0)),
            transition=body.get("transition", "cut"),
            transition_seconds=body.get("transitionSeconds"),
            locked=bool(body.get("locked", False)),
            video_url=str(body.get("videoUrl", "")),
            audio_url=str(body.get("audioUrl", "")),
            name=str(body.get("name", "")),
            reel=str(body.get("reel", "")),
            take=int(body.get("take", 1)),
            media_frames=int(body.get("mediaFrames", 0)),
            media_samples=int(body.get("mediaSamples", 0)),
        )

    @classmethod
    def from_frames(
        cls,
        clip_id: str,
        rate: Fraction,
        *,
        media_frames: int,
        media_samples: int = 0,
        picture: tuple[int, int] | None = None,
        sound: tuple[int, int] | None = None,
        name: str = "",
        reel: str = "",
        audio_gain: float = 1.0,
        transition: Style = "cut",
    ) -> "Clip":
        """From measured media and trims in frames (in, out; ends exclusive); None means the picture's whole length."""
        shown = picture or (0, media_frames)
        heard = sound or (0, media_frames)
        return cls(
            id=clip_id,
            duration=seconds_at(media_frames, rate),
            trim_start=seconds_at(shown[0], rate),
            trim_end=seconds_at(shown[1], rate),
            audio_trim_start=seconds_at(heard[0], rate),
            audio_trim_end=seconds_at(heard[1], rate),
            audio_gain=audio_gain,
            transition=transition,
            name=name,
            reel=reel,
            media_frames=media_frames,
            media_samples=media_samples,
        )

    def to_sop(self) -> dict[str, Any]:
        """The SOP's JSON, with the measured lengths beside it."""
        return {
            "id": self.id,
            "name": self.name,
            "reel": self.reel,
            "take": self.take,
            "videoUrl": self.video_url,
            "audioUrl": self.audio_url,
            "duration": self.duration,
            "trimStart": self.trim_start,
            "trimEnd": self.trim_end,
            "audioTrimStart": self.audio_trim_start,
            "audioTrimEnd": self.audio_trim_end,
            "audioGain": self.audio_gain,
            "audioFadeIn": self.audio_fade_in,
            "audioFadeOut": self.audio_fade_out,
            "transition": self.transition,
            "transitionSeconds": self.transition_seconds,
            "locked": self.locked,
            "mediaFrames": self.media_frames,
            "mediaSamples": self.media_samples,
        }


@dataclass(frozen=True, slots=True)
class PictureEvent:
    """A run of picture frames: `frames` frames of the source from `source_in`, on the record from `record_in`.

    Over its first `dissolve` frames it comes out of the event before, which runs on under it by as many frames.
    `fade_in` and `fade_out` are frames from and to black at its ends.
    """

    clip_id: str
    name: str
    reel: str
    source_in: int
    record_in: int
    frames: int
    dissolve: int = 0
    fade_in: int = 0
    fade_out: int = 0

    @property
    def record_out(self) -> int:
        return self.record_in + self.frames


@dataclass(frozen=True, slots=True)
class SoundEvent:
    """The same for sound, plus absolute samples and the lane (0 is the EDL's A, 1 is A2 ...). Fades in samples."""

    clip_id: str
    name: str
    reel: str
    source_in: int
    record_in: int
    frames: int
    source_sample: int
    record_sample: int
    samples: int
    gain: float
    lane: int
    fade_in: int = 0
    fade_out: int = 0
    kind: Kind = "production"

    @property
    def record_out(self) -> int:
        return self.record_in + self.frames


@dataclass(frozen=True, slots=True)
class Marker:
    """A note at a record frame, counted from the first frame of the timeline."""

    frame: int
    name: str
    colour: str = "RED"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """One picture edit as a list states it: an event, or black (`event` None), after a dissolve of so many frames."""

    event: PictureEvent | None
    source_in: int
    record_in: int
    frames: int
    dissolve: int = 0


@dataclass(frozen=True, slots=True)
class Timeline:
    """A finished cut. `start_frame` is the timecode of record frame 0, as a frame number."""

    rate: Fraction
    start_frame: int
    picture: tuple[PictureEvent, ...]
    sound: tuple[SoundEvent, ...] = field(default=())
    drop_frame: bool = False
    markers: tuple[Marker, ...] = field(default=())

    @property
    def frames(self) -> int:
        return self.picture[-1].record_out if self.picture else 0

    @property
    def samples(self) -> int:
        return sample_at(self.frames, self.rate)

    @property
    def lanes(self) -> int:
        return 1 + max((event.lane for event in self.sound), default=-1)

    @property
    def start_timecode(self) -> str:
        return self.timecode(0)

    def timecode(self, record_frame: int) -> str:
        """Record timecode of a frame of this timeline."""
        return to_timecode(self.start_frame + record_frame, self.rate, drop_frame=self.drop_frame)

    def edits(self) -> tuple[Edit, ...]:
        """The picture as edit lists know it: a fade is a dissolve to black, and a dissolve out of black."""
        rows: list[Edit] = []
        for event in self.picture:
            kept = event.frames - event.fade_out
            rows.append(Edit(event, event.source_in, event.record_in, kept, event.dissolve or event.fade_in))
            if event.fade_out:
                rows.append(Edit(None, 0, event.record_in + kept, event.fade_out, event.fade_out))
        return tuple(rows)


def check_trims(clip: Clip, rate: Fraction) -> None:
    """Raises TrimError, naming the SOP field and the usable range, when a trim leaves the measured media."""
    _check_range(clip, "trimStart", "trimEnd", clip.trim_start, clip.trim_end, clip.media_frames, rate)
    if clip.media_samples:
        start, end = clip.audio_trim_start, clip.audio_trim_end
        _check_range(clip, "audioTrimStart", "audioTrimEnd", start, end, sound_frames(clip.media_samples, rate), rate)
    if min(clip.audio_fade_in, clip.audio_fade_out) < 0 or (
        clip.audio_fade_in + clip.audio_fade_out > clip.audio_trim_end - clip.audio_trim_start + 1e-6
    ):
        raise TrimError(
            f"Clip {clip.id}: fades of {clip.audio_fade_in:g} and {clip.audio_fade_out:g} s do not fit into its sound.",
            field="audioFadeIn" if clip.audio_fade_in else "audioFadeOut",
            fix=f"Both together may take {max(0.0, clip.audio_trim_end - clip.audio_trim_start):g} s.",
        )
    if not 0 <= clip.audio_gain <= 16:
        raise TrimError(
            f"Clip {clip.id}: audioGain is {clip.audio_gain:g}; it is a linear factor from 0 (silent) to 16.",
            field="audioGain",
            fix="1.0 leaves the sound as it is.",
        )


def sound_frames(samples: int, rate: Fraction) -> int:
    """Whole frames of sound in so many samples."""
    frames = int(samples * rate / SAMPLE_RATE) + 1
    while sample_at(frames, rate) > samples:
        frames -= 1
    return frames


def assemble(
    clips: Sequence[Clip],
    rate: Fraction,
    start_timecode: str = "01:00:00:00",
    *,
    drop_frame: bool | None = None,
    cues: Sequence[Cue] = (),
    markers: Sequence[Marker] = (),
) -> Timeline:
    """Lays clips one after the other; each clip's sound starts at its picture + (audioTrimStart - trimStart).

    Sound may run over the neighbours (L- and J-cuts): overlapping events get different lanes. Cues lie on lanes of
    their own, after those of the clips' sound. What would lie before the first or after the last picture frame is cut
    off. A transition takes the frames that both sides have, and is a cut where they have none. `drop_frame` defaults
    to the rate's custom (29.97 drops, however the start is punctuated). Raises TrimError (see `check_trims`),
    TimecodeError.
    """
    drops = uses_drop_frame(rate) if drop_frame is None else drop_frame
    stated = start_timecode[:8] + (";" if drops else ":") + start_timecode[9:]
    picture: list[PictureEvent] = []
    spans: list[Span] = []
    position = 0
    for index, clip in enumerate(clips):
        check_trims(clip, rate)
        start, end = frames_of(clip.trim_start, rate), frames_of(clip.trim_end, rate)
        name, reel = clip.name or clip.id, clip.reel or clip.name or clip.id
        event = PictureEvent(clip.id, name, reel, start, position, end - start)
        if index and clip.transition != "cut":
            picture[-1], event = _joined(clips[index - 1], picture[-1], clip, event, rate)
        picture.append(event)
        if clip.media_samples:
            heard, until = frames_of(clip.audio_trim_start, rate), frames_of(clip.audio_trim_end, rate)
            levels = (clip.audio_gain, clip.audio_fade_in, clip.audio_fade_out)
            spans.append(Span(clip.id, name, reel, position + heard - start, heard, until - heard, *levels))
        position += end - start
    spans += [cue.span(rate) for cue in cues]
    sound = tuple(_sound_event(span, lane, rate) for span, lane in in_lanes(spans, position))
    placed = tuple(marker for marker in markers if 0 <= marker.frame < position)
    return Timeline(rate, from_timecode(stated, rate), tuple(picture), sound, drops, placed)


def _joined(
    before: Clip, outgoing: PictureEvent, clip: Clip, event: PictureEvent, rate: Fraction
) -> tuple[PictureEvent, PictureEvent]:
    """Both events with the transition between them, as long as their media and half of each allow."""
    wanted = wanted_frames(clip.transition, clip.transition_seconds, rate)
    if clip.transition == "fade":
        half = min(wanted // 2, (outgoing.frames - max(outgoing.dissolve, outgoing.fade_in)) // 2, event.frames // 2)
        return replace(outgoing, fade_out=max(0, half)), replace(event, fade_in=max(0, half))
    handle = before.media_frames - (outgoing.source_in + outgoing.frames)
    return outgoing, replace(event, dissolve=max(0, min(wanted, handle, event.frames // 2)))


def _sound_event(span: Span, lane: int, rate: Fraction) -> SoundEvent:
    first, end = sample_at(span.record_in, rate), sample_at(span.record_in + span.frames, rate)
    fade_in = min(round(span.fade_in * SAMPLE_RATE), end - first)
    return SoundEvent(
        clip_id=span.clip_id,
        name=span.name,
        reel=span.reel,
        source_in=span.source_in,
        record_in=span.record_in,
        frames=span.frames,
        source_sample=sample_at(span.source_in, rate),
        record_sample=first,
        samples=end - first,
        gain=span.gain,
        lane=lane,
        fade_in=fade_in,
        fade_out=min(round(span.fade_out * SAMPLE_RATE), end - first - fade_in),
        kind=span.kind,
    )


def _check_range(clip: Clip, lower: str, upper: str, start: float, end: float, media: int, rate: Fraction) -> None:
    usable = {"from": 0.0, "to": seconds_at(media, rate)}
    first, last = frames_of(start, rate), frames_of(end, rate)
    if 0 <= first < last <= media:
        return
    if first < 0 or first >= media:
        name, value, why = lower, start, "lies outside the measured media"
    elif last > media:
        name, value, why = upper, end, "lies outside the measured media"
    else:
        name, value, why = upper, end, f"leaves no frame after {lower} {start:g} s"
    raise TrimError(
        f"Clip {clip.id}: {name} {value:g} s {why}.",
        field=name,
        fix=f"The usable range is {usable['from']:g} to {usable['to']:g} s ({media} frames).",
        usable=usable,
        clipId=clip.id,
    )
