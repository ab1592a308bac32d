"""A/B compare at the bench (SOP step 11)."""

import json
from typing import Any

from media.work import Work
from vibeboard.media.compare import compare


def run(work: Work) -> dict[str, Any]:
    """{figures, sideBySide, wipe, wipeStill, differenceStill, perFrame}: figures as JSON, the rest as keys."""
    judged, reference = work.input["names"]
    made = compare(
        work.fetch(work.input["judged"], f"judged-{judged}.mp4"),
        work.fetch(work.input["reference"], f"reference-{reference}.mp4"),
        work.out("compare"),
        names=(judged, reference),
        progress=work.progress,
    )
    per_frame = work.out("per-frame.json")
    per_frame.write_text(json.dumps({"vmaf": made.vmaf, "ssim": made.ssim}), encoding="utf-8")
    return {
        "figures": made.figures,
        "sideBySide": work.keep(made.side_by_side),
        "wipe": work.keep(made.wipe),
        "wipeStill": work.keep(made.wipe_still),
        "differenceStill": work.keep(made.difference_still),
        "perFrame": work.keep(per_frame),
        "model": "ffmpeg/libvmaf",
    }
