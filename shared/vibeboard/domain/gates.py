"""Every gate of the SOP as data, and one pure function that decides. The API, the state machines, the `gates` map on
each resource and docs/reference/gates.md all read this table.

`evaluate` explains. Where money or a lock is at stake the write itself decides (store/ledger.py, store/segments.py).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from vibeboard.domain.errors import VibeBoardError
from vibeboard.domain.roles import Role

Facts = Mapping[str, Any]
Kind = Literal["hard block", "enhancement", "governance", "hard lock", "soft block", "flag", "validation"]

REFERENCES_REQUIRED = 3  # images in the reference pack (SOP step 0)
DAILIES_THRESHOLD = 0.70  # continuity score below which a shot is flagged (SOP step 8.5)


@dataclass(frozen=True, slots=True)
class Gate:
    """One row of the SOP's gate summary. `missing(facts)` names what stands in the way; empty means open."""

    name: str
    title: str
    step: str
    kind: Kind
    status: int | None  # HTTP status of the refusal; None for a gate that never refuses
    code: str
    message: str  # the SOP's own sentence
    refuses: str
    fix: str
    missing: Callable[[Facts], list[str]]
    override: Role | None = None  # who may lift it, with a reason


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict on one gate. `facts` are the measured values that decided it (JSON-safe)."""

    gate: str
    allowed: bool
    kind: Kind
    code: str = ""
    message: str = ""
    missing: tuple[str, ...] = ()
    fix: str = ""
    override: Role | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        answer: dict[str, Any] = {"gate": self.gate, "allowed": self.allowed, "kind": self.kind, "facts": self.facts}
        if not self.allowed or self.message:
            answer |= {"code": self.code, "message": self.message, "missing": list(self.missing), "fix": self.fix}
        if self.override:
            answer["override"] = self.override
        return answer


class GateRefused(VibeBoardError):
    """A gate said no. Status, code and sentence come from the table."""

    title = "A gate refused"

    def __init__(self, decision: Decision, detail: str = "") -> None:
        gate = GATES[decision.gate]
        super().__init__(
            detail or decision.message,
            fix=decision.fix,
            code=decision.code,
            gate=decision.to_dict(),
        )
        self.status = gate.status or 409
        self.decision = decision


def _contract_missing(facts: Facts) -> list[str]:
    missing = []
    if facts.get("budgetCap") is None:
        missing.append("budgetCap")
    if int(facts.get("referencePack", 0)) < REFERENCES_REQUIRED:
        missing.append(f"referencePack ({facts.get('referencePack', 0)} of {REFERENCES_REQUIRED})")
    return missing


def _naming_missing(facts: Facts) -> list[str]:
    return [] if facts.get("valid") else [str(facts.get("reason", "name"))]


def _style_missing(facts: Facts) -> list[str]:
    return ["chain without masterStyleContext"] if facts.get("masterStyleContext") else []


def _cinematic_missing(facts: Facts) -> list[str]:
    return [] if facts.get("masterStyleContext") else ["masterStyleContext"]


def _quota_missing(facts: Facts) -> list[str]:
    short = int(facts["estimatedMicros"]) - int(facts["quotaRemainingMicros"])
    return [f"{short / 1_000_000:.2f} USD of quota"] if short > 0 else []


def _cap_missing(facts: Facts) -> list[str]:
    short = int(facts["spentMicros"]) + int(facts["estimatedMicros"]) - int(facts["capMicros"])
    return [f"{short / 1_000_000:.2f} USD under the cap"] if short > 0 else []


def _dailies_missing(facts: Facts) -> list[str]:
    return [] if facts.get("review") == "approved" else ["review: approved"]


def _lock_missing(facts: Facts) -> list[str]:
    return ["unlock by an Admin, with a reason"] if facts.get("locked") else []


def _qc_missing(facts: Facts) -> list[str]:
    return [name for name in FINAL_QC_CHECKS if not facts.get(name, {}).get("ok")]


FINAL_QC_CHECKS = (
    "resolutionConsistent",
    "frameRateConsistent",
    "audioSyncValid",
    "allShotsLocked",
    "pictureLockedConfirmed",
)

GATES: dict[str, Gate] = {
    gate.name: gate
    for gate in (
        Gate("contract", "Contract Gate", "0", "hard block", 409, "CONTRACT_INCOMPLETE",
             "Complete Project Brief before generating",
             "every generation while budgetCap is missing or referencePack holds fewer than 3 images",
             "Set creativeContract.budgetCap and upload at least 3 reference images.", _contract_missing),
        Gate("rag", "RAG Gate", "1", "enhancement", None, "RAG_UNAVAILABLE",
             "Before calling Claude, the system queries the Vector DB for style/genre references",
             "nothing: a failed search is recorded in the outline, and the outline goes on",
             "", lambda facts: [] if facts.get("references") else ["references"]),
        Gate("naming", "Naming Schema", "3", "governance", 422, "NAMING_SCHEMA_VIOLATION",
             "All assets must follow the team-wide naming convention for traceability.",
             "asset names off SC##_SH##_TYPE_Name", "Use the suggested name.", _naming_missing),
        Gate("styleLock", "Style Lock", "5", "hard lock", 423, "STYLE_LOCKED",
             "Style locked. Create new chain for different look",
             "optics changes for a chain that has a masterStyleContext",
             "Create a new scene chain for another look.", _style_missing),
        Gate("masterCinematic", "Master Cinematic Required", "6", "soft block", 409, "MASTER_CINEMATIC_REQUIRED",
             "Cannot generate frames until a Master Cinematic Modifier is selected.",
             "frames for a chain without a masterStyleContext",
             "Choose camera and lens in the Optics Engine and set the chain's masterStyleContext.",
             _cinematic_missing),
        Gate("producerSoft", "Producer Gate (Soft)", "7.5", "soft block", 402, "QUOTA_INSUFFICIENT",
             "Insufficient quota. Add credits or reduce shots",
             "an estimate above what is left of the caller's quota",
             "Add credits, or render fewer shots or a lower quality.", _quota_missing),
        Gate("producerHard", "Producer Gate (Hard)", "7.5", "hard block", 409, "BUDGET_CAP_EXCEEDED",
             "Budget Cap exceeded. Admin override required.",
             "any spend that would take the project above its cap",
             "Ask an Admin for a budget override with a reason, or reduce shots or quality.", _cap_missing, "admin"),
        Gate("dailies", "Dailies Gate", "8.5", "flag", 409, "DAILIES_NOT_APPROVED",
             "Only approved shots proceed to VFX",
             "VFX and shot lock on shots that no reviewer has approved; flags scores below 0.70",
             "Review the shot in dailies and approve it, or regenerate it.", _dailies_missing),
        Gate("shotLock", "Shot Lock", "9.5", "hard lock", 423, "SHOT_LOCKED",
             "Shot locked. Only trim/audio adjustments allowed in Timeline",
             "regeneration and VFX on a locked shot",
             "Trim and audio stay open. To change the picture, an Admin unlocks the shot with a reason.",
             _lock_missing, "admin"),
        Gate("pictureLock", "Picture Lock", "10.5", "hard lock", 423, "PICTURE_LOCKED",
             "Picture locked. Only audio levels allowed",
             "reorder and trim on a locked edit",
             "audioGain stays open. To change the cut, an Admin unlocks the picture with a reason.",
             _lock_missing, "admin"),
        Gate("finalQC", "Final QC", "12", "validation", 409, "FINAL_QC_FAILED",
             "Before export, system validates resolution and frame rate consistency.",
             "export unless all five checks hold", "Mend the failed checks, each listed with its value.",
             _qc_missing),
    )
}  # fmt: skip


def evaluate(name: str, facts: Facts) -> Decision:
    """Decide one gate from facts. Pure; raises KeyError for a gate that is not in the table."""
    gate = GATES[name]
    missing = tuple(gate.missing(facts))
    refused = bool(missing)
    return Decision(
        gate=name,
        allowed=not refused or gate.status is None,
        kind=gate.kind,
        code=gate.code if refused else "",
        message=gate.message if refused else "",
        missing=missing,
        fix=gate.fix if refused else "",
        override=gate.override if refused else None,
        facts=dict(facts),
    )


def enforce(name: str, facts: Facts) -> Decision:
    """Like `evaluate`, but raises GateRefused when the gate says no."""
    decision = evaluate(name, facts)
    if not decision.allowed:
        raise GateRefused(decision)
    return decision
