"""Depth and PBR maps guessed from one picture."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vibeboard.providers.sandbox.pictures import Picture

Map = NDArray[np.float32]  # (height, width), 0..1

SHADING_SHARE = 0.5  # of the large-scale shading taken out of the albedo; all of it would flatten night scenes to grey


@dataclass(frozen=True, slots=True)
class Surface:
    """Maps of one picture, all of its size. `depth`: 1 is nearest. `normal`: unit vectors, x right, y up, z out."""

    albedo: Picture
    depth: Map
    normal: NDArray[np.float32]
    roughness: Map
    occlusion: Map
    metallic: Map

    def normal_picture(self) -> Picture:
        """BGR picture of the normals, as glTF reads them (red right, green up, blue out)."""
        return np.rint((self.normal[..., ::-1] * 0.5 + 0.5) * 255).astype(np.uint8)

    def roughness_picture(self) -> NDArray[np.uint8]:
        return _grey(self.roughness)

    def metallic_picture(self) -> NDArray[np.uint8]:
        return _grey(self.metallic)

    def orm_picture(self) -> Picture:
        """BGR picture with occlusion in red, roughness in green, metallic in blue (glTF 2.0)."""
        return np.dstack([_grey(self.metallic), _grey(self.roughness), _grey(self.occlusion)])


def surface(picture: Picture) -> Surface:
    """All maps of a BGR picture."""
    luma = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.float32) / 255
    depth = _depth(luma)
    return Surface(
        albedo=_albedo(picture, luma),
        depth=depth,
        normal=_normal(luma),
        roughness=_roughness(luma),
        occlusion=_occlusion(depth),
        metallic=np.zeros_like(luma),
    )


def _scaled(share: float, image: NDArray[np.float32]) -> float:
    """A blur radius as a share of the picture's longer side, so that the maps do not depend on its resolution."""
    return max(1.0, share * float(max(image.shape)))


def _blur(image: Map, share: float) -> Map:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), _scaled(share, image)), np.float32)


def _depth(luma: Map) -> Map:
    """What stands low in the frame and what is bright is taken to be near."""
    height = np.linspace(0.0, 1.0, luma.shape[0], dtype=np.float32)[:, None]
    guess = (0.6 * height + 0.4 * _blur(luma, 0.01)).astype(np.float32)
    smooth = cv2.bilateralFilter(guess, 9, 0.1, _scaled(0.008, luma))
    return np.asarray(np.clip(smooth, 0.0, 1.0), np.float32)


def _normal(luma: Map) -> NDArray[np.float32]:
    fine = cv2.GaussianBlur(luma, (0, 0), 1.0)
    across = 2 * cv2.Sobel(fine, cv2.CV_32F, 1, 0, ksize=3, scale=0.25)
    down = 2 * cv2.Sobel(fine, cv2.CV_32F, 0, 1, ksize=3, scale=0.25)
    vectors = np.dstack([-across, down, np.ones_like(luma)])  # picture rows run down, the map's y runs up
    return np.asarray(vectors / np.linalg.norm(vectors, axis=2, keepdims=True), np.float32)


def _roughness(luma: Map) -> Map:
    mean = cv2.blur(luma, (7, 7))
    variance = np.maximum(cv2.blur(luma * luma, (7, 7)) - mean * mean, 0.0)
    return np.asarray(np.clip(0.9 - 4.0 * np.sqrt(variance), 0.2, 0.95), np.float32)


def _occlusion(depth: Map) -> Map:
    """Darker where the surroundings stand nearer than the point itself."""
    sunken = np.maximum(_blur(depth, 0.03) - depth, 0.0)
    return np.asarray(np.clip(1.0 - 3.0 * sunken, 0.4, 1.0), np.float32)


def _albedo(picture: Picture, luma: Map) -> Picture:
    shading = np.maximum(_blur(luma, 0.06), 1 / 255)
    gain = np.clip(float(luma.mean()) / shading, 0.5, 2.0) ** SHADING_SHARE
    return np.clip(np.rint(picture.astype(np.float32) * gain[..., None]), 0, 255).astype(np.uint8)


def _grey(values: Map) -> NDArray[np.uint8]:
    return np.rint(values * 255).astype(np.uint8)
