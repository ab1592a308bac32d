"""Sandbox stand-in for 3D-RE-GEN and MVInverse (SOP step 3): a textured depth relief and PBR maps from one picture.

What cannot be known from one picture is guessed from luminance and height in the frame, and materials.json says so.
"""

import hashlib
import json
import re
from pathlib import Path
from typing import Any, Literal

import cv2

from vibeboard.domain.errors import Invalid
from vibeboard.providers.sandbox import pictures
from vibeboard.providers.sandbox.deconstruct import files, maps, relief

MODEL = "sandbox/relief"
TEXTURE_SIDE = 1024  # pixels, longer side of every map
Part = Literal["geometry", "materials"]
PARTS: tuple[Part, ...] = ("geometry", "materials")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


def deconstruct(image: Path, out: Path, *, name: str, parts: tuple[Part, ...] = PARTS) -> list[dict[str, Any]]:
    """Write the set in `image` into `out`: geometry is `<name>.glb` and `<name>.ply`, materials are four map PNGs and
    `materials.json`.

    Returns [{"name", "type": geometry | pointcloud | texture | pbr, "path": Path}] (SOP step 3's `files`). The same
    picture gives the same bytes. Raises Invalid for a file that is no picture or a name that is no file name.
    """
    if not NAME.fullmatch(name):
        raise Invalid(f"{name!r} cannot name a file", field="name", fix="Use a name such as SC01_SH03_LOC_Bar.")
    picture = pictures.read(image, TEXTURE_SIDE)
    surface = maps.surface(picture)
    mesh = relief.build(surface.depth)
    out.mkdir(parents=True, exist_ok=True)

    textures = {
        "albedo": (surface.albedo, "sRGB", "the picture with half of its large-scale shading divided out"),
        "normal": (surface.normal_picture(), "linear", "slope of the luminance; green points up"),
        "roughness": (surface.roughness_picture(), "linear", "rough where the picture is even, smooth where it varies"),
        "metallic": (surface.metallic_picture(), "linear", "none assumed: one picture does not tell metal from paint"),
    }
    written: list[dict[str, Any]] = []

    def add(path: Path, kind: str) -> Path:
        written.append({"name": path.name, "type": kind, "path": path})
        return path

    if "geometry" in parts:
        files.write_glb(add(out / f"{name}.glb", "geometry"), mesh, surface, name=name, generator=MODEL)
        files.write_ply(add(out / f"{name}.ply", "pointcloud"), mesh, surface.albedo)
    if "materials" not in parts:
        return written
    for label, (pixels, _, _) in textures.items():
        cv2.imwrite(str(add(out / f"{name}_{label}.png", "texture")), pixels)
    height, width = picture.shape[:2]
    materials = {
        "name": name,
        "engine": MODEL,
        "source": {"file": image.name, "sha256": hashlib.sha256(image.read_bytes()).hexdigest()},
        "depth": {
            "method": "0.6 x height in the frame + 0.4 x blurred luminance, smoothed with a bilateral filter",
            "measured": False,
            "note": "A guess from luminance and height in the frame, not a measurement: good for a relief and a "
            "camera move of a few degrees, not for scale or occlusion.",
        },
        "geometry": {
            "file": f"{name}.glb",
            "columns": mesh.columns,
            "rows": mesh.rows,
            "vertices": len(mesh.positions),
            "triangles": len(mesh.indices) // 3,
            "widthUnits": relief.WIDTH,
            "reliefUnits": relief.RELIEF,
        },
        "pointCloud": {"file": f"{name}.ply", "points": len(mesh.positions)},
        "textureSize": {"width": width, "height": height},
        "maps": {
            label: {"file": f"{name}_{label}.png", "colourSpace": space, "from": source}
            for label, (_, space, source) in textures.items()
        },
    }
    sheet = add(out / "materials.json", "pbr")
    sheet.write_text(json.dumps(materials, indent=2) + "\n", "utf-8")
    return written
