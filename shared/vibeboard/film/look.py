"""What every frame of a chain must agree on (SOP steps 4 and 5)."""

from typing import Any

from vibeboard.store import keys
from vibeboard.store.table import Item, table


def look_of(project: Item) -> dict[str, Any]:
    """What every frame of a chain must agree on: Style Bible, cast, genre and tone, as they stand now."""
    partition = f"PROJECT#{project['projectId']}"
    bible = table().get(keys.bible(project["projectId"])) or {}
    rules = bible.get("globalRules", {})
    concept = project.get("concept", {})
    cast = {}
    for character in table().query(partition, "CHARACTER#"):
        name = str(character["characterId"]).removeprefix("char_")
        cast[name] = {
            "name": name,
            "display_name": character.get("name", name),
            "trigger_word": character.get("triggerWord", ""),
            "attributes": character.get("attributes", {}),
            "wardrobe": character.get("wardrobeRules", []),
            "lighting": character.get("lightingRules", []),
            "pose": character.get("poseGuidance", []),
            "loraId": character.get("loraId", ""),
            "loraPath": _weights(character.get("lora", {})),
        }
    return {
        "genre": concept.get("genre", ""),
        "tone": concept.get("tone", ""),
        "palette": rules.get("colorPalette", []),
        "banned": rules.get("bannedElements", []),
        "required": rules.get("requiredElements", []),
        "styleBibleId": bible.get("styleBibleId", ""),
        **({"styleBibleVersion": bible["version"]} if bible else {}),
        "cast": cast,
    }


def _weights(lora: dict[str, Any]) -> str:
    """Where a trained LoRA's weights are; "" for the sandbox's identity profile, which has none."""
    files = [str(row.get("key") or row.get("url") or "") for row in lora.get("files", [])]
    return next((path for path in files if path.endswith(".safetensors")), "")
