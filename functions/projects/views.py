"""How a project looks in an answer: the SOP's shape, its budget, and what its gates say."""

from typing import Any

from vibeboard.domain.gates import Decision, evaluate
from vibeboard.store import ledger
from vibeboard.store.objects import link
from vibeboard.store.table import Item, public

CONTRACT_FIELDS = (
    "targetFormat", "targetRuntime", "aspectRatio", "frameRate", "referencePack", "budgetCap", "styleNotes",
)  # fmt: skip


def contract_facts(project: Item, budget: Item) -> dict[str, Any]:
    """Facts of the contract gate: the cap from the ledger, the references from the contract."""
    cap = budget.get("cap")
    return {
        "budgetCap": None if cap is None else ledger.statement(budget)["budgetCap"],
        "referencePack": len(project["creativeContract"].get("referencePack", [])),
    }


def contract_decision(project: Item, budget: Item) -> Decision:
    return evaluate("contract", contract_facts(project, budget))


def project_view(project: Item, budget: Item, role: str = "") -> Item:
    """A project as people see it: SOP step 0's fields, `budget` in dollars and the gates that need nothing else."""
    contract = {name: project["creativeContract"].get(name) for name in CONTRACT_FIELDS}
    references = [
        reference | {"url": link(reference["key"]), "thumbUrl": link(reference.get("thumbKey"))}
        for reference in project.get("references", [])
    ]
    gates = {
        "contract": contract_decision(project, budget),
        "masterCinematic": evaluate("masterCinematic", {"masterStyleContext": project.get("masterCinematic", "")}),
        "producerHard": evaluate("producerHard", ledger.cap_facts(budget, 0)),
    }
    return public(project) | {
        "creativeContract": contract,
        "references": references,
        "budget": ledger.statement(budget),
        "gates": {name: decision.to_dict() for name, decision in gates.items()},
        **({"role": role} if role else {}),
    }
