"""dailies.models: the analyser's measures by models (VBench's formulas with DINO and CLIP). CPU: the analyser itself.

Subject and background consistency: for every frame i >= 1 the mean of its likeness to the frame before and to the
first, L2-normalised features, negative likeness counted as none (VBench, Apache-2.0). Flicker: mean change of
consecutive frames in parts of 255, so that lower is better, as in the analyser.
"""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from gpu_worker.bench import Bench, Made
from gpu_worker.models import Model, resident
from vibeboard.media.frames import bgr_frames
from vibeboard.media.probe import probe
from vibeboard.providers.worker_film import Dailies

MODEL = Model(
    name="dino-vitb16 + clip-vit-b-32",
    repository="facebook/dino-vitb16, openai/clip-vit-base-patch32",
    commit="",
    weights="DINO ViT-B/16, CLIP ViT-B/32",
    licences=("apache-2.0", "mit"),
    folder="dailies",
    needs=("dino-vitb16", "clip-vit-base-patch32"),
    gigabytes=8,
)
BATCH = 32


def _load(root: Path) -> Any:
    import torch
    from transformers import AutoImageProcessor, CLIPImageProcessor, CLIPVisionModelWithProjection, ViTModel

    cuda = torch.device("cuda")
    return SimpleNamespace(
        dino=ViTModel.from_pretrained(root / "dino-vitb16").to(cuda).eval(),
        dino_input=AutoImageProcessor.from_pretrained(root / "dino-vitb16"),
        clip=CLIPVisionModelWithProjection.from_pretrained(root / "clip-vit-base-patch32").to(cuda).eval(),
        clip_input=CLIPImageProcessor.from_pretrained(root / "clip-vit-base-patch32"),
    )


def consistency(features: Any) -> tuple[float, list[float]]:
    """VBench's consistency of L2-normalised features (frames, dimensions), and its value for each frame from 1 on."""
    import numpy as np

    rows = np.asarray(features, np.float64)
    if len(rows) < 2:
        return 1.0, []
    before = np.maximum(0.0, np.sum(rows[1:] * rows[:-1], axis=1))
    first = np.maximum(0.0, rows[1:] @ rows[0])
    each = (before + first) / 2
    return float(each.mean()), [float(value) for value in each]


def flicker(changes: list[float]) -> float:
    """1 - VBench's temporal_flickering: mean change from frame to frame in parts of 255."""
    return sum(changes) / len(changes) / 255 if changes else 0.0


def on_gpu(bench: Bench) -> Made:
    import numpy as np
    import torch
    from PIL import Image

    wanted = cast(Dailies, bench.params)
    held = resident(MODEL, _load)
    info = probe(bench.assets["picture"])

    def seen(model: Any, prepare: Any, pictures: list[Any], field: str) -> Any:
        batch = prepare(images=pictures, return_tensors="pt").to("cuda")
        with torch.no_grad():
            out = model(**batch)
        rows = out.last_hidden_state[:, 0] if field == "cls" else out.image_embeds
        return torch.nn.functional.normalize(rows, dim=-1).float().cpu().numpy()

    subject, background, changes, waiting, last = [], [], [], [], None
    for number, frame in enumerate(bgr_frames(info)):
        bench.progress(0.05 + 0.9 * number / info.frames, "features")
        if last is not None:
            changes.append(float(np.abs(frame.astype(np.float32) - last).mean()))
        last = frame.astype(np.float32)
        if number % wanted.every == 0:
            waiting.append(Image.fromarray(np.ascontiguousarray(frame[..., ::-1])))
        if waiting and (len(waiting) == BATCH or number == info.frames - 1):
            subject.append(seen(held.dino, held.dino_input, waiting, "cls"))
            background.append(seen(held.clip, held.clip_input, waiting, "embeds"))
            waiting = []
    dino, clip = np.concatenate(subject), np.concatenate(background)
    subjects, by_frame = consistency(dino)
    backgrounds, _ = consistency(clip)
    references = [
        seen(held.dino, held.dino_input, [Image.open(path).convert("RGB")], "cls")[0]
        for label, path in sorted(bench.assets.items())
        if label.startswith("reference")
    ]
    drift = 1 - float((dino @ np.stack(references).T).max(axis=1).mean()) if references else 1 - subjects
    metrics: dict[str, Any] = {
        "flickerScore": round(flicker(changes), 5),
        "identityDrift": round(drift, 5),
        "subjectConsistency": round(subjects, 5),
        "backgroundConsistency": round(backgrounds, 5),
    }
    worst = {"identityDrift": (1 + int(np.argmin(by_frame))) * wanted.every if by_frame else 0}
    bench.out("report").write_text(json.dumps({"metrics": metrics, "worstFrames": worst}, indent=2), "utf-8")
    return Made(metrics)


def on_cpu(bench: Bench) -> Made:
    from vibeboard.media.dailies import analyze

    references = [path for label, path in sorted(bench.assets.items()) if label.startswith("reference")]
    report = analyze(bench.assets["picture"], references=references, progress=bench.share(0.05, 0.95, "analysis"))
    told = report.to_dict() | {"clip": "picture"}
    bench.out("report").write_text(json.dumps(told, indent=2), "utf-8")
    return Made(dict(report.metrics) | {"score": report.score}, model="sandbox/dailies")
