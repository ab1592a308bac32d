"""The API as a client sees it: every call carries a token, every refusal becomes a CommandFailed."""

import json
from pathlib import Path
from typing import Any

import httpx

from local.aws import EmbeddedAws
from local.errors import CommandFailed, exit_of
from local.serve import PEOPLE, tokens

UPLOAD_TIMEOUT = 120.0


class Studio:
    """Calls the embedded AWS's API as one of the local people."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self._aws = aws
        self._tokens = tokens(aws)
        self.url = aws.url

    def call(
        self, method: str, path: str, body: Any = None, *, role: str = "owner", key: str = "", ok: tuple[int, ...] = ()
    ) -> Any:
        """JSON in, JSON out. Raises CommandFailed with the problem's own words."""
        headers = {"authorization": f"Bearer {self._tokens[role]}", "content-type": "application/json"}
        if key:
            headers["idempotency-key"] = key
        payload = b"" if body is None else json.dumps(body).encode()
        answer = self._aws.http(method, path, headers, payload)
        if answer.status >= 400 and answer.status not in ok:
            problem = answer.json() if "json" in answer.headers.get("content-type", "") else {"detail": answer.text}
            raise CommandFailed(
                exit_of(answer.status),
                f"{problem.get('code', answer.status)}: {problem.get('detail', problem.get('message', ''))}",
                why=f"{method} {path} answered {answer.status} (trace {problem.get('traceId', '-')})",
                fix=problem.get("fix", ""),
            )
        if answer.status in (301, 302, 303, 307):
            return {"location": answer.headers["location"]}
        return answer.json() if answer.body else {}

    def upload(self, project_id: str, path: Path, kind: str) -> Any:
        """Send one file through the presigned form, then have its content checked."""
        form = self.call("POST", f"/api/projects/{project_id}/uploads", {"name": path.name, "kind": kind})
        sent = httpx.post(
            form["url"], data=form["fields"], files={"file": (path.name, path.read_bytes())}, timeout=UPLOAD_TIMEOUT
        )
        sent.raise_for_status()
        return self.call("POST", f"/api/projects/{project_id}/uploads/{form['uploadId']}/complete", {})

    def download(self, link: str, path: Path) -> None:
        """Save what a short-lived link gives, through a temporary name."""
        part = path.with_name(path.name + ".part")
        with httpx.stream("GET", link, timeout=UPLOAD_TIMEOUT) as answer, part.open("wb") as file:
            answer.raise_for_status()
            for block in answer.iter_bytes(1 << 20):
                file.write(block)
        part.replace(path)


def seed_crew(aws: EmbeddedAws) -> None:
    """The Studio's people join each of its new projects with their role; the outsider owns a project elsewhere."""
    table = aws.client("dynamodb")
    name = aws.resources["Table"]
    for person in PEOPLE:
        if person.role in ("owner", "outsider"):
            continue
        item = {"PK": f"ORG#{person.org}", "SK": f"CREW#{person.sub}", "userId": person.sub, "role": person.role}
        table.put_item(TableName=name, Item={k: {"S": v} for k, v in (item | {"name": person.name}).items()})


def seed_outsider(aws: EmbeddedAws) -> None:
    """Another tenant with a project of its own, so that isolation can be tried."""
    studio = Studio(aws)
    if not studio.call("GET", "/api/projects", role="outsider")["items"]:
        studio.call("POST", "/api/projects", {"title": "Another studio's film"}, role="outsider")
