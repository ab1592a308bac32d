"""What the Script Lab answers, as the SOP writes it: examples of the API document."""

from typing import Any

Responses = dict[int | str, dict[str, Any]]

SOP_OUTLINE: dict[str, Any] = {
    "outline": {
        "logline": "A femme fatale's chance encounter in a late-night laundromat...",
        "acts": [
            {
                "title": "The Wash",
                "summary": "Past midnight she waits for one machine.",
                "beats": ["She enters through steam.", "A man is already sitting there."],
            }
        ],
        "themes": ["betrayal", "redemption"],
    }
}
SOP_BREAKDOWN: dict[str, Any] = {
    "scenes": [
        {
            "scenePrompt": "Femme fatale enters smoky laundromat",
            "negativeElements": ["crowd", "daylight"],
            "visualElements": ["neon", "steam", "shadows"],
            "characters": ["femme_fatale"],
            "orderIndex": 0,
        }
    ],
    "assetManifest": {
        "characters": ["femme_fatale"],
        "locations": ["laundromat_interior"],
        "props": ["washing_machine", "neon_sign"],
    },
}
SOP_SEGMENT: dict[str, Any] = {
    "prompt": "Femme fatale enters through steam",
    "negativePrompt": "(crowd:1.5), (daylight:1.3)",
    "firstFramePrompt": "Close-up of door handle turning",
    "lastFramePrompt": "Wide shot, silhouette in doorway",
    "duration": 5,
    "orderIndex": 0,
}


def _answer(status: int, example: Any, description: str) -> Responses:
    accepted = {"description": "A vendor writes it: the job to look at", "content": {"application/json": {}}}
    return {
        status: {"description": description, "content": {"application/json": {"example": example}}},
        **({202: accepted} if status == 201 else {}),
    }


OUTLINE = _answer(201, SOP_OUTLINE, "The outline with its version and the references it used")
BREAKDOWN = _answer(201, SOP_BREAKDOWN, "Scenes with their shots, and the asset manifest")
PROMPTS = _answer(200, {"segments": [SOP_SEGMENT]}, "One segment per shot")
SCREENPLAY: Responses = {
    200: {
        "description": "The screenplay as Fountain",
        "content": {"text/plain": {"example": "INT. LAUNDROMAT - NIGHT\n\nShe enters through steam.\n"}},
    }
}
