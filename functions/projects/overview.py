"""All gates of a project at once, from what stands in the table."""

from typing import Any

from projects import views
from vibeboard.domain.formats import FRAME_RATES
from vibeboard.domain.gates import evaluate
from vibeboard.domain.naming import check_name
from vibeboard.domain.pricing import estimate_footage
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
        "finalQC": _qc_facts(project, film),
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


def _qc_facts(project: Item, film: list[tuple[Item, list[Item]]]) -> dict[str, dict[str, Any]]:
    """The five checks of SOP step 12 as far as the items tell; the export measures the files again."""
    shots = [shot for _, segments in film for shot in segments]
    clips = [shot["clip"] for shot in shots if shot.get("clip")]
    complete = bool(shots) and len(clips) == len(shots)
    sizes = sorted({f"{clip['width']}x{clip['height']}" for clip in clips})
    rate = f"{float(project['creativeContract'].get('frameRate', 24)):g}"
    silent = [clip["takeId"] for clip in clips if not clip.get("audioKey")]
    locked = sum(1 for shot in shots if shot.get("lockedAt"))
    pictures = sum(1 for chain, _ in film if chain.get("pictureLockedAt"))
    return {
        "resolutionConsistent": {"ok": complete and len(sizes) == 1, "value": sizes},
        "frameRateConsistent": {"ok": complete and rate in FRAME_RATES, "value": rate},
        "audioSyncValid": {"ok": complete and not silent, "value": {"shots": len(clips), "withoutSound": len(silent)}},
        "allShotsLocked": {"ok": bool(shots) and locked == len(shots), "value": f"{locked} of {len(shots)}"},
        "pictureLockedConfirmed": {"ok": bool(film) and pictures == len(film), "value": f"{pictures} of {len(film)}"},
    }
