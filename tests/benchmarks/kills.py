"""A film killed with SIGKILL at random moments and started again: same frames, same spend, no second submission.

    python -m tests.benchmarks.kills [--kills 50] [--seed 1]      also `make kills`

One film after another is disturbed until the kills are used up; each is compared with one that nobody disturbed. What
was done before a kill stays done, so a film is killed many times on its way: most stretches are cut a few seconds after
the start, and few anywhere up to the end.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from local.aws import EmbeddedAws
from local.film import TEMPLATE, state_of
from tests.workflow.briefs import write_brief
from vibeboard.media.ffmpeg import ffmpeg_path
from vibeboard.media.verify import verify_package

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 900.0  # for one undisturbed stretch of a film, on a busy machine
MOST_PER_FILM = 25  # then it is let through, so that a film that is killed early each time ends all the same
START_SECONDS = 4.0  # until a film that goes on is at work again
STRETCH_SECONDS = 6.0  # and how far it comes, at most, before most kills


@dataclass(frozen=True)
class Film:
    """What must not differ: what it cost, what ran, and every frame and sample."""

    spend: dict[str, Any]
    jobs: dict[str, int]
    submissions: dict[str, int]  # operation and shot -> times it was sent, over all its jobs
    most_sent: dict[str, int]  # operation -> the most often one job, which is one attempt, was sent
    entries: dict[str, int]  # ledger entries by kind and amount
    picture: str
    sound: str
    takes: list[Any]


def start(brief: Path, out: Path) -> "subprocess.Popen[str]":
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT}/shared:{ROOT}/functions"}
    command = [sys.executable, "-m", "local.cli", "film", str(brief), "--out", str(out), "--json"]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finish(brief: Path, out: Path) -> float:
    """Let the film be made to its end; returns how long it took."""
    began = time.monotonic()
    process = start(brief, out)
    _, told = process.communicate(timeout=PATIENCE_SECONDS)
    if process.returncode:
        raise AssertionError(f"the film ended with {process.returncode}: {told[-2000:]}")
    return time.monotonic() - began


def kill(brief: Path, out: Path, after: float) -> bool:
    """Start the film and kill it after so many seconds; False when it was done before."""
    process = start(brief, out)
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return True
    _, told = process.communicate()
    if process.returncode:
        raise AssertionError(f"the film ended with {process.returncode}: {told[-2000:]}")
    return False


def look(out: Path) -> Film:
    """What a finished film left, in its package and in its studio's books."""
    assert verify_package(out).valid
    summary = json.loads((state_of(out) / "film.json").read_text("utf-8"))["summary"]
    with EmbeddedAws(TEMPLATE, state_of(out)) as aws:
        pages = (
            aws.client("dynamodb")
            .get_paginator("query")
            .paginate(
                TableName=aws.resources["Table"],
                KeyConditionExpression="PK = :p",
                ExpressionAttributeValues={":p": {"S": f"PROJECT#{summary['projectId']}"}},
            )
        )
        rows = [row for page in pages for row in page["Items"]]
    sent: Counter[str] = Counter()
    most: dict[str, int] = {}
    entries: Counter[str] = Counter()
    shots = {row["id"]["S"]: row["shotName"]["S"] for row in rows if "#SEG#" in row["SK"]["S"]}
    for row in rows:
        if row["SK"]["S"].startswith("JOB#"):
            target = {name: value["S"] for name, value in row["target"]["M"].items()}
            what = shots.get(target.get("segmentId", ""), "") + target.get("which", "")
            operation, times = row["operation"]["S"], int(row["fence"]["N"])
            sent[f"{operation} {what}".strip()] += times
            most[operation] = max(most.get(operation, 0), times)
        if row["SK"]["S"].startswith("ENTRY#") and row["kind"]["S"] not in ("reserve", "open"):
            entries[f"{row['kind']['S']} {row['amount']['N']}"] += 1
    clips = json.loads((out / "Master.json").read_text("utf-8"))["clips"]
    return Film(
        summary["spend"],
        summary["jobs"],
        dict(sorted(sent.items())),
        dict(sorted(most.items())),
        dict(sorted(entries.items())),
        _digest(out / "Master.mov", "v"),
        _digest(out / "Master.mov", "a"),
        [(clip["take"], clip["score"], clip["frames"]) for clip in clips],
    )


def _digest(master: Path, stream: str) -> str:
    """Of every decoded frame or sample."""
    command = [ffmpeg_path(), "-v", "error", "-i", str(master), "-map", f"0:{stream}", "-f", "md5", "-"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def disturbed(brief: Path, out: Path, kills: int, length: float, chance: random.Random) -> int:
    """Make a film that is killed up to `kills` times on its way. Returns how often it was."""
    done = 0
    while done < min(kills, MOST_PER_FILM):
        far = chance.random() < 0.06
        moment = chance.uniform(0.1, 0.9) * length if far else chance.uniform(0.0, START_SECONDS + STRETCH_SECONDS)
        if not kill(brief, out, moment):
            return done
        done += 1
    finish(brief, out)
    return done


def row(kills: int, found: Film, whole: Film) -> str:
    """One line of the table: what a film that was killed so often ended with, and whether that is the same."""
    same = [found.picture == whole.picture and found.sound == whole.sound and found.takes == whole.takes]
    same += [found.spend == whole.spend and found.entries == whole.entries, found.submissions == whole.submissions]
    most = max(found.most_sent.values(), default=0)
    words = ["yes" if holds else "NO" for holds in same]
    digest = sha256((found.picture + found.sound).encode()).hexdigest()[:12]
    return f"| {kills} | {digest} | {words[0]} | {found.spend['committed']} | {words[1]} | {most} | {words[2]} |"


HEAD = """| kills | frames and sound | same film | spend (USD) | same books | most sent per attempt | all sent alike |
|---|---|---|---|---|---|---|"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    chance = random.Random(asked.seed)
    with tempfile.TemporaryDirectory(prefix="vibeboard-kills-") as folder:
        brief = write_brief(Path(folder) / "brief")
        length = finish(brief, Path(folder) / "undisturbed")
        whole = look(Path(folder) / "undisturbed")
        sys.stderr.write(f"undisturbed: {length:.0f} s, {whole.jobs['total']} jobs, spend {whole.spend}\n")
        sys.stdout.write(f"{HEAD}\n{row(0, whole, whole)}\n")
        done, films, same = 0, 0, True
        while done < asked.kills:
            out = Path(folder) / f"film{films}"
            often = disturbed(brief, out, asked.kills - done, length, chance)
            done, films = done + often, films + 1
            found = look(out)
            sys.stdout.write(f"{row(often, found, whole)}\n")
            sys.stdout.flush()
            if found != whole:
                same = False
                sys.stdout.write(f"differs:\n{whole}\n{found}\n")
        sys.stdout.write(f"{done} kills, {films} films, {'all the same' if same else 'NOT the same'}\n")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
