"""Sets as our own engine builds them, or the GLBs that are named, by the Khronos glTF validator.

    python -m scripts.gltf_validator FOLDER_OF_NPM [file.glb …]

Prints a line per file and each message. Exit code 1 when the validator or our own rules (`media/glb.py`) find an error
or a warning.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from vibeboard.media import glb
from vibeboard.providers.ports import FrameRequest
from vibeboard.providers.sandbox.deconstruct import deconstruct
from vibeboard.providers.sandbox.picture import draw_frame

JUDGE = """
const fs = require("fs"), validator = require("gltf-validator");
validator.validateBytes(new Uint8Array(fs.readFileSync(process.argv[1])), {maxIssues: 50})
  .then(told => console.log(JSON.stringify(told.issues)),
        fault => { console.error(fault); process.exit(2); });
"""
PROMPTS = (
    "Neo-noir laundromat interior at night",
    "A desert road at noon, wide shot",
    "Close-up of a face by a window",
)
SIZES = ((640, 360), (360, 640), (512, 512))


def sets(folder: Path) -> list[Path]:
    """A relief of three drawn pictures, lying, standing and square."""
    made = []
    for number, (prompt, (width, height)) in enumerate(zip(PROMPTS, SIZES, strict=True)):
        picture = folder / f"{number}.png"
        picture.write_bytes(draw_frame(FrameRequest(prompt=prompt, width=width, height=height, seed=number)))
        deconstruct(picture, folder, name=f"Set{number}", parts=("geometry",))
        made.append(folder / f"Set{number}.glb")
    return made


def judge(path: Path, npm: Path) -> bool:
    """True when neither the validator nor our own rules find an error or a warning."""
    command = [shutil.which("node") or "node", "-e", JUDGE, str(path.resolve())]
    run = subprocess.run(command, cwd=npm, capture_output=True, text=True, check=True)
    told, own = json.loads(run.stdout), glb.faults(path.read_bytes())
    counts = ", ".join(f"{told[name]} {name[3:].lower()}" for name in ("numErrors", "numWarnings", "numInfos"))
    sys.stdout.write(f"{path.name}: {counts}; {len(own)} by our own rules\n")
    for row in told["messages"]:
        sys.stdout.write(f"  {row['code']} at {row['pointer']}: {row['message']}\n")
    return not told["numErrors"] and not told["numWarnings"] and not own


def main(npm: Path, files: list[Path]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        good = [judge(path, npm) for path in files or sets(Path(folder))]
    return 0 if all(good) else 1


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]]))
