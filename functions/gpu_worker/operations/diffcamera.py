"""diffcamera.refocus: footage that missed its focus, frame by frame. CPU: Wiener deconvolution.

DiffCamera's authors have published neither code nor weights. Where an operator has them by agreement they lie in
MODELS_DIR/DiffCamera as a diffusers pipeline of its own (`pipeline.py` beside the weights) with the inputs the paper
states: image, focus point, blur level. Else GenFocus' DeblurNet does the work, and the answer says so.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from gpu_worker.bench import Bench, Made
from gpu_worker.models import Model, accepted, resident
from gpu_worker.operations import genfocus
from vibeboard.media import vfx
from vibeboard.media.frames import bgr_frames, write_bgr
from vibeboard.media.probe import probe
from vibeboard.providers.worker_film import FocusRescue

DIFFCAMERA = Model(
    name="diffcamera",
    repository="by agreement with the authors (arXiv 2509.26599)",
    commit="",
    weights="DiffCamera",
    licences=("diffcamera-unpublished", "flux-1-dev"),
    folder="DiffCamera",
    needs=("pipeline.py", "model_index.json"),
    gigabytes=48,
)
MODEL = genfocus.MODEL
SQUARE = 1024  # DiffCamera's native picture


def _given() -> bool:
    return (
        all((DIFFCAMERA.root / name).exists() for name in DIFFCAMERA.needs) and set(DIFFCAMERA.licences) <= accepted()
    )


def _load(root: Path) -> Any:
    import torch
    from diffusers import DiffusionPipeline

    pipe = DiffusionPipeline.from_pretrained(
        str(root), custom_pipeline=str(root / "pipeline.py"), torch_dtype=torch.bfloat16
    )
    return pipe.to("cuda")


def on_gpu(bench: Bench) -> Made:
    import numpy as np
    import torch
    from PIL import Image

    wanted = cast(FocusRescue, bench.params)
    info = probe(bench.assets["picture"])
    own = _given()
    held: Any = resident(DIFFCAMERA, _load) if own else genfocus.lens()

    def rescued() -> Iterator[Any]:
        for number, frame in enumerate(bgr_frames(info)):
            bench.progress(0.05 + 0.9 * number / info.frames, f"frame {number + 1}/{info.frames}")
            picture = Image.fromarray(frame[..., ::-1])
            if own:
                # The same noise for every frame, or the grain of the result would boil.
                made = held(
                    image=picture.resize((SQUARE, SQUARE), Image.Resampling.LANCZOS),
                    focus_point=wanted.focus or (0.5, 0.5),
                    blur_level=0.0,
                    num_inference_steps=wanted.steps,
                    generator=torch.Generator(device="cuda").manual_seed(wanted.seed),
                ).images[0]
            else:
                made = genfocus.deblurred(
                    held, genfocus.fitted(picture, wanted.long_side), wanted.steps, seed=wanted.seed
                )
            yield np.asarray(made.resize(picture.size, Image.Resampling.LANCZOS))[..., ::-1]

    write_bgr(rescued(), (info.width, info.height), info.rate, bench.out("picture"))
    model = DIFFCAMERA.name if own else f"{genfocus.MODEL.name}/deblurnet"
    return Made({"frames": info.frames}, model=model, seed=wanted.seed)


def on_cpu(bench: Bench) -> Made:
    wanted = cast(FocusRescue, bench.params)
    progress = bench.share(0.05, 0.95, "deconvolution")
    made = vfx.rescue_focus(bench.assets["picture"], bench.out("picture"), sigma=wanted.sigma, progress=progress)
    return Made({"frames": made["frames"], "blurSigma": made["sigma"]}, model="sandbox/vfx")
