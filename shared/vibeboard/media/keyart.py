"""The poster of the press kit: one frame of the film with its title, logline and credits, upright two to three."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

WIDTH, HEIGHT = 1200, 1800
_MARGIN = 90
_PAPER, _SOFT, _FAINT = (244, 240, 232), (206, 200, 190), (150, 146, 140)

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def draw_poster(
    frame: Image.Image, out: Path, *, title: str, logline: str = "", credit_lines: Sequence[str] = ()
) -> Path:
    """Writes the poster as JPEG. `frame` may have any shape; the same input gives the same bytes."""
    sheet = _ground(frame)
    _lay_in(sheet, frame)
    draw = ImageDraw.Draw(sheet)
    bottom = _credits(draw, [line for line in credit_lines if line], HEIGHT - _MARGIN)
    size, rows = _title_rows(title.upper())
    lines = _wrapped(logline, _font(34), WIDTH - 2 * _MARGIN)[:4]
    # from below upwards, so that long credits push the title up instead of meeting it
    top = min(round(HEIGHT * 0.66), bottom - 60 - len(rows) * round(size * 1.16) - (40 + 46 * len(lines)))
    for row in rows:
        _spaced(draw, row, _font(size), top, _PAPER, size * 0.09)
        top += round(size * 1.16)
    top += 30
    for line in lines:
        font = _font(34)
        draw.text(((WIDTH - font.getlength(line)) / 2, top), line, font=font, fill=_SOFT)
        top += 46
    out.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(out, "JPEG", quality=88, subsampling=0)
    return out


def _ground(frame: Image.Image) -> Image.Image:
    """The frame's own colours, out of focus and going dark towards the words."""
    scale = max(WIDTH / frame.width, HEIGHT / frame.height)
    small = frame.resize((max(1, round(frame.width * scale / 8)), max(1, round(frame.height * scale / 8))))
    left, top = (small.width - WIDTH // 8) // 2, (small.height - HEIGHT // 8) // 2
    blurred = small.crop((left, top, left + WIDTH // 8, top + HEIGHT // 8)).filter(ImageFilter.GaussianBlur(9))
    ground = blurred.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    shade = Image.new("L", (1, HEIGHT))
    for row in range(HEIGHT):
        part = row / HEIGHT
        shade.putpixel((0, row), round(255 * (0.62 if part < 0.5 else 0.62 - 0.5 * min(1, (part - 0.5) / 0.28))))
    return ImageChops.multiply(ground, Image.merge("RGB", [shade.resize((WIDTH, HEIGHT))] * 3))


def _lay_in(sheet: Image.Image, frame: Image.Image) -> None:
    """The frame itself, as tall as its shape allows, its upper and lower edges melting into the ground."""
    high = min(round(HEIGHT * 0.62), max(round(WIDTH * frame.height / frame.width), round(HEIGHT * 0.46)))
    scale = max(WIDTH / frame.width, high / frame.height)
    size = (round(frame.width * scale), round(frame.height * scale))
    picture = frame.resize(size, Image.Resampling.LANCZOS)
    left = (picture.width - WIDTH) // 2
    picture = picture.crop((left, 0, left + WIDTH, high))
    mask = Image.new("L", (1, high), 255)
    melt = round(high * 0.22)
    for row in range(melt):
        value = round(255 * (row / melt) ** 1.5)
        mask.putpixel((0, row), value)
        mask.putpixel((0, high - 1 - row), value)
    sheet.paste(picture, (0, round(HEIGHT * 0.10)), mask.resize((WIDTH, high)))


def _title_rows(title: str) -> tuple[int, list[str]]:
    """The largest size at which the title fits on at most three lines."""
    for size in range(132, 40, -4):
        rows = _wrapped(title, _font(size), WIDTH - 2 * _MARGIN, spacing=size * 0.09)
        if len(rows) <= 3 and all(_length(row, _font(size), size * 0.09) <= WIDTH - 2 * _MARGIN for row in rows):
            return size, rows
    return 40, _wrapped(title, _font(40), WIDTH - 2 * _MARGIN, spacing=3.6)[:4]


def _credits(draw: ImageDraw.ImageDraw, lines: Sequence[str], bottom: int) -> int:
    """Small capitals at the foot; returns where they begin."""
    font = _font(24)
    rows = [row for line in lines for row in _wrapped(line.upper(), font, WIDTH - 2 * _MARGIN, spacing=3)][:5]
    top = bottom - 36 * len(rows)
    for index, row in enumerate(rows):
        _spaced(draw, row, font, top + 36 * index, _FAINT, 3)
    return top


def _wrapped(text: str, font: Font, width: int, spacing: float = 0.0) -> list[str]:
    rows: list[str] = []
    for word in text.split():
        if rows and _length(f"{rows[-1]} {word}", font, spacing) <= width:
            rows[-1] += f" {word}"
        else:
            rows.append(word)
    return rows


def _length(text: str, font: Font, spacing: float) -> float:
    return float(sum(font.getlength(letter) + spacing for letter in text) - spacing) if text else 0.0


def _spaced(
    draw: ImageDraw.ImageDraw, text: str, font: Font, top: float, colour: tuple[int, int, int], spacing: float
) -> None:
    """One centred line with its letters set apart."""
    left = (WIDTH - _length(text, font, spacing)) / 2
    for letter in text:
        draw.text((left, top), letter, font=font, fill=colour)
        left += font.getlength(letter) + spacing


def _font(size: float) -> Font:
    return ImageFont.load_default(size=size)
