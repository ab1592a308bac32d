"""Overspend is zero: many clients at once over HTTP, against a cap that affords a third of what they ask for."""

import json
import os
import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.aws import EmbeddedAws
from local.client import seed_crew
from local.serve import tokens

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
THREADS = 64
SHOTS = 48
SHOT_MICROS = 250_000  # 5 s at draft
RUNS = int(os.environ.get("OVERSPEND_RUNS", "1"))  # `make overspend` asks for twenty


class Crowd:
    """A chain of shots with frames, ready to shoot, and clients that all order footage at the same time."""

    def __init__(self, aws: EmbeddedAws, cap: float) -> None:
        self.aws, self.tokens = aws, tokens(aws)
        self.client = httpx.Client(base_url=aws.url, timeout=60, limits=httpx.Limits(max_connections=THREADS))
        contract = {"referencePack": ["a", "b", "c"], "budgetCap": cap}
        self.project = self.call("POST", "/api/projects", {"creativeContract": contract}).json()["projectId"]
        base = f"/api/projects/{self.project}/scene-chains"
        chain = {"name": "Crowd", "masterStyleContext": "85mm lens"}
        self.chain = f"{base}/{self.call('POST', base, chain).json()['id']}"
        shots = [{"prompt": f"Shot {n}", "duration": 5} for n in range(SHOTS)]
        made = self.call("POST", f"{self.chain}/segments", shots).json()["segments"]
        self.shots = [segment["id"] for segment in made]
        self._draw_frames()

    def call(self, method: str, path: str, body: Any, role: str = "owner") -> httpx.Response:
        headers = {"authorization": f"Bearer {self.tokens[role]}"}
        return self.client.request(method, path, json=body, headers=headers)

    def _draw_frames(self) -> None:
        table, name = self.aws.client("dynamodb"), self.aws.resources["Table"]
        chain = self.chain.rsplit("/", 1)[1]
        frame = {"M": {"key": {"S": "frame.png"}, "takeId": {"S": "take_1"}}}
        for shot in self.shots:
            table.update_item(
                TableName=name,
                Key={"PK": {"S": f"PROJECT#{self.project}"}, "SK": {"S": f"CHAIN#{chain}#SEG#{shot}"}},
                UpdateExpression="SET firstFrame = :f, lastFrame = :f",
                ExpressionAttributeValues={":f": frame},
            )

    def order(self, seed: int) -> int:
        """One client: a single shot or a batch of three. Answers the HTTP status."""
        rng = random.Random(seed)
        wanted = rng.sample(self.shots, 3)
        if rng.random() < 0.5:
            return self.call("POST", f"{self.chain}/segments/{wanted[0]}/generate", {}, "editor").status_code
        return self.call("POST", f"{self.chain}/generate", {"segmentIds": wanted}, "editor").status_code

    def books(self) -> dict[str, int]:
        """Counter, ledger rows and job rows, each summed on its own, in micro-dollars."""
        table, name = self.aws.client("dynamodb"), self.aws.resources["Table"]
        pages = table.get_paginator("query").paginate(
            TableName=name,
            KeyConditionExpression="PK = :p",
            ExpressionAttributeValues={":p": {"S": f"PROJECT#{self.project}"}},
            ConsistentRead=True,
        )
        rows = [row for page in pages for row in page["Items"]]
        budget = next(row for row in rows if row["SK"]["S"] == "BUDGET")
        entries = [row for row in rows if row["SK"]["S"].startswith("ENTRY#")]
        jobs = [row for row in rows if row["SK"]["S"].startswith("JOB#")]
        assert all(row["hold"]["S"] == "RESERVED" for row in jobs)
        number = {key: int(budget[key]["N"]) for key in ("cap", "overrides", "available", "reserved", "committed")}
        return number | {
            "ledger": sum(int(row["amount"]["N"]) for row in entries if row["kind"]["S"] == "reserve"),
            "jobs": sum(int(row["amount"]["N"]) for row in jobs),
        }


@pytest.fixture(scope="module")
def aws() -> Any:
    """The real stack, with its queues at rest: what is admitted here is never rendered."""
    with EmbeddedAws(TEMPLATE) as running:
        running.pumps.stop()
        seed_crew(running)
        yield running


@pytest.mark.parametrize("run", range(RUNS))
def test_given_64_clients_when_the_cap_affords_a_third_then_counter_ledger_and_jobs_agree_to_the_micro_dollar(
    aws: EmbeddedAws, run: int
) -> None:
    crowd = Crowd(aws, cap=SHOTS * SHOT_MICROS / 3 / 1_000_000)
    with ThreadPoolExecutor(THREADS) as pool:
        answers = Counter(pool.map(crowd.order, range(run * 1000, run * 1000 + THREADS)))
    books = crowd.books()
    assert set(answers) <= {202, 409}
    assert answers[409] > 0
    assert books["reserved"] == books["ledger"] == books["jobs"]
    assert books["available"] + books["reserved"] + books["committed"] == books["cap"] + books["overrides"]
    assert 0 <= books["available"] < 3 * SHOT_MICROS, json.dumps(books)


def test_given_the_cap_lowered_and_an_override_granted_in_the_middle_then_nothing_is_overspent(
    aws: EmbeddedAws,
) -> None:
    crowd = Crowd(aws, cap=4.0)
    started = threading.Barrier(3)

    def lower() -> int:
        started.wait()
        body = {"creativeContract": {"budgetCap": 2.0}}
        return crowd.call("PUT", f"/api/projects/{crowd.project}", body, "admin").status_code

    def override() -> int:
        started.wait()
        body = {"amount": 1.5, "reason": "one more scene"}
        return crowd.call("POST", f"/api/projects/{crowd.project}/budget/overrides", body, "admin").status_code

    with ThreadPoolExecutor(THREADS) as pool:
        others = [pool.submit(lower), pool.submit(override)]
        started.wait()
        answers = Counter(pool.map(crowd.order, range(THREADS)))
        lowered, overridden = (other.result() for other in others)
    books = crowd.books()
    assert overridden in (200, 201)
    assert lowered in (200, 409, 412)
    assert set(answers) <= {202, 409}
    assert books["cap"] == (2_000_000 if lowered == 200 else 4_000_000)
    assert books["reserved"] == books["ledger"] == books["jobs"]
    assert books["available"] + books["reserved"] == books["cap"] + books["overrides"]
    assert books["available"] >= 0
