"""A project's statement: what was spent, by step, model, shot and person, and how it compares with what was held."""

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from vibeboard.domain.pricing import to_usd
from vibeboard.store import chains, ledger
from vibeboard.store.table import Item, public, table

ENTRIES_SHOWN = 500
SPENT = ("settle", "void", "true-up")  # the entries whose amounts add up to what is committed

# operation -> the SOP step that spends it
STEPS: dict[str, str] = {
    "story.outline": "1 Script Lab",
    "story.breakdown": "2 Script Lab",
    "asset.deconstruct": "3 Asset Bin",
    "asset.materials": "3 Asset Bin",
    "character.train": "4 Character Foundry",
    "character.perform": "4 Character Foundry",
    "character.contacts": "4 Character Foundry",
    "optics.refocus": "5 Optics Engine",
    "frame.draw": "7 Storyboard",
    "frame.edit": "7 Storyboard",
    "clip.generate": "8 Shot Studio",
    "clip.render": "11 Render Queue",
}
COLUMNS = (
    "at", "entryId", "kind", "step", "operation", "model", "shot", "segmentId", "job", "user", "estimated", "amount",
    "reason", "traceId",
)  # fmt: skip


def step_of(row: Item) -> str:
    operation = str(row.get("operation", ""))
    return "9 VFX Suite" if operation.startswith("vfx.") else STEPS.get(operation, operation or "other")


def statement(project_id: str) -> dict[str, Any]:
    """{budget, byStep, byModel, byShot, byUser, estimateAgainstActual, entries}: dollars, over everything committed.

    A failed take that was billed counts like any other; a bill above its hold is in `overruns`, not in the sums.
    """
    budget = ledger.read(project_id)
    rows = table().query(f"PROJECT#{project_id}", "ENTRY#")
    names = _shot_names(project_id)
    payer = _payers(rows)
    spent = [row for row in rows if row["kind"] in SPENT]
    return {
        "projectId": project_id,
        "billing": budget["billing"],
        "budget": ledger.statement(budget),
        "byStep": _sums(spent, step_of),
        "byModel": _sums(spent, lambda row: row.get("model") or row.get("operation") or "other"),
        "byShot": _by_shot(spent, names),
        "byUser": _sums(spent, lambda row: payer.get(_job(row), "other")),
        "estimateAgainstActual": _against(spent, step_of),
        "overruns": to_usd(sum(row["amount"] for row in rows if row["kind"] == "overrun")),
        "entries": [_entry(row) for row in reversed(rows[-ENTRIES_SHOWN:])],
    }


def _job(row: Item) -> str:
    return str((row.get("jobs") or [""])[0])


def _payers(rows: Iterable[Item]) -> dict[str, str]:
    """job -> who ordered it: the reservation names both."""
    return {job: row["actor"] for row in rows if row["kind"] == "reserve" for job in row.get("jobs", [])}


def _shot_names(project_id: str) -> dict[str, str]:
    film = chains.chains_of(project_id)
    return {segment["id"]: str(segment.get("shotName", "")) for _, segments in film for segment in segments}


def _sums(rows: Iterable[Item], of: Callable[[Item], str]) -> dict[str, float]:
    sums: dict[str, int] = defaultdict(int)
    for row in rows:
        if row["amount"] or row["kind"] == "settle":
            sums[of(row)] += row["amount"]
    return {name: to_usd(amount) for name, amount in sorted(sums.items())}


def _against(rows: Iterable[Item], of: Callable[[Item], str]) -> dict[str, dict[str, float | int]]:
    """Per group what was held for its jobs, what they cost, and how many there were and failed."""
    found: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(("estimated", "actual", "jobs", "failed"), 0))
    for row in rows:
        group = found[of(row)]
        group["actual"] += row["amount"]
        if row["kind"] != "true-up":
            group["estimated"] += row.get("held", 0)
            group["jobs"] += 1
            group["failed"] += row["kind"] == "void"
    return {
        name: {
            "estimated": to_usd(group["estimated"]),
            "actual": to_usd(group["actual"]),
            "difference": to_usd(group["actual"] - group["estimated"]),
            "jobs": group["jobs"],
            "failed": group["failed"],
        }
        for name, group in sorted(found.items())
    }


def _by_shot(rows: list[Item], names: dict[str, str]) -> list[dict[str, Any]]:
    """A row per shot that cost something, by name; a shot that was deleted since has none."""
    groups = _against([row for row in rows if row.get("segmentId")], lambda row: str(row["segmentId"]))
    listed = [{"segmentId": name, "shotName": names.get(name), **group} for name, group in groups.items()]
    return sorted(listed, key=lambda row: (row["shotName"] or "~", row["segmentId"]))


def _entry(row: Item) -> Item:
    in_dollars = {name: to_usd(row[name]) for name in ("amount", "held", "fromCap", "toCap") if row.get(name)}
    return public(row) | {"amount": 0.0} | in_dollars


def as_csv(project_id: str) -> str:
    """Every entry of the ledger, oldest first, a row each (COLUMNS; dollars). RFC 4180."""
    rows = table().query(f"PROJECT#{project_id}", "ENTRY#")
    names, payer = _shot_names(project_id), _payers(rows)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in rows:
        facts = row | {
            "step": step_of(row) if row.get("operation") else "",
            "shot": names.get(row.get("segmentId", ""), ""),
            "job": _job(row),
            "user": payer.get(_job(row), row["actor"]),
            "estimated": to_usd(row["held"]) if "held" in row else "",
            "amount": to_usd(row["amount"]),
        }
        writer.writerow([_cell(facts.get(name, "")) for name in COLUMNS])
    return out.getvalue()


def _cell(value: Any) -> Any:
    """Text that a spreadsheet would run as a formula stays text."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
