"""Single frames as pictures: stills, posters, filmstrips and contact sheets. Pillow draws; its own font is used."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from vibeboard.domain.timecode import to_timecode
from vibeboard.media.errors import MediaError
from vibeboard.media.ffmpeg import input_args, run
from vibeboard.media.graph import seek_point
from vibeboard.media.probe import MediaInfo, probe

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True, slots=True)
class SheetEntry:
    """One cell of a contact sheet: the clip, the frame shown, and what is written under it."""

    picture: Path
    frame: int
    name: str
    take: int = 1
    timecode: str = ""  # record timecode; empty: the frame's own
    quality: str = ""
    note: str = ""  # a second line, e.g. the dailies score
    image: Path | None = None  # the frame as a picture, where it was taken out already


def frame_image(path: Path, frame: int, *, width: int | None = None, info: MediaInfo | None = None) -> Image.Image:
    """Frame number `frame` (0 is the first) as an RGB picture, `width` pixels wide when given.

    Raises MediaError for a frame that the file does not hold.
    """
    measured = info or probe(path)
    if not 0 <= frame < measured.frames:
        raise MediaError(
            "FRAME_OUT_OF_RANGE", f"{path.name} has no frame {frame}", f"it holds frames 0 to {measured.frames - 1}"
        )
    size = (measured.width, measured.height)
    if width is not None and width != measured.width:
        size = (width, max(2, 2 * round(measured.height * width / measured.width / 2)))
    seek = ["-ss", f"{float(seek_point(frame, measured.rate)):.6f}"] if frame else []
    # Untagged pictures are ours, and BT.709; FFmpeg would take them for BT.601.
    matrix = "" if measured.color_matrix else ":in_color_matrix=bt709"
    filters = f"scale={size[0]}:{size[1]}:flags=area{matrix}"
    target = ["-map", "0:v:0", "-frames:v", "1", "-vf", filters, "-pix_fmt", "rgb24", "-f", "rawvideo"]
    data = _captured([*input_args(path, *seek), *target])
    if len(data) != size[0] * size[1] * 3:
        raise MediaError("MEDIA_UNREADABLE", f"{path.name}: frame {frame} cannot be decoded")
    return Image.frombytes("RGB", size, data)


def still(path: Path, frame: int, out: Path, *, width: int | None = None, quality: int = 92) -> Path:
    """Writes one frame as JPEG or PNG, by the name of `out`."""
    return _saved(frame_image(path, frame, width=width), out, quality)


def poster_frame(frames: int) -> int:
    """Which frame stands for a clip: the one at two fifths, past any fade in."""
    return frames * 2 // 5


def poster(path: Path, out: Path, *, frame: int | None = None, width: int = 1280) -> Path:
    """The frame that stands for the clip: the given one, else the one at two fifths, past any fade in."""
    info = probe(path)
    chosen = poster_frame(info.frames) if frame is None else frame
    return _saved(frame_image(path, chosen, width=min(width, info.width), info=info), out, 90)


def filmstrip(path: Path, out: Path, *, count: int = 10, height: int = 90) -> Path:
    """`count` frames from across the clip, side by side, `height` pixels high."""
    info = probe(path)
    width = max(2, round(info.width * height / info.height))
    strip = Image.new("RGB", (width * count, height))
    for index in range(count):
        frame = min(info.frames - 1, (2 * index + 1) * info.frames // (2 * count))
        strip.paste(frame_image(path, frame, width=width, info=info).resize((width, height)), (width * index, 0))
    return _saved(strip, out, 88)


def contact_sheet(
    entries: Sequence[SheetEntry], out: Path, *, title: str = "", columns: int = 4, cell_width: int = 400
) -> Path:
    """A labelled grid, one cell a shot: frame, shot name, take, timecode, quality. JPEG or PNG by the name of `out`."""
    if not entries:
        raise MediaError("SHEET_EMPTY", "There is nothing to put on a contact sheet")
    columns = min(columns, len(entries))
    infos = [probe(entry.picture) for entry in entries]
    cell_height = max(round(info.height * cell_width / info.width) for info in infos)
    gap, label, head = round(cell_width * 0.04), round(cell_width * 0.155), round(cell_width * 0.16) if title else 0
    rows = -(-len(entries) // columns)
    size = (gap + columns * (cell_width + gap), head + gap + rows * (cell_height + label + gap))
    sheet = Image.new("RGB", size, (18, 18, 20))
    draw = ImageDraw.Draw(sheet)
    if title:
        draw.text((gap, gap), title, font=_font(cell_width * 0.075), fill=(240, 238, 232))
    for index, (entry, info) in enumerate(zip(entries, infos, strict=True)):
        left = gap + index % columns * (cell_width + gap)
        top = head + gap + index // columns * (cell_height + label + gap)
        image = _cell(entry, info, cell_width)
        sheet.paste(image, (left, top + (cell_height - image.height) // 2))
        _label(draw, entry, info, left, top + cell_height, cell_width)
    return _saved(sheet, out, 90)


def _cell(entry: SheetEntry, info: MediaInfo, width: int) -> Image.Image:
    if entry.image is None:
        return frame_image(entry.picture, entry.frame, width=width, info=info)
    with Image.open(entry.image) as taken:
        return taken.convert("RGB").resize((width, round(taken.height * width / taken.width)), Image.Resampling.BOX)


def font_file(folder: Path) -> Path:
    """Pillow's own typeface as a file, for programs that want one. Lambda has no fonts."""
    path = folder / "font.ttf"
    face = ImageFont.load_default(size=12)
    if not isinstance(face, ImageFont.FreeTypeFont):
        raise MediaError("FONT_MISSING", "This Pillow was built without FreeType", "labels cannot be drawn")
    source = face.path
    if hasattr(source, "getvalue"):
        path.write_bytes(source.getvalue())
    else:
        path.write_bytes(Path(str(source)).read_bytes())
    return path


def _label(draw: ImageDraw.ImageDraw, entry: SheetEntry, info: MediaInfo, left: int, top: int, width: int) -> None:
    large, small = _font(width * 0.046), _font(width * 0.038)
    line = round(width * 0.062)
    draw.text((left, top + line * 0.3), _fitted(entry.name, large, width), font=large, fill=(236, 232, 222))
    timecode = entry.timecode or to_timecode(entry.frame, info.rate)
    parts = [f"take {entry.take}", timecode, entry.quality, entry.note]
    text = "   ".join(part for part in parts if part)
    draw.text((left, top + line * 1.3), _fitted(text, small, width), font=small, fill=(150, 146, 138))


def _fitted(text: str, font: Font, width: int) -> str:
    while len(text) > 2 and font.getlength(text) > width:
        text = text[:-2].rstrip() + "…"
    return text


def _font(size: float) -> Font:
    return ImageFont.load_default(size=max(8.0, size))


def _captured(arguments: list[str]) -> bytes:

    with tempfile.TemporaryDirectory(prefix="still-") as folder:
        raw = Path(folder) / "frame.raw"
        run([*arguments, str(raw)], timeout=60)
        return raw.read_bytes()


def _saved(image: Image.Image, out: Path, quality: int) -> Path:
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix.lower() in (".jpg", ".jpeg"):
        image.save(out, "JPEG", quality=quality, subsampling=0 if quality > 90 else 2)
    else:
        image.save(out)
    return out
