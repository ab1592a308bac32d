"""The RunPod worker: one handler for every operation (docs/reference/worker.md).

Started by RunPod's SDK; `python handler.py --test_input '{"input": {…}}'` runs one order on this machine.
"""

import sys
from pathlib import Path
from typing import Any

if __name__ == "__main__":  # started by its path: the folder that holds the package, and the shared one beside it
    for folder in (Path(__file__).parent.parent, Path(__file__).parent.parent.parent / "shared"):
        sys.path.insert(0, str(folder))

from gpu_worker.take import take


async def handler(job: dict[str, Any]) -> dict[str, Any]:
    """One job of RunPod's ({id, input}) to its end. A cancelled one stops its work before it goes."""
    from runpod.serverless import progress_update

    return await take(job, lambda told: progress_update(job, told))


if __name__ == "__main__":
    import runpod

    runpod.serverless.start({"handler": handler})
