"""PNG in and out, with one private chunk that carries a scene description."""

import struct
import zlib

import cv2
import numpy as np

from vibeboard.providers.sandbox.picture.colour import Bytes, as_bytes

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHUNK = b"vbSc"  # ancillary, private, not safe to copy: a program that changes the pixels must drop it


def pack(picture: Bytes, told: bytes) -> bytes:
    """8-bit BGR picture to PNG with the description in front of the pixels."""
    data = pack_plain(picture)
    end = 8 + 25  # signature, IHDR
    chunk = struct.pack(">I", len(told)) + CHUNK + told + struct.pack(">I", zlib.crc32(CHUNK + told))
    return data[:end] + chunk + data[end:]


def pack_plain(picture: Bytes) -> bytes:
    """8-bit BGR picture to PNG."""
    # Grain never repeats: looking for matches costs a third of the time and finds none.
    quick = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_HUFFMAN_ONLY]
    done, buffer = cv2.imencode(".png", picture, quick)
    if not done:
        raise ValueError("the picture cannot be written as PNG")
    return buffer.tobytes()


def unpack(data: bytes) -> bytes | None:
    """The description a PNG carries, None when it has none."""
    if data[:8] != SIGNATURE:
        return None
    at = 8
    while at + 8 <= len(data):
        size, name = struct.unpack(">I4s", data[at : at + 8])
        if name == CHUNK:
            return data[at + 8 : at + 8 + size]
        if name == b"IDAT":
            return None
        at += 12 + size
    return None


def pixels(data: bytes, width: int, height: int) -> Bytes:
    """Any image file as 8-bit BGR of that size: scaled to cover, centred. Raises ValueError when it is no image."""
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    if picture is None:
        raise ValueError("the previous frame is no image that can be read")
    h, w = picture.shape[:2]
    if (w, h) == (width, height):
        return as_bytes(picture)
    scale = max(width / w, height / h)
    size = (max(width, round(w * scale)), max(height, round(h * scale)))
    picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    x, y = (size[0] - width) // 2, (size[1] - height) // 2
    return np.ascontiguousarray(picture[y : y + height, x : x + width])
