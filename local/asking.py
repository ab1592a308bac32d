"""`--approve ask`: a person decides in the terminal, with what it is about, what it costs and where to look."""

from typing import Any

import click

from local.client import Studio
from local.film import Verdict

TITLES = {
    "contract": "Sign the creative contract?",
    "outline": "Approve the outline?",
    "budget": "Raise the budget cap?",
    "dailies": "Approve the dailies?",
    "shotLock": "Lock the shots?",
    "pictureLock": "Lock the picture?",
    "delivery": "Let the film out?",
}
HIDDEN = {"look", "spent", "cap", "flagged", "gate", "code", "message", "missing", "key"}


def ask_in_terminal(approval: dict[str, Any], studio: Studio) -> Verdict:
    """Show the question, take the answer. A rejection asks for its reason."""
    subject = approval["subject"]
    click.echo("", err=True)
    click.echo(click.style(TITLES.get(approval["gate"], approval["gate"]), bold=True), err=True)
    for name, value in subject.items():
        if name not in HIDDEN and value not in ("", None, [], {}):
            click.echo(f"  {name}: {value}", err=True)
    click.echo(f"  spent so far: {subject['spent']:.2f} of {subject['cap']:.2f} USD", err=True)
    click.echo(f"  look at: {studio.url}{subject['look']}", err=True)
    for line in _where(approval, studio):
        click.echo(f"    {line}", err=True)
    approve = click.confirm(f"  Approve as {approval['requiredRole']}?", default=True, err=True)
    if approve:
        return Verdict(True, "approved in the terminal")
    reason = click.prompt("  What has to change?", err=True)
    shots = click.prompt("  Which shots? (names like SC01_SH02, or none)", default="", show_default=False, err=True)
    return Verdict(False, reason, {"shots": shots.split()} if shots.split() else {})


def _where(approval: dict[str, Any], studio: Studio) -> list[str]:
    """Links that open in a browser: the reference images, the shots, the cut."""
    project_id = approval["projectId"]
    if approval["gate"] == "contract":
        project = studio.call("GET", f"/api/projects/{project_id}")
        return [f"{row['name']}: {row['url']}" for row in project.get("references", [])]
    if approval["gate"] in ("dailies", "shotLock", "pictureLock"):
        chains = studio.call("GET", f"/api/projects/{project_id}/scene-chains")["sceneChains"]
        return [
            f"{s['shotName']} score {s.get('score')}: {s['proxyUrl']}"
            for chain in chains
            for s in chain["segments"]
            if s.get("proxyUrl")
        ]
    return []
