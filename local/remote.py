"""Calls to a studio that runs somewhere: `vibeboard serve`, or a deployed stack."""

from typing import Any

import httpx

from local.errors import CommandFailed, Exit, exit_of

TIMEOUT_SECONDS = 35.0  # the HTTP API itself gives up at 30


class Remote:
    """An address and a token."""

    def __init__(self, url: str | None, token: str | None) -> None:
        if not url or not token:
            raise CommandFailed(
                Exit.USAGE,
                "No studio is named",
                why="this command talks to a running studio",
                fix="give --url and --token, or set VIBEBOARD_URL and VIBEBOARD_TOKEN (`vibeboard serve` prints both)",
            )
        self._url, self._token = url.rstrip("/"), token

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """JSON in, JSON out. Raises CommandFailed with the problem's own words."""
        try:
            answer = httpx.request(
                method,
                self._url + path,
                json=body,
                headers={"authorization": f"Bearer {self._token}"},
                timeout=TIMEOUT_SECONDS,
            )
        except httpx.HTTPError as error:
            raise CommandFailed(
                Exit.ENVIRONMENT, f"The studio at {self._url} does not answer", why=str(error), fix="check --url"
            ) from error
        if answer.status_code >= 400:
            problem = answer.json() if "json" in answer.headers.get("content-type", "") else {"detail": answer.text}
            raise CommandFailed(
                exit_of(answer.status_code),
                f"{problem.get('code', answer.status_code)}: {problem.get('detail', problem.get('message', ''))}",
                fix=problem.get("fix", ""),
            )
        return answer.json()


def waiting(remote: Remote, project: str | None) -> list[dict[str, Any]]:
    """Pending approvals of one project, or of all of the caller's."""
    ids = [project] if project else [row["projectId"] for row in remote.call("GET", "/api/projects")["items"]]
    found: list[dict[str, Any]] = []
    for project_id in ids:
        found += remote.call("GET", f"/api/projects/{project_id}/approvals?status=PENDING")["items"]
    return found
