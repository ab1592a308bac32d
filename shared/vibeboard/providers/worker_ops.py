"""What our GPU worker is asked and what it answers: one envelope, and one typed order and answer per operation.

The RunPod adapter writes the envelope, the worker (functions/gpu_worker) reads it; both check it against this file.
Media travel as links, never inside the JSON (RunPod takes 10 MB). Sizes in pixels, times in frames unless named.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field

from vibeboard.providers import worker_film
from vibeboard.providers.worker_wire import FileName, Link, Seed, Wire, Words

VERSION = 1  # of the envelope; a worker refuses another


Label = Annotated[str, Field(min_length=1, max_length=60)]


class PutUrl(Wire):
    """Where one file is put, once, with which headers."""

    url: Link
    headers: Annotated[dict[str, str], Field(default_factory=dict)]
    name: FileName = "file"


class Output(Wire):
    put_urls: dict[str, PutUrl]


class Envelope(Wire):
    """Every order. claim: the object to create before GPU time is spent, so that a second copy ends at once; claimed:
    where it can be read, so that a copy knows whose claim it met."""

    op: Annotated[str, Field(pattern=r"^[a-z0-9]+\.[a-z0-9_]+$")]
    version: Literal[1] = 1
    trace_id: str = ""
    job_id: str
    attempt: Annotated[int, Field(ge=0)]
    claim: PutUrl | None = None
    claimed: Link | None = None
    params: dict[str, Any]
    assets: dict[str, Link]
    output: Output


class WorkerFile(Wire):
    """One file made. name: the output's label in the order; url only when it was not put where the order said."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-zA-Z0-9]{0,39}$")]
    content_type: str = "application/octet-stream"
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    bytes: Annotated[int, Field(ge=1)]
    url: Link | None = None


class WorkerModel(Wire):
    """Which model ran, from which source, and under whose terms."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    commit: str = ""
    weights: str = ""
    licence: str = ""


class WorkerResult(Wire):
    """Every answer. metrics: what the operation measured, small."""

    files: Annotated[list[WorkerFile], Field(max_length=40)]
    metrics: Annotated[dict[str, float | int | str | bool | None], Field(default_factory=dict)]
    model: WorkerModel
    seed: int | None = None
    gpu_seconds: Annotated[float, Field(ge=0)] = 0.0


class Deconstruct(Wire):
    """3D-RE-GEN: one picture of a set into a scene. labels: what to cut out, in words (Grounded-SAM)."""

    name: FileName
    prompt: Words = ""
    labels: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=60)]], Field(max_length=40, default_factory=list)
    ]
    threshold: Annotated[float, Field(gt=0, lt=1)] = 0.25
    seed: Seed = 0


class Pbr(Wire):
    """MVInverse: materials of one picture. The model works on sizes that are multiples of 14."""

    name: FileName
    long_side: Annotated[int, Field(ge=140, le=2_016, multiple_of=14)] = 1_022


class Perform(Wire):
    """FlashPortrait: the face of a reference picture gives the performance of a driving video."""

    prompt: Words
    negative_prompt: Words = ""
    seed: Seed = 42
    steps: Annotated[int, Field(ge=30, le=50)] = 30
    text_cfg: Annotated[float, Field(ge=0, le=20)] = 1.0
    emotion_cfg: Annotated[float, Field(ge=0, le=20)] = 4.0
    context_overlap: Annotated[int, Field(ge=10, le=40)] = 30
    context_size: Annotated[int, Field(ge=11, le=201)] = 51
    max_size: Literal[512, 720, 1280] = 720
    fps: Annotated[int, Field(ge=8, le=60)] = 25


class Contacts(Wire):
    """CARI4D: where hands hold an object over a clip. box: the object in the first frame, shares of the picture."""

    object_name: Annotated[str, Field(min_length=1, max_length=80)]
    box: tuple[float, float, float, float]  # x, y, width, height, 0..1
    frames: Annotated[int, Field(ge=1, le=2_000)]


class Refocus(Wire):
    """GenFocus: one picture focused anew. focus in pixels of the picture; k is the model's blur strength."""

    focus_x: Annotated[float, Field(ge=0)]
    focus_y: Annotated[float, Field(ge=0)]
    k: Annotated[float, Field(ge=0, le=60)] = 15.0
    steps: Annotated[int, Field(ge=1, le=100)] = 28
    long_side: Annotated[int, Field(ge=0, le=4_096)] = 0
    bokeh_shape: Annotated[str, Field(max_length=20)] = "round"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the worker: its order, the pictures or films it is given, the files it makes.

    outputs: label -> file name; `optional` labels may be missing from a good answer. licence: terms of the model the
    worker runs for it, carried into the provenance.
    """

    op: str
    params: type[Wire]
    assets: tuple[str, ...]
    outputs: Mapping[str, str]
    licence: str
    extra_assets: tuple[str, ...] = ()
    optional: frozenset[str] = field(default_factory=frozenset)

    @property
    def required(self) -> frozenset[str]:
        return frozenset(self.outputs) - self.optional


_FOOTAGE = Operation(
    "svi.image_to_video",
    worker_film.ImageToVideo,
    assets=("image",),
    extra_assets=("lastImage",),
    outputs={"picture": "picture.mp4", "sound": "sound.wav"},
    optional=frozenset({"sound"}),
    licence="Stable Video Infinity: MIT; Wan2.1: Apache-2.0",
)

# Our job operation -> the worker's operation.
OPERATIONS: dict[str, Operation] = {
    "clip.generate": _FOOTAGE,
    "clip.render": _FOOTAGE,
    "vfx.reshoot": Operation(
        "infcam.reshoot",
        worker_film.Reshoot,
        assets=("picture",),
        outputs={"picture": "picture.mp4"},
        licence="InfCam: no licence published; Wan2.1: Apache-2.0",
    ),
    "vfx.rescue-focus": Operation(
        "diffcamera.refocus",
        worker_film.FocusRescue,
        assets=("picture",),
        outputs={"picture": "picture.mp4"},
        licence="GenFocus: Apache-2.0 code on FLUX.1-dev weights (non-commercial); DiffCamera: unpublished",
    ),
    "dailies.models": Operation(
        "dailies.models",
        worker_film.Dailies,
        assets=("picture",),
        extra_assets=("reference1", "reference2", "reference3"),
        outputs={"report": "report.json"},
        licence="DINO: Apache-2.0; CLIP: MIT",
    ),
    "asset.deconstruct": Operation(
        "regen3d.deconstruct",
        Deconstruct,
        assets=("image",),
        outputs={"scene": "scene.glb", "points": "points.ply", "cameras": "cameras.json"},
        optional=frozenset({"cameras"}),
        licence="3D-RE-GEN: MIT; its base models under their own terms",
    ),
    "asset.materials": Operation(
        "mvinverse.pbr",
        Pbr,
        assets=("image",),
        outputs={
            "albedo": "albedo.png",
            "normal": "normal.png",
            "roughness": "roughness.png",
            "metallic": "metallic.png",
        },
        licence="MVInverse: non-commercial",
    ),
    "character.perform": Operation(
        "flashportrait.perform",
        Perform,
        assets=("reference", "driving"),
        outputs={"picture": "performance.mp4"},
        licence="FlashPortrait: Apache-2.0",
    ),
    "character.contacts": Operation(
        "cari4d.contacts",
        Contacts,
        assets=("video",),
        extra_assets=("mesh", "masks", "poses"),
        outputs={"contacts": "contacts.json"},
        licence="CARI4D: NVIDIA, non-commercial research only",
    ),
    "optics.refocus": Operation(
        "genfocus.refocus",
        Refocus,
        assets=("image",),
        extra_assets=("depth",),
        outputs={"picture": "refocused.png"},
        licence="GenFocus: Apache-2.0 code on FLUX.1-dev weights (non-commercial)",
    ),
}
BY_OP: dict[str, Operation] = {operation.op: operation for operation in OPERATIONS.values()}


def read_order(told: Any) -> tuple[Envelope, Operation, Wire]:
    """A worker's input, checked: envelope, operation and its typed params.

    Raises ValueError (pydantic's, or our own) naming what is wrong.
    """
    envelope = Envelope.model_validate(told)
    operation = BY_OP.get(envelope.op)
    if operation is None:
        raise ValueError(f"No operation {envelope.op}; known: {', '.join(sorted(BY_OP))}")
    missing = [name for name in operation.assets if name not in envelope.assets]
    unknown = sorted(set(envelope.assets) - {*operation.assets, *operation.extra_assets})
    unplaced = sorted(operation.required - set(envelope.output.put_urls))
    for fault, names in (("assets are missing", missing), ("assets are unknown", unknown), ("have no place", unplaced)):
        if names:
            raise ValueError(f"{envelope.op}: {fault}: {', '.join(names)}")
    return envelope, operation, operation.params.model_validate(envelope.params)


def read_result(operation: Operation, told: Any) -> WorkerResult:
    """A worker's answer, checked: each required file once, and none that nobody ordered. Raises ValueError."""
    result = WorkerResult.model_validate(told)
    names = [row.name for row in result.files]
    if len(set(names)) != len(names):
        raise ValueError(f"{operation.op} names a file twice")
    if unknown := sorted(set(names) - set(operation.outputs)):
        raise ValueError(f"{operation.op} made files nobody ordered: {', '.join(unknown)}")
    if missing := sorted(operation.required - set(names)):
        raise ValueError(f"{operation.op} finished without {', '.join(missing)}")
    return result
