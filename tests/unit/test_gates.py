"""The gate table is the SOP's: every gate, its kind, its sentence, and when it refuses."""

import pytest

from vibeboard.domain.gates import FINAL_QC_CHECKS, GATES, GateRefused, enforce, evaluate
from vibeboard.domain.pricing import to_micros

SOP_SENTENCES = {
    "contract": "Complete Project Brief before generating",
    "styleLock": "Style locked. Create new chain for different look",
    "producerSoft": "Insufficient quota. Add credits or reduce shots",
    "producerHard": "Budget Cap exceeded. Admin override required.",
}


@pytest.mark.parametrize(("gate", "sentence"), SOP_SENTENCES.items())
def test_a_refusal_speaks_the_sentence_of_the_sop(gate: str, sentence: str) -> None:
    assert GATES[gate].message == sentence


@pytest.mark.parametrize(
    ("cap", "references", "allowed"), [(20.0, 3, True), (20.0, 2, False), (None, 3, False), (None, 0, False)]
)
def test_contract_gate_wants_a_cap_and_three_references(cap: float | None, references: int, allowed: bool) -> None:
    assert evaluate("contract", {"budgetCap": cap, "referencePack": references}).allowed is allowed


def test_what_is_missing_is_named() -> None:
    decision = evaluate("contract", {"budgetCap": None, "referencePack": 2})
    assert decision.missing == ("budgetCap", "referencePack (2 of 3)")


@pytest.mark.parametrize(("estimate", "allowed"), [("14.5", True), ("15.00", True), ("15.01", False)])
def test_the_hard_block_starts_one_cent_above_the_cap(estimate: str, allowed: bool) -> None:
    facts = {"estimatedMicros": to_micros(estimate), "spentMicros": to_micros(5), "capMicros": to_micros(20)}
    decision = evaluate("producerHard", facts)
    assert decision.allowed is allowed
    assert decision.override == (None if allowed else "admin")


def test_the_soft_block_compares_with_what_is_left_of_the_quota() -> None:
    facts = {"estimatedMicros": to_micros("14.5"), "quotaRemainingMicros": to_micros("14.49")}
    decision = evaluate("producerSoft", facts)
    assert (decision.allowed, decision.code) == (False, "QUOTA_INSUFFICIENT")
    assert decision.missing == ("0.01 USD of quota",)


def test_a_failed_search_never_refuses() -> None:
    decision = evaluate("rag", {"references": []})
    assert decision.allowed
    assert decision.code == "RAG_UNAVAILABLE"


@pytest.mark.parametrize("failing", FINAL_QC_CHECKS)
def test_final_qc_refuses_for_each_of_its_five_checks(failing: str) -> None:
    facts = {name: {"ok": name != failing} for name in FINAL_QC_CHECKS}
    with pytest.raises(GateRefused) as refusal:
        enforce("finalQC", facts)
    assert refusal.value.decision.missing == (failing,)
    assert refusal.value.status == 409


def test_final_qc_opens_when_all_five_hold() -> None:
    assert enforce("finalQC", {name: {"ok": True} for name in FINAL_QC_CHECKS}).allowed


@pytest.mark.parametrize(("gate", "status"), [("shotLock", 423), ("pictureLock", 423), ("styleLock", 423)])
def test_locks_answer_423(gate: str, status: int) -> None:
    with pytest.raises(GateRefused) as refusal:
        enforce(gate, {"locked": True, "masterStyleContext": "85mm"})
    assert refusal.value.status == status
