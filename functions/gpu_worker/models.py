"""The models: whose they are, which version, on which terms; where they lie; and which engine does an order.

A model runs only where a GPU is, its files are in MODELS_DIR, and every licence it stands under is named in
ACCEPT_LICENCES by whoever runs the worker. Without a GPU the CPU engine does the order and says so.

| setting | meaning |
|---|---|
| WORKER_ENGINE | auto (GPU where there is one), cpu, or gpu (never the CPU engine) |
| MODELS_DIR | folder of the checkouts and weights, usually on the endpoint's network volume |
| ACCEPT_LICENCES | ids of the licences whose terms the operator keeps, with commas between |
"""

import gc
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from vibeboard.domain.errors import VibeBoardError

Engine = Literal["gpu", "cpu"]
MODELS_DIR = "/runpod-volume/models"


class NotReady(VibeBoardError):
    """The worker is not set up for this model; nothing ran."""

    status, code, title = 503, "MODEL_NOT_READY", "The worker cannot run this model"


@dataclass(frozen=True, slots=True)
class Licence:
    """Terms of a model's code or weights. commercial: whether a film that is sold may be made with it."""

    id: str
    name: str
    commercial: bool


LICENCES = {
    row.id: row
    for row in (
        Licence("mit", "MIT", True),
        Licence("apache-2.0", "Apache-2.0", True),
        Licence("mvinverse", "MVInverse: non-commercial purposes only", False),
        Licence("flux-1-dev", "FLUX.1-dev non-commercial licence (gated weights)", False),
        Licence("cari4d", "NVIDIA CARI4D: non-commercial research only", False),
        Licence("smpl-h", "SMPL-H body model: non-commercial research only", False),
        Licence("infcam-unlicensed", "InfCam: published without a licence; ask its authors", False),
        Licence("diffcamera-unpublished", "DiffCamera: code and weights by agreement with its authors", False),
        Licence("hunyuan3d-2", "Tencent Hunyuan 3D 2.0 community licence (not in the EU, UK and South Korea)", True),
        Licence("gemini-api", "Terms of Google's Gemini API, which 3D-RE-GEN calls to complete objects", True),
        Licence("vggt", "VGGT: non-commercial checkpoint", False),
        Licence("apple-depth-pro", "Apple sample code licence (Depth Pro)", True),
    )
}


@dataclass(frozen=True, slots=True)
class Model:
    """One model. folder: its checkout under MODELS_DIR, with the weights where its own documentation puts them.
    needs: files or folders that must be there. packages: top-level modules of the checkout."""

    name: str
    repository: str
    commit: str
    weights: str
    licences: tuple[str, ...]
    folder: str
    needs: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    gigabytes: int = 24  # of GPU memory, as its authors say

    @property
    def licence(self) -> str:
        return "; ".join(LICENCES[name].name for name in self.licences)

    @property
    def root(self) -> Path:
        return Path(os.environ.get("MODELS_DIR") or MODELS_DIR) / self.folder


@lru_cache(maxsize=1)
def device() -> str:
    """The GPU's name, "" where there is none."""
    try:
        import torch
    except ImportError:
        return ""
    return str(torch.cuda.get_device_name(0)) if torch.cuda.is_available() else ""


def accepted() -> frozenset[str]:
    return frozenset(name.strip().lower() for name in os.environ.get("ACCEPT_LICENCES", "").split(",") if name.strip())


def choose(model: Model) -> Engine:
    """Who does an order of this model here. Raises NotReady when a GPU is there and the model may not or cannot run:
    an order for a model is never silently done by something else."""
    wish = os.environ.get("WORKER_ENGINE", "auto").lower()
    if wish not in ("auto", "cpu", "gpu"):
        raise NotReady(f"WORKER_ENGINE is {wish!r}", fix="Set it to auto, cpu or gpu.", code="SETTING_INVALID")
    if wish == "cpu" or (wish == "auto" and not device()):
        return "cpu"
    if not device():
        raise NotReady("WORKER_ENGINE is gpu, and this machine has no GPU", fix="Use a GPU worker, or set auto.")
    refused = [name for name in model.licences if name not in accepted()]
    if refused:
        raise NotReady(
            f"{model.name} runs under terms nobody accepted: {'; '.join(LICENCES[name].name for name in refused)}",
            code="LICENCE_NOT_ACCEPTED",
            fix=f"Read them; whoever runs the worker adds {', '.join(refused)} to ACCEPT_LICENCES.",
        )
    missing = [name for name in ("", *model.needs) if not (model.root / name).exists()]
    if missing:
        raise NotReady(
            f"{model.name} is not in MODELS_DIR: {model.folder}/{missing[0]}",
            code="WEIGHTS_MISSING",
            fix=f"Put {model.repository} at {model.commit[:12] or 'the agreed version'} and its weights there.",
        )
    return "gpu"


_resident: tuple[str, Any] | None = None  # one model stays in GPU memory between orders


def resident(model: Model, load: Callable[[Path], Any]) -> Any:
    """The loaded model, kept for the next order of the same kind; another model's is let go first.

    Its checkout comes first on the path, and the modules of the checkout before it are forgotten: several research
    repositories ship their own version of a package of the same name.
    """
    global _resident
    if _resident is not None and _resident[0] == model.name:
        return _resident[1]
    release()
    enter(model)
    _resident = (model.name, load(model.root))
    return _resident[1]


def enter(model: Model) -> None:
    """Make the model's checkout the one that its package names mean."""
    root = Path(os.environ.get("MODELS_DIR") or MODELS_DIR)
    sys.path[:] = [entry for entry in sys.path if not Path(entry).is_relative_to(root)]
    for name in [name for name in sys.modules if name.split(".")[0] in model.packages]:
        del sys.modules[name]
    sys.path.insert(0, str(model.root))


def release() -> None:
    """Let the resident model go and give its GPU memory back."""
    global _resident
    if _resident is None:
        return
    _resident = None
    gc.collect()
    import torch

    torch.cuda.empty_cache()
