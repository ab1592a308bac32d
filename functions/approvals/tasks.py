"""Production task: open an approval. What is approved, what it costs and where to look go with it."""

from typing import Any

from vibeboard.domain.pricing import to_usd
from vibeboard.store import approvals, ledger
from vibeboard.tasks import handler_of

LOOK: dict[str, str] = {
    "contract": "/api/projects/{projectId}",
    "outline": "/api/projects/{projectId}/story-editor/outline",
    "budget": "/api/projects/{projectId}/statement",
    "dailies": "/api/projects/{projectId}/scene-chains",
    "shotLock": "/api/projects/{projectId}/scene-chains",
    "pictureLock": "/api/projects/{projectId}/scene-chains",
    "delivery": "/api/projects/{projectId}/export/qc",
}


def open_approval(event: dict[str, Any]) -> dict[str, Any]:
    project_id, gate = event["projectId"], event["gate"]
    earlier = [
        item
        for item in approvals.of_project(project_id)
        if item["gate"] == gate and item["status"] in ("APPROVED", "REJECTED")
    ]
    budget = ledger.read(project_id)
    subject = {
        **(event.get("subject") or {}),
        "look": LOOK[gate].format(projectId=project_id),
        "spent": to_usd(budget["committed"] + budget["reserved"]),
        "cap": to_usd((budget.get("cap") or 0) + budget["overrides"]),
    }
    item = approvals.open_approval(project_id, gate, event["taskToken"], subject=subject, attempt=len(earlier) + 1)
    return {"approvalId": item["approvalId"]}


handler = handler_of({"open": open_approval})
