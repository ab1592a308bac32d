"""The cut in integer frames, under the seconds of the SOP's clips (step 10).

Seconds enter through `Clip` and are rounded to frames once. From there everything is exact: picture events in
frames, sound events in absolute samples `round(frame * 48000 / rate)`, so no error adds up over a film.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from vibeboard.domain.errors import Invalid
from vibeboard.domain.formats import SAMPLE_RATE, frames_of
from vibeboard.domain.timecode import from_timecode, to_timecode, uses_drop_frame


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
            "locked": self.locked,
            "mediaFrames": self.media_frames,
            "mediaSamples": self.media_samples,
        }


@dataclass(frozen=True, slots=True)
class PictureEvent:
    """A run of picture frames: `frames` frames of the source from `source_in`, on the record from `record_in`."""

    clip_id: str
    name: str
    reel: str
    source_in: int
    record_in: int
    frames: int

    @property
    def record_out(self) -> int:
        return self.record_in + self.frames


@dataclass(frozen=True, slots=True)
class SoundEvent:
    """The same for sound, plus absolute samples and the lane (0 is the EDL's A, 1 is A2 ...)."""

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

    @property
    def record_out(self) -> int:
        return self.record_in + self.frames


@dataclass(frozen=True, slots=True)
class Timeline:
    """A finished cut. `start_frame` is the timecode of record frame 0, as a frame number."""

    rate: Fraction
    start_frame: int
    picture: tuple[PictureEvent, ...]
    sound: tuple[SoundEvent, ...] = field(default=())
    drop_frame: bool = False

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


def check_trims(clip: Clip, rate: Fraction) -> None:
    """Raises TrimError, naming the SOP field and the usable range, when a trim leaves the measured media."""
    _check_range(clip, "trimStart", "trimEnd", clip.trim_start, clip.trim_end, clip.media_frames, rate)
    if clip.media_samples:
        start, end = clip.audio_trim_start, clip.audio_trim_end
        _check_range(clip, "audioTrimStart", "audioTrimEnd", start, end, sound_frames(clip.media_samples, rate), rate)
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
) -> Timeline:
    """Lays clips one after the other; each clip's sound starts at its picture + (audioTrimStart - trimStart).

    Sound may run over the neighbours (L- and J-cuts): overlapping events get different lanes. What would lie
    before the first or after the last picture frame is cut off. `drop_frame` defaults to the rate's custom (29.97
    drops, however the start is punctuated). Raises TrimError (see `check_trims`) and TimecodeError.
    """
    drops = uses_drop_frame(rate) if drop_frame is None else drop_frame
    stated = start_timecode[:8] + (";" if drops else ":") + start_timecode[9:]
    picture: list[PictureEvent] = []
    spans: list[tuple[Clip, int, int, int]] = []  # clip, record in, source in, frames: all in frames
    position = 0
    for clip in clips:
        check_trims(clip, rate)
        start, end = frames_of(clip.trim_start, rate), frames_of(clip.trim_end, rate)
        name, reel = clip.name or clip.id, clip.reel or clip.name or clip.id
        picture.append(PictureEvent(clip.id, name, reel, start, position, end - start))
        if clip.media_samples:
            sound_in, sound_out = frames_of(clip.audio_trim_start, rate), frames_of(clip.audio_trim_end, rate)
            spans.append((clip, position + sound_in - start, sound_in, sound_out - sound_in))
        position += end - start
    sound = _sound_events(spans, position, rate)
    return Timeline(rate, from_timecode(stated, rate), tuple(picture), sound, drops)


def _sound_events(spans: list[tuple[Clip, int, int, int]], total: int, rate: Fraction) -> tuple[SoundEvent, ...]:
    events: list[SoundEvent] = []
    lane_ends: list[int] = []
    for clip, record_in, source_in, frames in sorted(spans, key=lambda span: span[1]):
        cut_off = max(0, -record_in)
        start, source, end = record_in + cut_off, source_in + cut_off, min(record_in + frames, total)
        if end <= start:
            continue
        lane = next((i for i, free in enumerate(lane_ends) if free <= start), len(lane_ends))
        lane_ends[lane : lane + 1] = [end]
        first = sample_at(start, rate)
        events.append(
            SoundEvent(
                clip_id=clip.id,
                name=clip.name or clip.id,
                reel=clip.reel or clip.name or clip.id,
                source_in=source,
                record_in=start,
                frames=end - start,
                source_sample=sample_at(source, rate),
                record_sample=first,
                samples=sample_at(end, rate) - first,
                gain=clip.audio_gain,
                lane=lane,
            )
        )
    return tuple(events)


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
