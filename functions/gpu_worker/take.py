"""One order from RunPod to its end: read, claimed, fetched, done, put where it was told, reported.

Before the claim nothing is spent: an order that cannot be read, that no engine here may do, or that another run has
claimed ends within a second. After it, every fault is an answer with a code, never a dead worker.
"""

import asyncio
import hashlib
import json
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from gpu_worker import models
from gpu_worker.bench import Bench, Made, Stopped
from gpu_worker.operations import OPERATIONS, Runner
from vibeboard.domain.errors import VibeBoardError
from vibeboard.providers import ssrf
from vibeboard.providers.ssrf import MEGABYTE
from vibeboard.providers.worker_ops import Envelope, PutUrl, WorkerFile, WorkerModel, WorkerResult, read_order

ASSET_BYTES = 512 * MEGABYTE  # one input
ALL_ASSETS_BYTES = 1024 * MEGABYTE
ASSET_TYPES = ("image/", "video/", "audio/", "application/", "binary/", "text/plain")
CLAIM_BYTES = 4096
STOP_SECONDS = 30.0  # how long a called-off order may take to notice
FAULT_LENGTH = 300

Tell = Callable[[dict[str, Any]], None]


async def take(job: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """The answer for RunPod: a WorkerResult, {"duplicate": …} for a second submission, or {"error": …}.

    The work runs beside the event loop, so that the SDK's pings and stop signals get through.
    """
    stop = threading.Event()
    work = asyncio.ensure_future(asyncio.to_thread(_answer, job, tell, stop))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        stop.set()  # the GPU must be free before the next order comes
        await asyncio.wait({work}, timeout=STOP_SECONDS)
        raise


def _answer(job: dict[str, Any], tell: Tell, stop: threading.Event) -> dict[str, Any]:
    try:
        return _done(str(job["id"]), job["input"], tell, stop)
    except ValidationError as fault:
        first = fault.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return failure("ORDER_INVALID", f"{place}: {first['msg']}")
    except VibeBoardError as refused:
        return failure(refused.code, " ".join(filter(None, [refused.detail, refused.fix])))
    except ValueError as fault:
        return failure("ORDER_INVALID", str(fault))
    except MemoryError:
        return failure("OUT_OF_MEMORY", "The worker ran out of memory") | {"refresh_worker": True}
    except Exception as fault:
        # A CUDA fault poisons its process: the worker is replaced, the answer still tells what happened.
        name = type(fault).__name__
        poisoned = "CUDA" in str(fault) or name == "OutOfMemoryError"
        return failure("ENGINE_FAULT", f"{name}: {str(fault)[:FAULT_LENGTH]}") | {"refresh_worker": poisoned}


def failure(code: str, message: str) -> dict[str, Any]:
    """An error in the shape RunPod's SDK gives exceptions, without their traceback."""
    return {"error": json.dumps({"error_type": code, "error_message": message}, ensure_ascii=False)}


def _done(run: str, told: Any, tell: Tell, stop: threading.Event) -> dict[str, Any]:
    envelope, operation, params = read_order(told)
    runner = OPERATIONS[envelope.op]
    engine = models.choose(runner.model)
    with tempfile.TemporaryDirectory(prefix="order-") as folder:
        bench = Bench(envelope, operation, params, Path(folder), tell, stop)
        other = claim(envelope, run)
        if other:
            return {"duplicate": True, "claimedBy": other}
        _fetch(bench)
        bench.progress(0.02, "started")
        began = time.monotonic()
        made = (runner.gpu if engine == "gpu" else runner.cpu)(bench)
        spent = time.monotonic() - began
        bench.progress(0.97, "putting")
        files = [put(envelope.output.put_urls[label], label, path) for label, path in bench.made().items()]
        result = WorkerResult(
            files=files,
            metrics={**made.metrics, "engine": engine, "seconds": round(spent, 3)},
            model=_model(runner, engine, made),
            seed=made.seed,
            gpu_seconds=round(spent, 3) if engine == "gpu" else 0.0,
        )
        return result.wire()


def _model(runner: Runner, engine: models.Engine, made: Made) -> WorkerModel:
    if engine == "cpu":
        return WorkerModel(name=made.model, licence="ours")
    model = runner.model
    return WorkerModel(name=made.model or model.name, commit=model.commit, weights=model.weights, licence=model.licence)


def claim(envelope: Envelope, run: str) -> str:
    """Create the order's claim, once in all the world. Returns the id of the run that has it, "" when it is ours.

    The same run may come again (RunPod hands a job on when a worker died): it finds its own name and goes on.
    """
    if envelope.claim is None:
        return ""
    body = json.dumps({"run": run, "job": envelope.job_id, "attempt": envelope.attempt}).encode()
    status = ssrf.send(envelope.claim.url, body, headers=envelope.claim.headers)
    if status in (200, 201, 204):
        return ""
    if status not in (409, 412):
        raise VibeBoardError(f"The claim's address answered {status}", code="CLAIM_FAILED", fix="Order it again.")
    if envelope.claimed is None:
        return "another run"
    with tempfile.TemporaryDirectory(prefix="claim-") as folder:
        path = ssrf.fetch(envelope.claimed, Path(folder) / "claim", max_bytes=CLAIM_BYTES, types=("",))
        holder = str(json.loads(path.read_text("utf-8"))["run"])
    return "" if holder == run else holder


def _fetch(bench: Bench) -> None:
    """Bring the inputs into the order's folder, each under its label; the suffix is its content's business."""
    total = 0
    for label, url in bench.envelope.assets.items():
        if bench.stop.is_set():
            raise Stopped("The order was called off while its inputs came")
        most = min(ASSET_BYTES, ALL_ASSETS_BYTES - total)
        path = ssrf.fetch(url, bench.folder / "in" / label, max_bytes=most, types=ASSET_TYPES)
        total += path.stat().st_size
        bench.assets[label] = path.rename(path.with_suffix(_suffix(path)))


def _suffix(path: Path) -> str:
    """By its first bytes, as decoders and FFmpeg's fence go by; unknown content gets none, and is refused there."""
    with path.open("rb") as file:
        head = file.read(16)
    known = {b"\x89PNG": ".png", b"\xff\xd8\xff": ".jpg", b"\x1a\x45\xdf\xa3": ".mkv", b"glTF": ".glb"}
    for mark, suffix in known.items():
        if head.startswith(mark):
            return suffix
    if head[4:8] == b"ftyp":
        return ".mp4"
    if head[:4] == b"RIFF":
        return {b"WAVE": ".wav", b"WEBP": ".webp"}.get(head[8:12], "")
    return ".obj" if head[:2] in (b"# ", b"v ", b"mt") else ""


def put(where: PutUrl, label: str, path: Path) -> WorkerFile:
    """Put one output where the order says, by its presigned address. Raises VibeBoardError OUTPUT_REFUSED.

    A file that is there already (412) was put by this very run before its worker died; it stays.
    """
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    status = ssrf.send(where.url, path, headers=where.headers)
    if status not in (200, 201, 204, 412):
        raise VibeBoardError(f"The address for {label} answered {status}", code="OUTPUT_REFUSED", fix="Order it again.")
    kind = {name.lower(): value for name, value in where.headers.items()}.get("content-type")
    return WorkerFile(
        name=label, content_type=kind or "application/octet-stream", sha256=digest, bytes=path.stat().st_size
    )
