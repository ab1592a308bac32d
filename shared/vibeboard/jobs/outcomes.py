"""What a finished job changes in the film: per operation, the writes that go into the settling transaction."""

from collections.abc import Callable
from typing import Any

from boto3.dynamodb.conditions import Attr

from vibeboard.film.story import breakdown_written, outline_written
from vibeboard.film.takes import put_in
from vibeboard.store import keys
from vibeboard.store.audit import now
from vibeboard.store.table import EXISTS, Action, Item, Put, Update

Outcome = Callable[[Item, dict[str, Any]], list[Action]]


def _segment_key(job: Item) -> keys.Key:
    return keys.segment(job["projectId"], job["target"]["chainId"], job["target"]["segmentId"])


def _take(job: Item, kind: str, result: dict[str, Any]) -> Item:
    body = job["input"]
    return {
        **keys.take(job["projectId"], job["target"]["segmentId"], kind, job["attempt"], job["jobId"]),
        "takeId": f"take_{job['jobId'].removeprefix('job_')}",
        "projectId": job["projectId"],
        "kind": kind,
        "number": job["attempt"],
        "segmentId": job["target"]["segmentId"],
        "sceneChainId": job["target"]["chainId"],
        "jobId": job["jobId"],
        "operation": job["operation"],
        "model": result.get("model", job.get("model", "")),
        "requestedModel": job.get("model", ""),
        "prompt": body.get("prompt", ""),
        "negativePrompt": body.get("negative", ""),
        "seed": body.get("seed"),
        "cost": min(job.get("billed", job["amount"]), job["amount"]),
        "createdBy": job["user"],
        "createdAt": now(),
        **({"quality": "draft"} if kind == "clip" else {}),
        **{name: body[name] for name in _MADE_FROM if name in body},
        **result,
    }


# what a take remembers of its order, to be compared, chosen again, and found stale
_MADE_FROM = ("reason", "intent", "promptDigest", "sourceTakeId", "madeOf", "quality")


def frame_made(job: Item, result: dict[str, Any]) -> list[Action]:
    """A storyboard frame: a new take, and the segment's current first or last frame."""
    which = job["target"]["which"]  # first | last
    take = _take(job, which, result)
    return [Put(take), *put_in(take, counter=f"{which}FrameTakes", good=f"{which}FrameGood")]


def clip_made(job: Item, result: dict[str, Any]) -> list[Action]:
    """Footage: a new take with its measurement; the shot waits for review again, its flags become exceptions.

    A repair that was ordered on condition (`betterThan`) and measures no better stays a take; the shot keeps its own.
    """
    take = _take(job, "clip", result)
    if result["report"]["score"] <= job["input"].get("betterThan", -1):
        kept = Update(_segment_key(job), set={"clipTakes": job["attempt"]}, add={"rev": 1}, condition=EXISTS)
        return [Put(take), kept]
    return [Put(take), *put_in(take, counter="clipTakes")]


def pass_rendered(job: Item, result: dict[str, Any]) -> list[Action]:
    """A render pass of a shot at one quality (SOP step 11). Locked shots render: the recipe is locked, not the pass."""
    take = _take(job, f"pass-{job['input']['quality']}", result)
    row = {
        **keys.render(job["projectId"], f"{job['target']['renderId']}#{job['target']['segmentId']}#"
                      f"{job['input']['quality']}"),
        "segmentId": job["target"]["segmentId"],
        "quality": job["input"]["quality"],
        "renderId": job["target"]["renderId"],
        "jobId": job["jobId"],
        "clipTakeId": job["input"]["clipTakeId"],
        "burnIn": job["input"].get("burnIn", False),
        "nativeSize": result.get("nativeSize"),
        "status": "completed",
        "outputKey": result["picture"],
        "proxyKey": result.get("proxy"),
        "frames": result["frames"],
        "width": result["width"],
        "height": result["height"],
        "model": take["model"],
        "seed": take["seed"],
        "prompt": take["prompt"],
        "cost": take["cost"],
        "at": now(),
    }  # fmt: skip
    return [Put(take), Put(row)]


def passes_compared(job: Item, result: dict[str, Any]) -> list[Action]:
    row = {**keys.comparison(job["projectId"], job["target"]["mark"]), "result": result, "jobId": job["jobId"]}
    return [Put(row | {"at": now()})]


def asset_built(job: Item, result: dict[str, Any]) -> list[Action]:
    """Geometry of an asset; its own uploads stay beside it."""
    change = {
        "builtFiles": result["files"],
        "status": "complete",
        "geometryProvenance": result["provenance"],
        "updatedAt": now(),
    }
    return [Update(keys.asset(job["projectId"], job["target"]["assetId"]), set=change, condition=EXISTS)]


def materials_made(job: Item, result: dict[str, Any]) -> list[Action]:
    change = {
        "materialFiles": result["files"],
        "materialsStatus": "complete",
        "materialsProvenance": result["provenance"],
        "updatedAt": now(),
    }
    return [Update(keys.asset(job["projectId"], job["target"]["assetId"]), set=change, condition=EXISTS)]


def character_trained(job: Item, result: dict[str, Any]) -> list[Action]:
    change = {
        "loraId": result["loraId"],
        "lora": result,
        "trainingStatus": "complete",
        "updatedAt": now(),
    }
    return [Update(keys.character(job["projectId"], job["target"]["characterId"]), set=change, condition=EXISTS)]


def export_finished(job: Item, result: dict[str, Any]) -> list[Action]:
    change = {
        "status": "completed",
        "files": result["files"],
        "master": result["master"],
        "qcMaster": result.get("qc", []),
        "trust": result.get("trust"),
        "web": result.get("web"),
        "updatedAt": now(),
    }
    return [Update(keys.export(job["projectId"], job["target"]["exportId"]), set=change, condition=EXISTS)]


def film_published(job: Item, result: dict[str, Any]) -> list[Action]:
    change = {"publishing": {"status": "published", "at": now()} | result, "updatedAt": now()}
    return [Update(keys.export(job["projectId"], job["target"]["exportId"]), set=change, condition=EXISTS)]


def preview_made(job: Item, result: dict[str, Any]) -> list[Action]:
    change = {"previewKey": result["preview"], "updatedAt": now()}
    return [Update(keys.chain(job["projectId"], job["target"]["chainId"]), set=change, condition=EXISTS)]


def character_acted(job: Item, result: dict[str, Any]) -> list[Action]:
    """A performance or a grip of a character; the newest stands on it, older ones stay with their jobs."""
    name = "performance" if job["operation"] == "character.perform" else "contacts"
    row = {"jobId": job["jobId"], "key": result["picture" if name == "performance" else "contacts"]}
    row |= {"model": result["model"], "metrics": result.get("metrics", {}), "at": now()}
    key = keys.character(job["projectId"], job["target"]["characterId"])
    return [Update(key, set={name: row, "updatedAt": now()}, condition=EXISTS)]


def nothing_else(_job: Item, _result: dict[str, Any]) -> list[Action]:
    """The result is the job's own: it is looked at, and used by whoever chooses it."""
    return []


def cue_made(job: Item, result: dict[str, Any]) -> list[Action]:
    """A cue's sound is ready: 48 kHz, with its length in samples."""
    names = ("sound", "peaks", "samples", "model")
    change = {name: result[name] for name in names} | {"status": "ready", "updatedAt": now()}
    return [Update(_cue_key(job), set=change, condition=EXISTS)]


def _cue_key(job: Item) -> keys.Key:
    return keys.cue(job["projectId"], job["target"]["chainId"], job["target"]["cueId"])


OUTCOMES: dict[str, Outcome] = {
    "frame.draw": frame_made,
    "frame.edit": frame_made,
    "clip.generate": clip_made,
    "clip.render": pass_rendered,
    "vfx.reshoot": clip_made,
    "vfx.rescue-focus": clip_made,
    "vfx.motion-fix": clip_made,
    "vfx.magic-eraser": clip_made,
    "vfx.ai-reshoot": clip_made,
    "asset.deconstruct": asset_built,
    "asset.materials": materials_made,
    "character.train": character_trained,
    "character.perform": character_acted,
    "character.contacts": character_acted,
    "optics.refocus": nothing_else,
    "pass.compare": passes_compared,
    "export.master": export_finished,
    "export.publish": film_published,
    "timeline.preview": preview_made,
    "story.outline": outline_written,
    "story.breakdown": breakdown_written,
    "cue.make": cue_made,
}

_COUNTERS = {"first": "firstFrameTakes", "last": "lastFrameTakes"}


def on_failure(job: Item, error: dict[str, Any], cost: int) -> list[Action]:
    """A failed attempt still counts, so that the next one has an id and a seed of its own, and is kept as a failed take
    with its reason, at its real cost in micro-dollars. One that was given up before anybody ran it leaves none."""
    target = job["target"]
    if job["operation"] == "export.master":
        return [Update(keys.export(job["projectId"], target["exportId"]), set={"status": "failed"}, condition=EXISTS)]
    if job["operation"] == "export.publish":
        told = {"publishing": {"status": "failed", "error": error, "at": now()}}
        return [Update(keys.export(job["projectId"], target["exportId"]), set=told, condition=EXISTS)]
    if job["operation"] == "character.train":
        key = keys.character(job["projectId"], target["characterId"])
        return [Update(key, set={"trainingStatus": "failed"}, condition=EXISTS)]
    if job["operation"] in ("asset.deconstruct", "asset.materials"):
        which = "status" if job["operation"] == "asset.deconstruct" else "materialsStatus"
        return [Update(keys.asset(job["projectId"], target["assetId"]), set={which: "failed"}, condition=EXISTS)]
    if job["operation"] == "cue.make":
        return [Update(_cue_key(job), set={"status": "failed"}, condition=EXISTS)]
    if "segmentId" not in target or job["operation"] == "clip.render":
        return []
    counter = _COUNTERS.get(target.get("which", ""), "clipTakes")
    newest = Attr(counter).not_exists() | Attr(counter).lt(job["attempt"])
    counted = Update(_segment_key(job), set={counter: job["attempt"]}, condition=EXISTS & newest)
    if error.get("code") == "CANCELLED" and not cost:
        return [counted]
    failed = _take(job, target.get("which", "clip"), {}) | {"status": "failed", "error": error, "cost": cost}
    return [counted, Put(failed)]
