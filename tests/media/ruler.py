"""Ruler clips: every frame carries its own number as a barcode, every sample its own index."""

import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vibeboard.domain.timeline import sample_at

BITS = 20
COLUMN = 16
WIDTH, HEIGHT = BITS * COLUMN, 64


def write_picture(path: Path, clip: int, frames: int, rate: Fraction) -> None:
    """H.264 with B frames; frame n shows clip << 12 | n in black and white columns."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate, options={"crf": "12", "g": "48", "bf": "3"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(frames):
            code = clip << 12 | number
            bits = [235 if code >> bit & 1 else 16 for bit in range(BITS)]
            grey = np.repeat(np.array(bits, np.uint8), COLUMN)[None].repeat(HEIGHT, 0)
            planes = np.concatenate([grey.ravel(), np.full(WIDTH * HEIGHT // 2, 128, np.uint8)])
            frame = av.VideoFrame.from_ndarray(planes.reshape(HEIGHT * 3 // 2, WIDTH), format="yuv420p")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def write_sound(path: Path, clip: int, frames: int, rate: Fraction) -> None:
    """24-bit stereo; sample n holds n + 1 + (clip << 18) on both channels. Clips 0 to 15, up to 5.4 s."""
    values = np.arange(1, sample_at(frames, rate) + 1, dtype=np.int32) + (clip << 18)
    packed = values.astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(3)
        file.setframerate(48000)
        file.writeframes(np.repeat(packed, 2, axis=0).tobytes())


def barcode(image: Image.Image) -> int:
    """The code shown by one frame."""
    row = np.asarray(image.convert("L"))[HEIGHT // 2, COLUMN // 2 :: COLUMN] > 125
    return sum(int(bit) << index for index, bit in enumerate(row[:BITS]))


def read_codes(path: Path) -> list[int]:
    """Barcodes of every decoded frame, top row of columns, any size or codec."""
    codes = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            grey = frame.reformat(width=WIDTH, height=HEIGHT, format="gray").to_ndarray()
            row = grey[HEIGHT // 2, COLUMN // 2 :: COLUMN] > 125
            codes.append(sum(int(bit) << index for index, bit in enumerate(row)))
    return codes


def read_samples(path: Path) -> NDArray[np.int32]:
    """Left channel of the sound track as 24-bit integers."""
    blocks = []
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            blocks.append(frame.to_ndarray().reshape(-1, 2)[:, 0] >> 8)
    return np.concatenate(blocks)
