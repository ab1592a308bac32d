"""mvinverse.pbr: MVInverse, materials of a picture by inverse rendering. CPU: maps guessed from luminance."""

from pathlib import Path
from typing import Any, cast

from gpu_worker.bench import Bench, Made
from gpu_worker.models import Model, resident
from vibeboard.providers.worker_ops import Pbr

MODEL = Model(
    name="mvinverse",
    repository="Maddog241/mvinverse",
    commit="6a7fa82a1b23aaf062c684cfef32bb0258a3a1a9",
    weights="maddog241/mvinverse",
    licences=("mvinverse",),
    folder="mvinverse",
    needs=("inference.py", "weights"),
    packages=("mvinverse", "inference"),
    gigabytes=16,
)
MAPS = ("albedo", "normal", "roughness", "metallic")
PATCH = 14  # the model's sizes are multiples of it


def _load(root: Path) -> Any:
    import torch
    from mvinverse.models.mvinverse import MVInverse

    return MVInverse.from_pretrained(str(root / "weights")).to(torch.device("cuda")).eval()


def fitted(width: int, height: int, longest: int) -> tuple[int, int]:
    """The size the model works at: at most `longest`, both sides multiples of 14."""
    scale = min(1.0, longest / max(width, height))
    return max(PATCH, int(width * scale) // PATCH * PATCH), max(PATCH, int(height * scale) // PATCH * PATCH)


def on_gpu(bench: Bench) -> Made:
    import numpy as np
    import torch
    from PIL import Image

    wanted = cast(Pbr, bench.params)
    model = resident(MODEL, _load)
    bench.progress(0.3, "loaded")
    with Image.open(bench.assets["image"]) as opened:
        picture = opened.convert("RGB")
    size = fitted(*picture.size, wanted.long_side)
    pixels = np.asarray(picture.resize(size, Image.Resampling.LANCZOS), np.float32) / 255
    batch = torch.from_numpy(pixels).permute(2, 0, 1)[None, None].to("cuda")  # scenes, views, channels, rows, columns
    with torch.no_grad(), torch.amp.autocast("cuda", dtype=torch.float16):
        found = model(batch)
    bench.progress(0.8, "maps")
    for label in MAPS:
        values = found[label][0][0].float().cpu().numpy()
        if label == "normal":
            values = values * 0.5 + 0.5
        levels = np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)
        Image.fromarray(levels.squeeze(-1) if levels.shape[-1] == 1 else levels).save(bench.out(label))
    return Made({"width": size[0], "height": size[1]})


def on_cpu(bench: Bench) -> Made:
    import cv2

    from vibeboard.providers.sandbox import pictures
    from vibeboard.providers.sandbox.deconstruct import MODEL as RELIEF
    from vibeboard.providers.sandbox.deconstruct import maps

    wanted = cast(Pbr, bench.params)
    picture = pictures.read(bench.assets["image"], wanted.long_side)
    surface = maps.surface(picture)
    bench.progress(0.7, "maps")
    made = {
        "albedo": surface.albedo,
        "normal": surface.normal_picture(),
        "roughness": surface.roughness_picture(),
        "metallic": surface.metallic_picture(),
    }
    for label, pixels in made.items():
        cv2.imwrite(str(bench.out(label)), pixels)
    height, width = picture.shape[:2]
    return Made({"width": int(width), "height": int(height)}, model=RELIEF)
