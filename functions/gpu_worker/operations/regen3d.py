"""regen3d.deconstruct: 3D-RE-GEN, one picture of a room into objects and a scene. CPU: the depth relief.

Its steps run as its own program in its own environment (it needs PyTorch3D builds of its own): segmentation,
completion of hidden parts (Gemini's image API: GOOGLE_API_KEY), Hunyuan3D-2, VGGT, point clouds, fitting, scene.
Rendering and the evaluation against a ground truth are left out.
"""

import json
import os
import shutil
from pathlib import Path
from typing import Any, cast

import yaml

from gpu_worker.bench import Bench, Made
from gpu_worker.models import Model, NotReady, release
from vibeboard.domain.errors import ProviderFailed
from vibeboard.media.programs import run_program
from vibeboard.providers.worker_ops import Deconstruct

MODEL = Model(
    name="3d-re-gen",
    repository="cgtuebingen/3D-RE-GEN",
    commit="9a6275f3af97eae484c34d0ff5d9cc8177adaa17",
    weights="Grounding-DINO base, SAM ViT-H, Hunyuan3D-2, VGGT",
    licences=("mit", "apache-2.0", "hunyuan3d-2", "vggt", "gemini-api"),
    folder="3D-RE-GEN",
    needs=("run.py", "src/config.yaml", "venv_py310/bin/python"),
    gigabytes=48,
)
STEPS = ("segmentation", "inpainting", "objects", "cameras", "point clouds", "reconstruction", "scene")
STEP_SECONDS = 1500.0


def on_gpu(bench: Bench) -> Made:
    wanted = cast(Deconstruct, bench.params)
    if not os.environ.get("GOOGLE_API_KEY"):
        raise NotReady("3D-RE-GEN completes hidden objects by Gemini's image API", fix="Set GOOGLE_API_KEY.")
    release()  # the program needs the GPU's memory for itself
    root = MODEL.root
    output = bench.folder / "regen"
    config = bench.folder / "config.yaml"
    stated = yaml.safe_load((root / "src" / "config.yaml").read_text("utf-8"))
    config.write_text(yaml.safe_dump(_placed(stated, output, bench, wanted)), "utf-8")
    # The program's steps read the configuration at its own place, so one order at a time owns it.
    shutil.copyfile(config, root / "src" / "config.yaml")
    for index, step in enumerate(STEPS):
        bench.progress(0.05 + 0.9 * index / len(STEPS), step)
        run_program(
            [str(root / "venv_py310" / "bin" / "python"), "run.py", "-p", str(index + 1)],
            cwd=root,
            timeout=STEP_SECONDS,
            stop=bench.stop,
        )
    scene = output / "glb" / "scene" / "combined_scene.glb"
    if not scene.is_file():
        raise ProviderFailed("3D-RE-GEN finished without a scene", fix="Name the objects in `labels`.")
    shutil.copyfile(scene, bench.out("scene"))
    shutil.copyfile(output / "pre_3D" / "scene_vggt.ply", bench.out("points"))
    cameras = output / "pre_3D" / "camera.npz"
    if cameras.is_file():
        bench.out("cameras").write_text(_cameras(cameras), "utf-8")
    return Made({"objects": len(list((output / "3D").glob("*.glb")))}, seed=wanted.seed)


def _placed(stated: dict[str, Any], output: Path, bench: Bench, wanted: Deconstruct) -> dict[str, Any]:
    """The program's own configuration with every path under this order's folder, and the order's wishes."""

    def moved(value: Any) -> Any:
        return (
            str(output / value.removeprefix("../output").lstrip("/")) if str(value).startswith("../output") else value
        )

    config = {name: moved(value) for name, value in stated.items()}
    wishes = {
        "input_image": str(bench.assets["image"]),
        "temp": str(bench.folder / "tmp"),
        "threshold": wanted.threshold,
        "seed": wanted.seed,
        "Use_VGGT": True,
        "conda_env": None,
    }
    return config | wishes | ({"labels": wanted.labels} if wanted.labels else {})


def _cameras(path: Path) -> str:
    import numpy as np

    with np.load(path, allow_pickle=False) as held:
        return json.dumps({name: held[name].tolist() for name in held.files})


def on_cpu(bench: Bench) -> Made:
    from vibeboard.providers.sandbox.deconstruct import MODEL as RELIEF
    from vibeboard.providers.sandbox.deconstruct import deconstruct

    wanted = cast(Deconstruct, bench.params)
    rows = deconstruct(bench.assets["image"], bench.folder / "set", name=Path(wanted.name).stem)
    bench.progress(0.9, "relief")
    for row in rows:
        label = {"geometry": "scene", "pointcloud": "points"}.get(row["type"])
        if label:
            shutil.copyfile(row["path"], bench.out(label))
    return Made({"measuredDepth": False}, model=RELIEF, seed=wanted.seed)
