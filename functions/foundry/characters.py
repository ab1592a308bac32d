"""Characters (SOP step 4): who they are, their trigger word, and the order to train them."""

import re
import unicodedata
from typing import Any

from boto3.dynamodb.conditions import Attr

from foundry.models import CreateCharacter
from vibeboard.domain.errors import Conflict, Invalid, NotFound
from vibeboard.domain.ids import digest
from vibeboard.http.access import Caller
from vibeboard.jobs.admission import Guard, JobDraft, admit
from vibeboard.store import keys, projects
from vibeboard.store.audit import audit_action, now
from vibeboard.store.table import EXISTS, NEW, Action, Item, Put, TransactionRefused, Update, public, table
from vibeboard.views import job_view

TRAINING_MODEL = "fal-ai/flux-lora-fast-training"
TRAINING = "training"
SLUG_CHARACTERS = 60
# Consonants only: a trigger word must be no word that a prompt could hold.
_LETTERS = "bcdfghjklmnpqrstvwxz"
_TWO_LETTER_TRIES = 8
_TRIGGER_TRIES = 40


def slug(name: str) -> str:
    """ "Femme Fatale" -> "femme_fatale"; a name without Latin letters gets a stable one of its own."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)
    return "_".join(words)[:SLUG_CHARACTERS].strip("_") or f"c{digest(name, 8)}"


def trigger_words(project_id: str, character_id: str) -> list[str]:
    """Candidates in order, the same for the same character: two consonants first, three when those are taken."""
    words = []
    for turn in range(_TRIGGER_TRIES):
        number = int(digest([project_id, character_id, turn], 12), 16)
        length = 2 if turn < _TWO_LETTER_TRIES else 3
        words.append("".join(_LETTERS[number // 20**place % 20] for place in range(length)))
    return words


def of_project(project_id: str) -> list[Item]:
    return table().query(f"PROJECT#{project_id}", "CHARACTER#")


def read(project_id: str, character_id: str) -> Item:
    item = table().get(keys.character(project_id, character_id))
    if item is None:
        raise NotFound("No such character", fix="List the project's characters for their ids.")
    return item


def put(project_id: str, character_id: str, facts: dict[str, Any], actor: str, trace_id: str = "") -> Item:
    """Create a character, or fill in its placeholder; the trigger word is taken in the same transaction.

    Raises Conflict CHARACTER_EXISTS when somebody has made this character already.
    """
    for word in trigger_words(project_id, character_id):
        item: Item = {
            **keys.character(project_id, character_id),
            "characterId": character_id,
            "projectId": project_id,
            "referenceImages": [],
            "attributes": {},
            "triggerWord": word,
            "trainingStatus": "none",
            "createdBy": actor,
            "createdAt": now(),
            "rev": 1,
            **facts,
        }
        taken = {"PK": f"PROJECT#{project_id}", "SK": f"TRIGGER#{word}", "characterId": character_id}
        facts_of_act = {"characterId": character_id, "triggerWord": word}
        actions: list[Action] = [
            Put(item, NEW | Attr("status").eq("placeholder")),
            Put(taken, NEW | Attr("characterId").eq(character_id)),
            audit_action(project_id, actor=actor, act="character.create", trace_id=trace_id, **facts_of_act),
        ]
        try:
            table().transact(actions)
            return item
        except TransactionRefused as refused:
            if refused.failed[0]:
                raise Conflict(
                    f"{character_id} exists already",
                    code="CHARACTER_EXISTS",
                    fix="Give the character another name.",
                    characterId=character_id,
                ) from refused
    raise Conflict("No free trigger word is left in this project", code="TRIGGERS_TAKEN", fix="Remove a character.")


def create(caller: Caller, body: CreateCharacter) -> Item:
    """A character in the SOP's shape. Reference images are kept as given and never fetched."""
    facts = body.model_dump(by_alias=True, exclude_none=True) | {"status": "created", "origin": "user"}
    return view(put(caller.project_id, f"char_{slug(body.name)}", facts, caller.user, caller.trace_id))


def training_draft(project: Item, character: Item, attempt: int) -> JobDraft:
    """The order to train one character, from the pictures that are ours: its own uploads, else the reference pack."""
    prefix = keys.media_prefix(project["projectId"])
    own = [key for key in character.get("referenceImages", []) if key.startswith(prefix)]
    by_name = {reference["name"]: reference["key"] for reference in project.get("references", [])}
    own += [by_name[name] for name in character.get("referenceImages", []) if name in by_name]
    name = character["characterId"].removeprefix("char_")
    look = {
        "name": name,
        "display_name": character["name"],
        "trigger_word": character["triggerWord"],
        "attributes": character.get("attributes", {}),
        "wardrobe": character.get("wardrobeRules", []),
        "lighting": character.get("lightingRules", []),
        "pose": character.get("poseGuidance", []),
    }
    return JobDraft(
        operation="character.train",
        target={"characterId": character["characterId"]},
        input={"look": look, "references": own or list(by_name.values()), "seed": project["seed"]},
        attempt=attempt,
        model=TRAINING_MODEL,
    )


def order_training(project: Item, character: Item, user: str, trace_id: str = "") -> tuple[Item, Item]:
    """Admit the training job; the character turns to `training` in the same transaction. Answers (job, character).

    Training under way is answered with its job; a finished or failed one is ordered anew. Raises GateRefused
    (contract, cap, quota), Invalid for a placeholder.
    """
    project_id = project["projectId"]
    if "triggerWord" not in character:
        raise Invalid(
            f"{character['characterId']} is a placeholder of the breakdown",
            field="characterId",
            fix="Create the character first: POST foundry/characters with its name.",
        )
    if character.get("trainingStatus") == TRAINING:
        job = table().get(keys.job(project_id, character["trainingJobId"]))
        if job is not None:
            return job, character
    attempt = character.get("trainingAttempt", 0) + 1
    draft = training_draft(project, character, attempt)
    change = {
        "trainingStatus": TRAINING,
        "trainingAttempt": attempt,
        "trainingJobId": draft.job_id(project_id),
        "updatedAt": now(),
    }
    mark = Update(keys.character(project_id, character["characterId"]), set=change, condition=EXISTS)
    guard = Guard(mark, lambda _standing: NotFound("No such character"))
    job = admit(project_id, user, [draft], guards=[guard], trace_id=trace_id)[0]
    return job, character | change


def start_training(caller: Caller, character_id: str) -> dict[str, Any]:
    """The SOP's LoRA shape {characterId, loraId, triggerWord, status} with the job beside; loraId comes at its end."""
    project = projects.read(caller.project_id)
    character = read(caller.project_id, character_id)
    job, character = order_training(project, character, caller.user, caller.trace_id)
    return lora_view(character) | {"jobId": job["jobId"]}


def training(project_id: str, character_id: str) -> dict[str, Any]:
    """Where a character's training stands: the SOP's LoRA shape, with the job's progress. Raises NotFound."""
    character = read(project_id, character_id)
    job = table().get(keys.job(project_id, character["trainingJobId"])) if character.get("trainingJobId") else None
    return lora_view(character) | ({"job": job_view(job)} if job else {})


def lora_view(character: Item) -> dict[str, Any]:
    return {
        "characterId": character["characterId"],
        "loraId": character.get("loraId"),
        "triggerWord": character.get("triggerWord"),
        "status": character.get("trainingStatus", "none"),
    }


def view(item: Item) -> Item:
    """A character as people see it; `lora` is the SOP's training output."""
    return public(item, hide=("lora", "origin", "likeness")) | {"lora": lora_view(item)}
