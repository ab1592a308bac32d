"""Weights that a trainer made, taken in: copied to our bucket, judged by their own header, with the identity profile
of the pictures they were trained on."""

import hashlib
import json
import struct
from pathlib import Path
from typing import Any

from media.operations.assets import kept, profile, recorded
from media.work import Work
from vibeboard.domain.errors import ProviderFailed
from vibeboard.providers import ssrf
from vibeboard.providers.ssrf import MEGABYTE

WEIGHTS_BYTES, CONFIG_BYTES = 1024 * MEGABYTE, MEGABYTE
HEADER_BYTES = 16 * MEGABYTE
LICENCE = "trained on FLUX.1-dev: non-commercial without a licence of its maker"
AGAIN = "Train it again."


def run(work: Work) -> dict[str, Any]:
    """{loraId, triggerWord, model, files, weightsKey, profile, provenance}. Raises ProviderFailed for no weights."""
    found = work.job["answer"]["files"]
    weights = ssrf.fetch(found["weights"]["url"], work.out("lora.safetensors"), max_bytes=WEIGHTS_BYTES, types=("",))
    tensors = tensors_of(weights)
    config = ssrf.fetch(found["config"]["url"], work.out("config.json"), max_bytes=CONFIG_BYTES, types=("",))
    try:
        json.loads(config.read_bytes())
    except (ValueError, RecursionError) as fault:
        raise ProviderFailed("The training's configuration is no JSON", fix=AGAIN) from fault
    files = [kept(work, weights, "weights"), kept(work, config, "config")]
    measured = profile(work)
    parents = [
        {"key": key, "sha256": hashlib.sha256(work.fetch(key).read_bytes()).hexdigest()}
        for key in work.input["references"]
    ]
    model = str(work.job["answer"]["model"])
    return {
        "loraId": f"lora_{files[0]['sha256'][:12]}",
        "triggerWord": work.input["look"]["trigger_word"],
        "model": model,
        "weightsKey": files[0]["key"],
        "tensors": tensors,
        "files": [*files, *measured["files"]],
        "profile": measured["profile"],
        "provenance": recorded(work, files, model=model, licence=LICENCE, parents=parents),
    }


def tensors_of(path: Path) -> int:
    """How many tensors a safetensors file holds, each inside it. Raises ProviderFailed."""
    size = path.stat().st_size
    wrong = ProviderFailed("The weights are no safetensors file", fix=AGAIN)
    with path.open("rb") as file:
        head = file.read(8)
        length = struct.unpack("<Q", head)[0] if len(head) == 8 else 0
        if not 2 <= length <= min(HEADER_BYTES, size - 8):
            raise wrong
        try:
            header = json.loads(file.read(length))
            rows = [row["data_offsets"] for name, row in header.items() if name != "__metadata__"]
            inside = all(0 <= start <= end <= size - 8 - length for start, end in rows)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as fault:
            raise wrong from fault
    if not rows or not inside:
        raise wrong
    return len(rows)
