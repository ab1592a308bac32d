"""Does a face stay the same face? Frontal faces by dlib's detector, described by its ResNet (128 numbers).

Both models are free for any use (CC0, Boost); the landmarks are the five-point set. Faces are compared only with
faces of the same shot or of its own references, nobody is looked up. No face found means no opinion: appearance
(`identity.py`) speaks alone then.
"""

from collections.abc import Sequence
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vibeboard.media.series import Fault

Array = NDArray[Any]

DETECT_WIDTH = 480  # pixels: the detector finds faces of 80 pixels and more
SAMPLES = 8  # frames looked at in a clip, evenly spread
TRIES = 3  # samples without a face after which a clip without face references is taken to show none
SAME = 0.6  # distance of two descriptors from which on dlib's authors call them two people
_MODELS = "face_recognition_models"


@cache
def available() -> bool:
    """Whether the face models are installed: they are in the media function, not in the other layers."""
    return find_spec("dlib") is not None and find_spec(_MODELS) is not None


class FaceSeries:
    """Descriptors of the largest face in some frames of a clip."""

    def __init__(self, frames: int, references: Sequence[Array] = ()) -> None:
        self.references = list(references)
        self.found: list[tuple[int, Array]] = []  # (frame, descriptor)
        self._every = max(1, frames // SAMPLES)
        self._looked = 0

    def wants(self, frame: int) -> bool:
        if frame % self._every or not available():
            return False
        return bool(self.found or self.references) or self._looked < TRIES

    def add(self, frame: int, rgb: Array) -> None:
        self._looked += 1
        descriptor = describe(rgb)
        if descriptor is not None:
            self.found.append((frame, descriptor))

    def drift(self) -> Fault | None:
        """Largest distance that two neighbouring samples keep up, and its frame; None when there is nothing to say.

        Against the nearest reference with a face, else against the mean of the shot's first faces.
        """
        if len(self.found) < 2:
            return None
        known = self.references or [np.mean([face for _, face in self.found[:3]], axis=0)]
        away = [min(float(np.linalg.norm(face - one)) for one in known) for _, face in self.found]
        kept = [min(pair) for pair in pairwise(away)]  # a single bad sample is no stranger
        at = int(np.argmax(kept))
        return Fault(kept[at], self.found[at][0])


def reference_faces(images: Sequence[Array]) -> list[Array]:
    """Descriptors of the largest face in each reference picture (BGR) that shows one."""
    if not images or not available():
        return []
    faces = (describe(cv2.cvtColor(image, cv2.COLOR_BGR2RGB)) for image in images)
    return [face for face in faces if face is not None]


def describe(rgb: Array) -> Array | None:
    """The descriptor of the largest frontal face in a picture, None without one."""
    detector, landmarks, network = _models()
    scale = min(1.0, DETECT_WIDTH / rgb.shape[1])
    small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else rgb
    boxes = list(detector(np.ascontiguousarray(small), 0))
    if not boxes:
        return None
    box = max(boxes, key=lambda found: found.area())
    shape = landmarks(small, box)
    return np.array(network.compute_face_descriptor(small, shape), np.float32)


@cache
def _models() -> tuple[Any, Any, Any]:
    # Heavy, and absent from functions that measure nothing. By name: its distribution declares another one.
    dlib = import_module("dlib")
    spec = find_spec(_MODELS)
    if spec is None or spec.origin is None:
        raise RuntimeError("the face models are not installed")
    folder = Path(spec.origin).parent / "models"
    return (
        dlib.get_frontal_face_detector(),
        dlib.shape_predictor(str(folder / "shape_predictor_5_face_landmarks.dat")),
        dlib.face_recognition_model_v1(str(folder / "dlib_face_recognition_resnet_model_v1.dat")),
    )
