"""Conform: the timeline becomes the master, frame for frame and sample for sample (SOP step 12)."""

import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from vibeboard.domain.masters import target_rate
from vibeboard.domain.timeline import PictureEvent, Timeline
from vibeboard.media.errors import MediaError
from vibeboard.media.ffmpeg import DEFAULT_TIMEOUT, run
from vibeboard.media.graph import (
    PIXELS,
    Codec,
    Fit,
    PictureInput,
    clock,
    encoder_args,
    group_frames,
    picture_graph,
    sound_graph,
)
from vibeboard.media.loudness import Levels, Loudness, find_levels, read_meter
from vibeboard.media.probe import MediaInfo, probe

# A graph keeps every decoder it has used. A film whose decoders would take more than this is encoded in parts, one
# after the other, and joined by copy, which for intra codecs and constant-quantiser H.264 gives the same frames.
DECODER_BYTES = 1_500_000_000
_HELD_FRAMES = 8  # pictures a decoder holds for reference and reordering

_QUANTISERS = (2, 4, 6, 8, 12, 18)


@dataclass(frozen=True, slots=True)
class ClipSource:
    """The files of one clip: picture without sound, and its sound (None: silence). A cue has sound only."""

    picture: Path | None = None
    sound: Path | None = None


@dataclass(frozen=True, slots=True)
class MasterSpec:
    """What the master is to be. `loudness` in LUFS (None leaves levels alone); `quantiser` 0 lets the film decide."""

    width: int
    height: int
    codec: Codec = "prores_hq"
    fit: Fit = "letterbox"
    loudness: float | None = None
    quantiser: int = 0
    title: str = ""


@dataclass(frozen=True, slots=True)
class Master:
    """What was made and measured: `gain_db` is the loudness gain, `parts` how many encodes were joined."""

    info: MediaInfo
    quantiser: int
    gain_db: float
    parts: int
    limited: bool = False  # true peaks were held under the ceiling


def conform(
    timeline: Timeline,
    sources: Mapping[str, ClipSource],
    spec: MasterSpec,
    out: Path,
    *,
    progress: Callable[[float], None] | None = None,
    timeout: float = DEFAULT_TIMEOUT,
) -> Master:
    """Writes the master to `out` (.mov) and measures it. `sources` by clip id.

    Picture and sound are exactly `timeline.frames` and `timeline.samples` long, with a start timecode track and
    BT.709 tags. Raises MediaError when a source is missing, short, of another rate, or the result is not exact.
    """
    if not timeline.picture:
        raise MediaError("TIMELINE_EMPTY", "There is nothing to conform", "the timeline holds no clip")
    with tempfile.TemporaryDirectory(prefix="conform-") as folder:
        work = Path(folder)
        inputs, sounds = _link_sources(timeline, sources, work)
        quantiser = spec.quantiser or _choose_quantiser(timeline, inputs, spec, work)
        levels = _levels(timeline, sounds, spec.loudness, work)
        made = work / "made.mov"
        parts = _parts(timeline, inputs, spec.codec)
        if len(parts) == 1:
            graph = f"{_picture(timeline, parts[0], inputs, spec)};{sound_graph(timeline, sounds, levels.filters)}"
            outputs = ["-map", "[v]", "-map", "[a]", *encoder_args(spec.codec, quantiser, timeline.rate), *_SOUND]
            _run_graph(
                graph, [*outputs, *_container(timeline, spec), str(made)], work, timeout, timeline.frames, progress
            )
        else:
            _conform_in_parts(timeline, parts, inputs, sounds, spec, quantiser, levels, made, progress, timeout)
        info = _checked(probe(made), timeline, spec)
        _move(made, out)
    return Master(replace(info, path=out), quantiser, levels.gain_db, len(parts), levels.limited)


_SOUND = ["-c:a", "pcm_s24le", "-ar", "48000"]


def _link_sources(
    timeline: Timeline, sources: Mapping[str, ClipSource], work: Path
) -> tuple[dict[str, PictureInput], dict[str, str]]:
    """Plain names in the job's folder for every file the graph opens, each checked against its events."""
    infos: dict[Path, MediaInfo] = {}
    inputs: dict[str, PictureInput] = {}
    sounds: dict[str, str] = {}
    for before, event in _pairs(timeline):
        if before and event.dissolve:
            _check_source(before, sources, event.dissolve, timeline.rate, infos)
        path, info = _check_source(event, sources, 0, timeline.rate, infos)
        if event.clip_id not in inputs:
            name = f"v{len(inputs):04}{path.suffix.lower()}"
            (work / name).symlink_to(path.resolve())
            inputs[event.clip_id] = PictureInput(name, info.width, info.height, bool(info.color_matrix), info.pix_fmt)
    for sound in timeline.sound:
        track = sources[sound.clip_id].sound
        if track is None:
            raise MediaError("MEDIA_MISSING", f"Clip {sound.name} has no sound file", "the timeline uses its sound")
        if sound.clip_id not in sounds:
            heard = probe(track)
            if not heard.has_audio:
                raise MediaError("MEDIA_UNREADABLE", f"{track.name} holds no sound", "no sound track found")
            name = f"a{len(sounds):04}{track.suffix.lower()}"
            (work / name).symlink_to(track.resolve())
            sounds[sound.clip_id] = name
    return inputs, sounds


def _check_source(
    event: PictureEvent,
    sources: Mapping[str, ClipSource],
    beyond: int,
    rate: Fraction,
    infos: dict[Path, MediaInfo],
) -> tuple[Path, MediaInfo]:
    """The event's picture, long enough for its frames and `beyond` more. Raises MediaError."""
    path = sources[event.clip_id].picture if event.clip_id in sources else None
    if path is None:
        raise MediaError("MEDIA_MISSING", f"Clip {event.name} has no media", "no source was given for it")
    info = infos[path] if path in infos else infos.setdefault(path, probe(path))
    if not info.frames or info.rate != rate:
        raise MediaError(
            "MEDIA_RATE_MISMATCH",
            f"{path.name} runs at {float(info.rate):.6g} frames a second",
            f"the timeline runs at {float(rate):.6g}",
            "Render the shot again at the project's rate.",
        )
    end = event.source_in + event.frames + beyond
    if end > info.frames:
        raise MediaError(
            "MEDIA_TOO_SHORT",
            f"{path.name} holds {info.frames} frames",
            f"the cut uses frames {event.source_in} to {end - 1}",
            "Trim the clip to its media.",
        )
    return path, info


Pair = tuple[PictureEvent | None, PictureEvent]  # an event, with the one it may dissolve out of


def _pairs(timeline: Timeline) -> list[Pair]:
    return list(zip((None, *timeline.picture), timeline.picture, strict=False))


def _parts(timeline: Timeline, inputs: Mapping[str, PictureInput], codec: Codec) -> list[list[Pair]]:
    """Runs of events whose decoders stay under DECODER_BYTES together."""
    seams, held = [], 0
    for before, event in _pairs(timeline):
        decoders = [event] + ([before] if before and event.dissolve else [])
        cost = sum(inputs[e.clip_id].width * inputs[e.clip_id].height * 2 * _HELD_FRAMES for e in decoders)
        if held and held + cost > DECODER_BYTES:
            seams.append(event.record_in)
            held = 0
        held += cost
    return cut_at(timeline, seams if codec != "h264" else _on_groups(timeline, seams))


def _on_groups(timeline: Timeline, seams: list[int]) -> list[int]:
    """Each seam moved to the next group of pictures that starts outside a transition.

    H.264 codes whole groups: a part that starts with one shows the frames that a single encode shows.
    """
    moved = []
    for seam in seams:
        frame = -(-seam // group_frames(timeline.rate)) * group_frames(timeline.rate)
        while frame < timeline.frames and not _clear(timeline, frame):
            frame += group_frames(timeline.rate)
        if frame < timeline.frames:
            moved.append(frame)
    return sorted(set(moved))


def _clear(timeline: Timeline, frame: int) -> bool:
    event = next(e for e in timeline.picture if e.record_in <= frame < e.record_out)
    into = frame - event.record_in
    return into == 0 or max(event.dissolve, event.fade_in) <= into <= event.frames - event.fade_out


def cut_at(timeline: Timeline, seams: list[int]) -> list[list[Pair]]:
    """The picture in pieces that start at these record frames; an event over a seam is cut in two."""
    parts: list[list[Pair]] = [[]]
    waiting = sorted(seams)
    for before, event in _pairs(timeline):
        while waiting and waiting[0] < event.record_out:
            seam = waiting.pop(0)
            into = seam - event.record_in
            if into > 0:
                parts[-1].append((before, replace(event, frames=into, fade_out=0)))
                rest = replace(event, source_in=event.source_in + into, record_in=seam, frames=event.frames - into)
                before, event = None, replace(rest, dissolve=0, fade_in=0)
            if parts[-1]:
                parts.append([])
        parts[-1].append((before, event))
    return parts


def _picture(timeline: Timeline, events: list[Pair], inputs: Mapping[str, PictureInput], spec: MasterSpec) -> str:
    return picture_graph(
        events,
        inputs,
        timeline.rate,
        width=spec.width,
        height=spec.height,
        fit=spec.fit,
        pixel_format=PIXELS[spec.codec],
    )


def _container(timeline: Timeline, spec: MasterSpec) -> list[str]:
    title = ["-metadata", f"title={spec.title}"] if spec.title else []
    return [*title, "-timecode", timeline.start_timecode, "-movflags", "+write_colr", "-f", "mov"]


def _run_graph(
    graph: str,
    outputs: list[str],
    work: Path,
    timeout: float,
    frames: int = 0,
    progress: Callable[[float], None] | None = None,
    loglevel: str = "error",
) -> str:
    # From a file: a long film's graph is longer than a command line may be.
    script = work / "graph.txt"
    script.write_text(graph, encoding="utf-8")
    command = ["-/filter_complex", script.name, *outputs]
    return run(command, cwd=work, progress=progress, frames=frames, timeout=timeout, loglevel=loglevel)


def _conform_in_parts(
    timeline: Timeline,
    parts: list[list[Pair]],
    inputs: Mapping[str, PictureInput],
    sounds: Mapping[str, str],
    spec: MasterSpec,
    quantiser: int,
    levels: Levels,
    made: Path,
    progress: Callable[[float], None] | None,
    timeout: float,
) -> None:
    """Picture part by part, sound once for the whole film, joined by copy: seams lie on frames, and only there."""
    work, done, listing, ends = made.parent, 0, [], []
    for index, events in enumerate(parts):
        frames = sum(event.frames for _, event in events)
        name = f"part{index:03}.mov"
        report = _share(progress, done, frames, timeline.frames)
        graph = _picture(timeline, events, inputs, spec)
        outputs = ["-map", "[v]", *encoder_args(spec.codec, quantiser, timeline.rate), "-f", "mov", name]
        _run_graph(graph, outputs, work, timeout, frames, report)
        done += frames
        ends.append((done, work / name))
        listing.append(f"file {name}\nduration {float(frames / timeline.rate):.6f}\n")
    (work / "parts.txt").write_text("ffconcat version 1.0\n" + "".join(listing), encoding="utf-8")
    _run_graph(sound_graph(timeline, sounds, levels.filters), ["-map", "[a]", *_SOUND, "sound.wav"], work, timeout)
    fence = ["-protocol_whitelist", "file", "-format_whitelist"]
    join = [*fence, "concat,mov", "-f", "concat", "-i", "parts.txt", *fence, "wav", "-i", "sound.wav"]
    copy = ["-map", "0:v:0", "-map", "1:a:0", "-c", "copy", "-video_track_timescale", str(clock(timeline.rate))]

    def drop(part: float) -> None:
        """A part that has been joined goes at once: the disk never holds the film twice."""
        while len(ends) > 1 and ends[0][0] <= part * timeline.frames:
            ends.pop(0)[1].unlink(missing_ok=True)

    output = [*join, *copy, *_container(timeline, spec), str(made)]
    run(output, cwd=work, timeout=timeout, progress=drop, frames=timeline.frames)
    if progress is not None:
        progress(1.0)


def _share(
    progress: Callable[[float], None] | None, done: int, frames: int, total: int
) -> Callable[[float], None] | None:
    if progress is None:
        return None
    return lambda part: progress((done + part * frames) / total)


def _choose_quantiser(timeline: Timeline, inputs: Mapping[str, PictureInput], spec: MasterSpec, work: Path) -> int:
    """The finest ProRes quantiser whose rate, on frames from across the film, stays at or under the HQ target."""
    if spec.codec == "h264":
        return 18
    step = max(1, len(timeline.picture) // 6)
    samples: list[Pair] = [
        (None, PictureEvent(e.clip_id, e.name, e.reel, e.source_in + e.frames // 2, 0, 1))
        for e in timeline.picture[::step]
    ]
    graph = _picture(timeline, samples, inputs, spec)
    pads = "".join(f"[q{q}]" for q in _QUANTISERS)
    outputs: list[str] = []
    for q in _QUANTISERS:
        outputs += ["-map", f"[q{q}]", *encoder_args(spec.codec, q, timeline.rate), f"q{q}.mov"]
    _run_graph(f"{graph};[v]split={len(_QUANTISERS)}{pads}", outputs, work, timeout=120)
    target = target_rate(spec.codec, (spec.width, spec.height), timeline.rate)
    for q in _QUANTISERS:
        bits = (work / f"q{q}.mov").stat().st_size * 8
        if bits / len(samples) * float(timeline.rate) <= target:
            return q
    return _QUANTISERS[-1]


def _levels(timeline: Timeline, sounds: Mapping[str, str], target: float | None, work: Path) -> Levels:
    """Gain and limiting that bring the programme to `target` LUFS without a true peak above the ceiling."""
    if not timeline.sound:
        return Levels()

    def measure(levels: Levels) -> Loudness | None:
        graph = sound_graph(timeline, sounds, levels.filters).removesuffix("[a]") + ",ebur128=peak=true[a]"
        return read_meter(_run_graph(graph, ["-map", "[a]", "-f", "null", "-"], work, timeout=300, loglevel="info"))

    return find_levels(measure, target)


def _checked(info: MediaInfo, timeline: Timeline, spec: MasterSpec) -> MediaInfo:
    wanted = (timeline.frames, timeline.samples, timeline.rate, spec.width, spec.height)
    measured = (info.frames, info.samples, info.rate, info.width, info.height)
    if measured != wanted:
        names = ("frames", "samples", "rate", "width", "height")
        wrong = [f"{n} {m} instead of {w}" for n, m, w in zip(names, measured, wanted, strict=True) if m != w]
        raise MediaError("MASTER_NOT_EXACT", "The master is not the timeline", ", ".join(wrong))
    return info


def _move(made: Path, out: Path) -> None:
    """Into place in one step, so that nobody reads half a master."""
    out.parent.mkdir(parents=True, exist_ok=True)
    staged = out.with_name(f".{out.name}.part")
    shutil.move(made, staged)
    staged.replace(out)
