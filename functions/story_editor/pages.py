"""The film's screenplay as Fountain: the one that was uploaded, or the breakdown as pages."""

from typing import Literal

from vibeboard.domain.errors import Conflict
from vibeboard.film.story import read_breakdown
from vibeboard.store import objects, projects
from vibeboard.store.table import table

Source = Literal["auto", "upload", "breakdown"]
HEADERS = {"Content-Disposition": 'attachment; filename="screenplay.fountain"'}


def fountain(project_id: str, source: Source) -> str:
    """The text. auto: the uploaded screenplay where there is one. Raises Conflict when there is no such source."""
    from vibeboard.providers.screenplay import as_fountain, breakdown_as_fountain

    project = projects.read(project_id)
    key = project.get("screenplayKey")
    if source == "upload" and not key:
        raise Conflict(
            "This project has no uploaded screenplay",
            code="SCREENPLAY_MISSING",
            fix="Upload one, or take ?source=breakdown.",
        )
    if key and source != "breakdown":
        text = objects.read(key).decode("utf-8-sig")
        return as_fountain(text, str(project.get("screenplayName") or key))
    cast = table().query(f"PROJECT#{project_id}", "CHARACTER#")
    names = {row["characterId"].removeprefix("char_"): str(row["name"]) for row in cast}
    return breakdown_as_fountain(project["title"], read_breakdown(project_id), names)
