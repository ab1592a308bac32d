"""What the worker does: operation -> its model, the function that runs it on a GPU, and the CPU engine."""

from collections.abc import Callable
from dataclasses import dataclass

from gpu_worker.bench import Bench, Made
from gpu_worker.models import Model
from gpu_worker.operations import (
    cari4d,
    dailies,
    diffcamera,
    flashportrait,
    genfocus,
    infcam,
    mvinverse,
    regen3d,
    svi,
)


@dataclass(frozen=True, slots=True)
class Runner:
    model: Model
    gpu: Callable[[Bench], Made]
    cpu: Callable[[Bench], Made]


OPERATIONS: dict[str, Runner] = {
    "svi.image_to_video": Runner(svi.MODEL, svi.on_gpu, svi.on_cpu),
    "regen3d.deconstruct": Runner(regen3d.MODEL, regen3d.on_gpu, regen3d.on_cpu),
    "mvinverse.pbr": Runner(mvinverse.MODEL, mvinverse.on_gpu, mvinverse.on_cpu),
    "flashportrait.perform": Runner(flashportrait.MODEL, flashportrait.on_gpu, flashportrait.on_cpu),
    "cari4d.contacts": Runner(cari4d.MODEL, cari4d.on_gpu, cari4d.on_cpu),
    "genfocus.refocus": Runner(genfocus.MODEL, genfocus.on_gpu, genfocus.on_cpu),
    "diffcamera.refocus": Runner(diffcamera.MODEL, diffcamera.on_gpu, diffcamera.on_cpu),
    "infcam.reshoot": Runner(infcam.MODEL, infcam.on_gpu, infcam.on_cpu),
    "dailies.models": Runner(dailies.MODEL, dailies.on_gpu, dailies.on_cpu),
}
