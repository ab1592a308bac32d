"""Filter graphs of a cut: pull-driven sources, frame-exact picture, sample-exact sound.

Sources are opened inside the graph (`movie=`, `amovie=`), so a decoder runs only when its shot is due and memory
does not grow with the length of the film. Source names are plain ones in the job's own folder: no escaping.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from vibeboard.domain.formats import SAMPLE_RATE
from vibeboard.domain.timeline import PictureEvent, SoundEvent, Timeline
from vibeboard.media.ffmpeg import FORMAT_OPTS

Fit = Literal["stretch", "letterbox", "crop"]
Codec = Literal["prores_hq", "prores_4444", "h264"]
PIXELS: dict[Codec, str] = {"prores_hq": "yuv422p10le", "prores_4444": "yuv444p10le", "h264": "yuv420p"}
COLOUR = "setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv"
_STEREO = "aformat=sample_fmts=flt:channel_layouts=stereo"
_TO_709 = "flags=bicubic:out_color_matrix=bt709:out_range=tv"


@dataclass(frozen=True, slots=True)
class PictureInput:
    """One picture source as the graph sees it: a plain file name, size, pixels, and whether it states its colours."""

    name: str
    width: int
    height: int
    tagged: bool
    pixels: str = ""


def encoder_args(codec: Codec, quantiser: int, rate: Fraction) -> list[str]:
    """Encoder options at a constant quantiser: cheap for ProRes, and the reason why joined parts equal one encode."""
    timing = ["-r", str(rate), "-video_track_timescale", str(clock(rate))]
    if codec == "h264":
        gop = str(group_frames(rate))
        closed = ["-g", gop, "-keyint_min", gop, "-sc_threshold", "0", "-flags", "+cgop", "-bf", "0"]
        return ["-c:v", "libx264", "-preset", "medium", "-qp", str(quantiser), *closed, *timing]
    profile = "3" if codec == "prores_hq" else "4"
    return ["-c:v", "prores_ks", "-profile:v", profile, "-vendor", "apl0", "-q:v", str(quantiser), *timing]


def group_frames(rate: Fraction) -> int:
    """Frames of one closed group of pictures: about a second."""
    return round(rate)


def clock(rate: Fraction) -> int:
    """Ticks a second of a video track: a whole number to each frame, and at least 600, as players expect."""
    return rate.numerator * max(1, -(-600 // rate.numerator))


def seek_point(frame: int, rate: Fraction) -> Fraction:
    """Seconds to seek to for a frame: a quarter of a frame early, so that no rounding can land on a neighbour.

    Not half: in a file whose clock ticks once a frame, half would round to either side.
    """
    return (frame - Fraction(1, 4)) / rate if frame else Fraction(0)


def fit_filter(width: int, height: int, fit: Fit) -> str:
    """Scales any picture into width x height: distort, pad with black, or cut the edges off."""
    if fit == "stretch":
        return f"scale={width}:{height}:{_TO_709},setsar=1"
    if fit == "letterbox":
        # Even sizes and offsets, so that chroma stays where it was.
        scale = f"scale={width}:{height}:force_original_aspect_ratio=decrease:force_divisible_by=2:{_TO_709}"
        return f"{scale},pad={width}:{height}:2*trunc((ow-iw)/4):2*trunc((oh-ih)/4):black,setsar=1"
    scale = f"scale={width}:{height}:force_original_aspect_ratio=increase:force_divisible_by=2:{_TO_709}"
    return f"{scale},crop={width}:{height}:2*trunc((iw-ow)/4):2*trunc((ih-oh)/4):exact=1,setsar=1"


def picture_graph(
    events: Sequence[tuple[PictureEvent | None, PictureEvent]],
    inputs: Mapping[str, PictureInput],
    rate: Fraction,
    *,
    width: int,
    height: int,
    fit: Fit,
    pixel_format: str,
) -> str:
    """Graph of the picture, ending in [v]. One scale at the end when all sources agree in size and pixels.

    Every format is stated, none left to negotiation: a part of the film would be converted elsewhere than the whole.

    `events`: each with the one before it, out of which it may dissolve; `inputs` by clip id.
    """
    opened = {event.clip_id for _, event in events}
    opened |= {before.clip_id for before, event in events if before and event.dissolve}
    kinds = {(inputs[clip].width, inputs[clip].height, inputs[clip].pixels) for clip in opened}
    alike = len(kinds) == 1 and inputs[next(iter(opened))].pixels
    early = f",format={alike}" if alike else f",{fit_filter(width, height, fit)},format={pixel_format}"
    chains: list[str] = []
    pads: list[str] = []
    for index, (before, event) in enumerate(events):
        shown = _picture_source(inputs[event.clip_id], event.source_in, event.frames, rate) + early + _fades(event)
        if event.dissolve and before is not None:
            out = before.source_in + before.frames
            tail = _picture_source(inputs[before.clip_id], out, event.dissolve, rate) + early
            chains += [
                f"{shown},split[x{index}][y{index}]",
                *_mixed(index, tail, event.dissolve, rate, alike or pixel_format),
            ]
            pads.append(f"[m{index}]")
        else:
            chains.append(f"{shown}[v{index}]")
        pads.append(f"[v{index}]")
    late = f"{fit_filter(width, height, fit)}," if alike else ""
    finish = f"setpts=N/({rate})/TB,{late}format={pixel_format},{COLOUR}[v]"
    return ";".join([*chains, f"{''.join(pads)}concat=n={len(pads)}:v=1:a=0,{finish}"])


def _mixed(index: int, tail: str, frames: int, rate: Fraction, pixels: str) -> list[str]:
    """The dissolve [m] out of `tail` into the first frames of [x], and the rest [v] of [y], untouched.

    Frame k of n shows k/n of the incoming picture. xfade mixes 4:4:4 only, so both sides are brought there by name.
    """
    timing = f"setpts=N/({rate})/TB,settb=AVTB"
    full = f"format=yuv444p10le,fps={rate}"
    length = f"{float(frames / rate):.6f}"
    return [
        f"[x{index}]trim=end_frame={frames},{full}[h{index}]",
        # Two frames more than the mix takes: where its first stream ends, the mix would end.
        f"{tail},tpad=stop=2:stop_mode=clone,{full}[t{index}]",
        f"[t{index}][h{index}]xfade=transition=fade:duration={length}:offset=0,format={pixels},{timing}[m{index}]",
        f"[y{index}]trim=start_frame={frames},{timing}[v{index}]",
    ]


def _picture_source(source: PictureInput, source_in: int, frames: int, rate: Fraction) -> str:
    start = seek_point(source_in, rate)
    seek = f":seek_point={max(0.0, float(start) - 0.001):.6f}" if source_in else ""
    first = f"trim=start={float(start):.6f}," if source_in else ""
    colours = "" if source.tagged else f",{COLOUR}"
    return (
        f"movie={source.name}:s=dv:dec_threads=1{seek}:format_opts='{FORMAT_OPTS}',{first}"
        f"trim=end_frame={frames},setpts=N/({rate})/TB,settb=AVTB,setsar=1{colours}"
    )


def _fades(event: PictureEvent) -> str:
    into = f",fade=t=in:start_frame=0:nb_frames={event.fade_in}" if event.fade_in else ""
    start = event.frames - event.fade_out
    return into + (f",fade=t=out:start_frame={start}:nb_frames={event.fade_out}" if event.fade_out else "")


def sound_graph(timeline: Timeline, names: Mapping[str, str], levels: str = "") -> str:
    """Graph of the sound, ending in [a]: exactly `timeline.samples` stereo samples at 48 kHz.

    `names` gives a plain file name by clip id. Lanes play side by side and are summed without scaling; `levels` are
    filters for the sum (media/loudness.py).
    """
    total = timeline.samples
    finish = f"apad=whole_len={total},atrim=end_sample={total},asetpts=N/SR/TB"
    if levels:
        finish = f"{levels},{finish}"
    if not timeline.sound:
        return f"{_silence(total)},{finish}[a]"
    chains, lanes = [], []
    for index, event in enumerate(timeline.sound):
        chains.append(f"{_sound_source(event, names[event.clip_id])}[a{index}]")
    for lane in range(timeline.lanes):
        pads, position = [], 0
        for index, event in enumerate(timeline.sound):
            if event.lane != lane:
                continue
            if event.record_sample > position:
                chains.append(f"{_silence(event.record_sample - position)}[g{index}]")
                pads.append(f"[g{index}]")
            pads.append(f"[a{index}]")
            position = event.record_sample + event.samples
        join = f"concat=n={len(pads)}:v=0:a=1," if len(pads) > 1 else ""
        chains.append(f"{''.join(pads)}{join}apad=whole_len={total},atrim=end_sample={total}[l{lane}]")
        lanes.append(f"[l{lane}]")
    mix = f"amix=inputs={len(lanes)}:normalize=0:duration=longest," if len(lanes) > 1 else ""
    return ";".join([*chains, f"{''.join(lanes)}{mix}{finish}[a]"])


def _sound_source(event: SoundEvent, name: str) -> str:
    end = event.source_sample + event.samples
    gain = f",volume={event.gain:.6f}:precision=float" if event.gain != 1.0 else ""
    if event.fade_in:
        gain += f",afade=t=in:start_sample=0:nb_samples={event.fade_in}"
    if event.fade_out:
        gain += f",afade=t=out:start_sample={event.samples - event.fade_out}:nb_samples={event.fade_out}"
    return (
        f"amovie={name}:s=da:format_opts='{FORMAT_OPTS}',aresample={SAMPLE_RATE},{_STEREO},"
        f"atrim=start_sample={event.source_sample}:end_sample={end},asetpts=N/SR/TB,"
        f"apad=whole_len={event.samples}{gain}"
    )


def _silence(samples: int) -> str:
    return f"anullsrc=r={SAMPLE_RATE}:cl=stereo,{_STEREO},atrim=end_sample={samples},asetpts=N/SR/TB"
