"""`make continuity`: draw the example's storyboard, measure it across every cut, and write the page and its filmstrip.

The chains run on a table in memory with the functions, tasks and engines of the product; no footage is made.
"""

import itertools
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from local.film import project_body
from media.handler import make
from tests.integration import conftest
from tests.integration.studio import BUCKET, Studio
from vibeboard.domain.brief import load_brief
from vibeboard.jobs import settlement, submission
from vibeboard.media.likeness import likeness
from vibeboard.providers.screenplay import read_screenplay
from vibeboard.store import chains, objects

ROOT = Path(__file__).parents[2]
BRIEF = ROOT / "examples" / "neo-noir-laundromat" / "brief.yaml"
PAGE = ROOT / "docs" / "reference" / "continuity.md"
STRIP = ROOT / "docs" / "images" / "continuity-filmstrip.jpg"
Frames = list[tuple[str, str, bytes]]  # shot name, first | last, picture; in order


def storyboard(studio: Studio, brief_path: Path) -> tuple[list[Frames], list[str]]:
    """Every frame of a brief's storyboard, chain by chain; and the place that each chain plays in."""
    import boto3

    brief = load_brief(brief_path, read_screenplay)
    project = studio.call("POST", "/api/projects", project_body(brief)).json
    pid = project["projectId"]
    for path in brief.reference_paths:
        studio.upload(pid, path.name, "reference", path.read_bytes(), user="owner")
    version = studio.task("story_editor", "write_outline", projectId=pid, run=1)["version"]
    studio.task("story_editor", "approve_outline", projectId=pid, run=1, version=version, by="user_editor")
    for module, task in (
        ("story_editor", "write_breakdown"), ("foundry", "cast"), ("foundry", "style_bible"), ("foundry", "optics")
    ):  # fmt: skip
        studio.task(module, task, projectId=pid, run=1)
    assert boto3.client("s3").list_buckets()["Buckets"][0]["Name"] == BUCKET
    found, places = [], []
    for chain_id in studio.task("storyboard", "create_chains", projectId=pid, run=1)["chains"]:
        given = {"projectId": pid, "run": 1, "chainId": chain_id, "user": "", "footage": False}
        while not (step := studio.task("storyboard", "next_frame", **given))["done"]:
            job = submission.submit(pid, step["jobId"])
            assert job is not None
            settlement.succeed(job, make(job))
            sys.stderr.write(".")
            sys.stderr.flush()
        _, segments = chains.read_chain(pid, chain_id)
        places.append(segments[0]["place"])
        frames: Frames = []
        for segment in segments:
            for which in ("first", "last"):
                with tempfile.TemporaryDirectory() as folder:
                    path = objects.download(segment[f"{which}Frame"]["key"], Path(folder) / "frame.png")
                    frames.append((segment["shotName"], which, path.read_bytes()))
        found.append(frames)
    return found, places


def measured(film: list[Frames], places: list[str]) -> dict[str, Any]:
    """Likeness over each cut within a chain, inside each shot, and between chains of one place and of two."""
    cuts, inside, strangers, kin = {}, {}, [], []
    for frames in film:
        for (shot, which, one), (following, _, other) in itertools.pairwise(frames):
            if which == "last":
                cuts[shot, following] = likeness(one, other)
            else:
                inside[shot] = likeness(one, other)
    for (one, here), (other, there) in itertools.combinations(zip(film, places, strict=True), 2):
        pairs = [likeness(a[2], b[2]) for a in one for b in other]
        (kin if here == there else strangers).extend(pairs)
    return {"cuts": cuts, "inside": inside, "strangers": strangers, "kin": kin}


def filmstrip(film: list[Frames], path: Path, across: int = 6) -> None:
    """The frames in order, a shot a column: its first frame above its last."""
    import io

    from PIL import Image, ImageDraw

    shots = [frames[n : n + 2] for frames in film for n in range(0, len(frames), 2)]
    starts = {len([0 for frames in film[:n] for _ in range(0, len(frames), 2)]) for n in range(len(film))}
    width, gap, line = 246, 6, 16
    height = round(width * 9 / 21)
    rows = -(-len(shots) // across)
    sheet = Image.new("RGB", (across * (width + gap) + gap, rows * (2 * height + line + 3 * gap) + gap), (18, 18, 22))
    pen = ImageDraw.Draw(sheet)
    for index, shot in enumerate(shots):
        x, y = gap + index % across * (width + gap), gap + index // across * (2 * height + line + 3 * gap)
        mark = "  new chain" if index in starts else "  < from the last frame before"
        pen.text((x, y), f"{shot[0][0]}{mark}", fill=(150, 150, 160))
        for row, (_, _, data) in enumerate(shot):
            picture = Image.open(io.BytesIO(data)).convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
            sheet.paste(picture, (x, y + line + row * (height + gap)))
    sheet.save(path, "JPEG", quality=82, optimize=True)


def page(found: dict[str, Any]) -> str:
    """docs/reference/continuity.md"""
    cuts, strangers = list(found["cuts"].values()), found["strangers"]
    rows = "\n".join(f"| {last} | {first} | {value:.2f} |" for (last, first), value in found["cuts"].items())
    return TEXT.format(
        rows=rows,
        worst=min(cuts),
        mean=statistics.mean(cuts),
        inside=statistics.mean(found["inside"].values()),
        strangers=statistics.mean(strangers),
        top=sorted(strangers)[int(len(strangers) * 0.95)],
        pairs=len(strangers),
        kin=statistics.mean(found["kin"]) if found["kin"] else 0.0,
    )


TEXT = """# Continuity

<!-- the figures are made by `make continuity`; the rules are tests/integration/test_continuity.py -->

The first frame of a shot is edited from the last frame of the shot before it, and its own last frame from its first
(SOP step 7). Chains are drawn side by side, the frames of a chain one after the other.

![The storyboard of the example film: each shot's first frame above its last](../images/continuity-filmstrip.jpg)

## Measured

Likeness (`media/likeness.py`) is half layout, half palette: 1 for the same picture, about 0 for strangers. Over the
example's storyboard:

| last frame of | first frame of | likeness |
|---|---|---|
{rows}

| what | likeness |
|---|---|
| across a cut inside a chain, mean | {mean:.2f} |
| across a cut inside a chain, lowest | {worst:.2f} |
| first to last frame of one shot, mean | {inside:.2f} |
| frames of two places ({pairs} pairs), mean | {strangers:.2f} |
| frames of two places, 95th percentile | {top:.2f} |
| frames of two chains in one place, mean | {kin:.2f} |

Inside a shot the loop holds the frame. Across a cut it hands on set, cast, clothes, light and whatever was painted into
the frame. But the example is covered as an editor would have it: size and angle change at every cut (a wide shot, then
the other wall, then an insert), and likeness of whole frames falls with that. On average it is well above frames of two
places; a single cut to another wall or to an insert is not. Where the view goes on, so does the likeness
(`tests/unit/test_likeness.py`: a cut between two medium shots of the loop against a shot of another place).

## What is stale

Nothing about staleness is stored. A frame remembers a digest of its words and the take it was edited from; a take of
footage remembers its words and its two frames. Reading a chain (one query) compares these with what stands there now:

| reason | means |
|---|---|
| `words` | prompt, removals, cast, props, place, intent or the chain's style changed; for footage the length too |
| `source` | what it was made from has another take now, or another shot stands before it (reorder, insert, delete) |
| `upstream` | what it was made from is stale itself |

A locked shot is frozen: it is never stale, and the shots behind it go on from it as it is. A frame that is drawn anew
(`hero`, `lettering`) starts the chain afresh. Every chain, and every answer to a change of words, order or take,
carries `staleness`: what is stale, in the order it would be made again, with model, reasons and price, and `rerunCost`.
`POST .../scene-chains/{{id}}/rerun` makes it again in that order: frames one after the other, then the footage.

## Takes

Every generation is a take; none is overwritten. `GET .../takes` lists them with `chosen`, `GET .../takes/compare?a=&b=`
puts two side by side and says what differs, `PUT .../takes/{{takeId}}/choose` makes one the shot's own. A picture that
was refused or came back unsafe is a failed take with its reason, at its real cost. A take that comes in late does not
displace a newer one.

## Which model draws a frame

The first row that fits (`domain/models.py`); estimate, admission and execution resolve it alike, and the reason is kept
with the frame.

| scenario | model |
|---|---|
| `intent: lettering`, or words in the frame of a new picture | fal-ai/ideogram/v2 |
| `intent: hero` | the setting `HERO_MODEL`, by default fal-ai/nano-banana-pro (google/imagen-4 was withdrawn) |
| `intent: inpaint` with a frame to fill | fal-ai/flux-kontext/dev |
| a frame to continue from | fal-ai/qwen-image-edit-2511 |
| none, and a character with a LoRA | fal-ai/flux-lora |
| none | fal-ai/flux/dev |

The global cleanliness terms come first, then the shot's own removals. A model with a negative input gets plain terms,
the heaviest first; one without gets them as wording ("completely free of crowd"). No model is sent a weight.
"""


def main() -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in conftest.ENVIRONMENT.items():
            patch.setenv(name, value)
        aws = (
            conftest._aws.__wrapped__()
            if hasattr(conftest._aws, "__wrapped__")
            else conftest._aws.__pytest_wrapped__.obj()
        )  # type: ignore[attr-defined]
        next(aws)
        from vibeboard.domain.roles import ROLES
        from vibeboard.store import projects

        for role in ROLES:
            projects.set_crew("Studio", f"user_{role}", role, role.title())
        film, places = storyboard(Studio(), BRIEF)
        found = measured(film, places)
        filmstrip(film, STRIP)
        PAGE.write_text(page(found), encoding="utf-8")
        sys.stdout.write(page(found))
        folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
        if folder:
            for shot, which, data in (frame for frames in film for frame in frames):
                (folder / f"{shot}_{which}.png").write_bytes(data)


if __name__ == "__main__":
    main()
