"""Uploads by their content: zips that climb or explode, pictures that are bombs, pages that are none."""

import io
import stat
import struct
import time
import zipfile
import zlib
from collections.abc import Callable

import pytest
from PIL import Image

from projects.content import MAX_PIXELS, examine
from vibeboard.domain.errors import Invalid


def packed(*names: str, body: bytes = b"x", mode: int = 0, compression: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name in names:
            entry = zipfile.ZipInfo(name)
            entry.external_attr, entry.compress_type = mode << 16, compression
            archive.writestr(entry, body)
    return out.getvalue()


def locked() -> bytes:
    """A zip whose entry says it needs a password."""
    body = bytearray(packed("a.png"))
    body[6] |= 1
    central = body.rindex(b"PK\x01\x02")
    body[central + 8] |= 1
    return bytes(body)


ZIPS: dict[str, Callable[[], bytes]] = {
    "climbs": lambda: packed("a.png", "../../etc/passwd"),
    "climbs by windows": lambda: packed("a\\..\\..\\b.png"),
    "absolute": lambda: packed("/etc/passwd"),
    "drive": lambda: packed("C:/windows/x.dll"),
    "link": lambda: packed("inside", body=b"/etc/passwd", mode=stat.S_IFLNK | 0o777),
    "bomb": lambda: packed("zeros", body=bytes(20_000_000), compression=zipfile.ZIP_DEFLATED),
    "many": lambda: packed(*(f"{n}.txt" for n in range(10_001)), body=b""),
    "password": locked,
    "cut off": lambda: packed("a.png")[:-10],
    "no zip": lambda: b"PK\x03\x04 but nothing else",
    "empty": lambda: b"",
}


@pytest.mark.parametrize("trick", ZIPS)
def test_given_a_zip_with_a_trick_when_examined_then_it_is_refused(trick: str) -> None:
    with pytest.raises(Invalid) as refused:
        examine("asset", "set.zip", ZIPS[trick]())
    assert refused.value.code == "UPLOAD_REFUSED"
    assert refused.value.fix


def test_given_an_honest_zip_when_examined_then_it_is_taken() -> None:
    examine("asset", "set.zip", packed("a.png", "textures/b.png"))


def bomb_png(side: int) -> bytes:
    """A PNG of side x side pixels in a few kilobytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    "body", [bomb_png(16_000), bomb_png(60_000), bomb_png(63), b"\x89PNG\r\n\x1a\n", b"GIF89a" * 9]
)
def test_given_a_picture_of_no_use_when_examined_then_it_is_refused_before_it_is_decoded(body: bytes) -> None:
    assert MAX_PIXELS < 16_000 * 16_000
    start = time.process_time()
    with pytest.raises(Invalid) as refused:
        examine("reference", "ref.png", body)
    assert refused.value.code == "UPLOAD_REFUSED"
    assert time.process_time() - start < 1.0


@pytest.mark.parametrize(
    "body",
    [b"\xff\xfe\x00bad", b"no headings here", "\n\n".join(f"INT. A{n} - DAY" for n in range(10_000)).encode(),
     b"INT. A - DAY\n\n" + b"*a " * 500_000, b"<FinalDraft>" + b"<a>" * 50_000, b"", b"INT. A - DAY\n" * 100_000],
)  # fmt: skip
@pytest.mark.parametrize("name", ["pages.fountain", "pages.fdx"])
def test_given_pages_of_no_use_when_examined_then_they_are_refused(name: str, body: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        examine("screenplay", name, body)
    assert refused.value.code == "UPLOAD_REFUSED"


def test_given_a_picture_when_examined_then_its_thumbnail_is_a_small_upright_jpeg() -> None:
    out, turned = io.BytesIO(), Image.Exif()
    turned[0x0112] = 6  # the camera was held upright: shown, the picture is higher than wide
    Image.new("RGB", (1600, 900), (200, 30, 90)).save(out, "JPEG", exif=turned)
    with Image.open(io.BytesIO(examine("reference", "a.jpg", out.getvalue())["thumbnail"])) as small:
        assert (small.format, small.size) == ("JPEG", (270, 480))
        assert not small.getexif()
