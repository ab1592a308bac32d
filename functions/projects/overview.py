"""All gates of a project at once, from what stands in the table."""

from typing import Any

from projects import views
from vibeboard.domain.formats import Quality
from vibeboard.domain.gates import evaluate
from vibeboard.domain.naming import check_name
from vibeboard.domain.pricing import estimate_footage
from vibeboard.film.qc import final_qc
from vibeboard.store import chains, keys, ledger, projects
from vibeboard.store.table import Item, table


def gates_of(project_id: str, user: str) -> dict[str, dict[str, Any]]:
    """gate name -> decision. Shot gates speak for the film: dailies need every shot approved, locks all of them."""
    project, budget = projects.read(project_id), ledger.read(project_id)
    film = chains.chains_of(project_id)
    facts = {
        "contract": views.contract_facts(project, budget),
        "rag": _references_used(project_id),
        "naming": _names(project_id),
        **_style_facts(project, [chain for chain, _ in film]),
        **_money_facts(user, budget, film),
        **_shot_facts(film),
        "finalQC": final_qc(project_id, film, _delivery_quality(project_id)),
    }
    return {name: evaluate(name, known).to_dict() for name, known in facts.items()}


def _references_used(project_id: str) -> dict[str, Any]:
    versions = table().query(f"PROJECT#{project_id}", "OUTLINE#", limit=1, newest_first=True)
    return {"references": len(versions[0].get("references", [])) if versions else 0}


def _names(project_id: str) -> dict[str, Any]:
    wrong = [
        asset["name"] for asset in table().query(f"PROJECT#{project_id}", "ASSET#") if not check_name(asset["name"]).ok
    ]
    return {"valid": not wrong, "reason": ", ".join(wrong[:5]), "offending": len(wrong)}


def _style_facts(project: Item, film: list[Item]) -> dict[str, dict[str, Any]]:
    locked = [chain for chain in film if chain.get("masterStyleContext")]
    context = locked[0]["masterStyleContext"] if locked else ""
    return {
        "styleLock": {"masterStyleContext": context, "lockedChains": [chain["id"] for chain in locked]},
        "masterCinematic": {"masterStyleContext": project.get("masterCinematic") or context},
    }


def _money_facts(user: str, budget: Item, film: list[tuple[Item, list[Item]]]) -> dict[str, dict[str, Any]]:
    """What the footage that is still missing would cost at draft, against cap and the caller's quota."""
    missing = [shot["duration"] for _, shots in film for shot in shots if not shot.get("clip")]
    estimate = estimate_footage(missing, "draft")
    quota = table().get(keys.quota(user)) or {"available": 0}
    return {
        "producerSoft": {"estimatedMicros": estimate, "quotaRemainingMicros": quota["available"]},
        "producerHard": ledger.cap_facts(budget, estimate),
    }


def _shot_facts(film: list[tuple[Item, list[Item]]]) -> dict[str, dict[str, Any]]:
    shots = [shot for _, segments in film for shot in segments]
    approved = [shot for shot in shots if shot.get("review") == "approved"]
    locked = [shot for shot in shots if shot.get("lockedAt")]
    pictures = [chain for chain, _ in film if chain.get("pictureLockedAt")]
    return {
        "dailies": {
            "review": "approved" if shots and len(approved) == len(shots) else "pending",
            "approved": len(approved),
            "shots": len(shots),
        },
        "shotLock": {"locked": bool(shots) and len(locked) == len(shots), "lockedShots": len(locked)},
        "pictureLock": {"locked": bool(film) and len(pictures) == len(film), "lockedChains": len(pictures)},
    }


def _delivery_quality(project_id: str) -> Quality:
    """What the latest production delivers at; draft while there was none."""
    runs = table().query(f"PROJECT#{project_id}", "RUN#", limit=1, newest_first=True)
    quality: Quality = runs[0].get("options", {}).get("quality", "draft") if runs else "draft"
    return quality
