"""The breakdown as stored: in the table, or in S3 when it is too long for an item."""

from vibeboard.domain.errors import Conflict
from vibeboard.domain.story import Breakdown
from vibeboard.store import keys, objects
from vibeboard.store.table import table


def read_breakdown(project_id: str) -> Breakdown:
    """The current breakdown. Raises Conflict while there is none."""
    item = table().get(keys.breakdown(project_id))
    if item is None:
        raise Conflict(
            "There is no breakdown yet", code="BREAKDOWN_MISSING", fix="Run story-editor/outline, then …/breakdown."
        )
    body = objects.read_json(item["objectKey"]) if "objectKey" in item else item
    return Breakdown.model_validate({"scenes": body["scenes"], "assetManifest": body["assetManifest"]})
