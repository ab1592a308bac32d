"""One job at the bench: its folder, its media in and out, its progress."""

import time
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from boto3.dynamodb.conditions import Attr

from vibeboard.store import keys, objects
from vibeboard.store.audit import now
from vibeboard.store.table import ConditionFailed, Item, Update, table

PROGRESS_SECONDS = 2.0  # progress is written at most this often


@dataclass
class Work:
    """The job being done. `folder` is its own and is removed afterwards."""

    job: Item
    folder: Path
    _told: float = field(default=0.0)

    @property
    def input(self) -> dict[str, Any]:
        body: dict[str, Any] = self.job["input"]
        return body

    @property
    def rate(self) -> Fraction:
        return Fraction(*self.input["rate"])

    def fetch(self, key: str, name: str = "") -> Path:
        """Download an object into the folder; a file fetched before is not fetched again."""
        path = self.folder / "in" / (name or key.replace("/", "_"))
        return path if path.exists() else objects.download(key, path)

    def out(self, name: str) -> Path:
        path = self.folder / "out" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def keep(self, path: Path, name: str = "") -> str:
        """Upload a result under the job's own prefix; returns its key."""
        return objects.upload(path, keys.job_object(self.job["projectId"], self.job["jobId"], name or path.name))

    def progress(self, part: float) -> None:
        """Tell how far it is (0..1); written now and then, never after the job came to rest."""
        if time.monotonic() - self._told < PROGRESS_SECONDS:
            return
        self._told = time.monotonic()
        change = Update(
            keys.job(self.job["projectId"], self.job["jobId"]),
            set={"progress": max(1, min(99, round(part * 100))), "updatedAt": now()},
            condition=Attr("hold").eq("RESERVED"),
        )
        try:
            table().write(change)
        except ConditionFailed:
            return  # cancelled or settled meanwhile; the result will find that out

    def share(self, start: float, end: float) -> Any:
        """A progress function for one part of the work, from `start` to `end`."""
        return lambda part: self.progress(start + (end - start) * part)
