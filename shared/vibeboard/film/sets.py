"""Building an asset in 3D (SOP step 3): geometry by 3D-RE-GEN and materials by MVInverse, two jobs from one picture."""

from typing import Any

from vibeboard.domain.story import Breakdown
from vibeboard.jobs.admission import JobDraft
from vibeboard.providers import worker_ops
from vibeboard.providers.worker_wire import Wire
from vibeboard.store.table import Item

GEOMETRY_MODEL, MATERIALS_MODEL = "runpod/3d-re-gen", "runpod/mvinverse"
MAX_LABELS = 40  # of one order


def build_drafts(
    asset: Item, image: str, *, prompt: str, seed: int, attempt: int = 1, labels: tuple[str, ...] = ()
) -> list[JobDraft]:
    """[geometry, materials] of one asset from the picture at `image`. labels: what to cut out, in words."""
    target = {"assetId": asset["assetId"]}
    scene = worker_ops.Deconstruct(name=asset["name"], prompt=prompt, labels=list(labels), seed=seed)
    maps = worker_ops.Pbr(name=asset["name"])

    def draft(operation: str, params: Wire, model: str) -> JobDraft:
        given: dict[str, Any] = {"params": params.wire(), "assets": {"image": image}}
        return JobDraft(operation=operation, target=target, input=given, attempt=attempt, model=model)

    return [
        draft("asset.deconstruct", scene, GEOMETRY_MODEL),
        draft("asset.materials", maps, MATERIALS_MODEL),
    ]


def things_in(breakdown: Breakdown, place: str) -> tuple[str, ...]:
    """The props of the shots at a place, as words: what the model that builds the set should cut out of it."""
    shots = [shot for scene in breakdown.scenes if scene.location == place for shot in scene.shots]
    return tuple(dict.fromkeys(prop.replace("_", " ")[:60] for shot in shots for prop in shot.props))[:MAX_LABELS]


def building(drafts: list[JobDraft], project_id: str, image: str, attempt: int) -> dict[str, Any]:
    """What the asset's item says while it is built."""
    return {
        "status": "building",
        "materialsStatus": "building",
        "attempt": attempt,
        "buildJobs": [draft.job_id(project_id) for draft in drafts],
        "buildInput": {"image": image, "prompt": drafts[0].input["params"]["prompt"]},
    }
