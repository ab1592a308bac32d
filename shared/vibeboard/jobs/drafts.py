"""From what the film says to what an engine is asked: frames, footage and passes as job drafts.

One resolver for estimate, admission and execution: the draft that is priced is the draft that runs.
"""

from boto3.dynamodb.conditions import Attr

from vibeboard.domain.continuity import asked_of, clip_words, frame_prompt, frame_words
from vibeboard.domain.errors import Conflict, Invalid
from vibeboard.domain.formats import QUALITIES, Quality, exact_rate, frame_size, frames_of
from vibeboard.domain.ids import seed_of
from vibeboard.domain.models import LETTERING, VIDEO_MODEL, ModelChoice, choose_frame_model, intent_of
from vibeboard.domain.prompts import full_negative, with_banned
from vibeboard.jobs.admission import Guard, JobDraft
from vibeboard.providers import matrix
from vibeboard.store import keys
from vibeboard.store.chains import segment_refusal
from vibeboard.store.table import EXISTS, Check, Item

FRAME_QUALITY: Quality = "review"  # storyboard frames are drawn at 1080p, so that every pass can use them
SOUND_TAIL_SECONDS = 1.5  # sound runs on behind the picture, so that a cut can be split
MAX_SHOT_SECONDS = 60.0
MAX_TAKES = 8
_NOT_A_LOOK = ("loraId", "loraPath")


def cast_of(chain: Item, segment: Item) -> list[Item]:
    """The looks of the people in a shot, as the chain froze them."""
    known = chain.get("look", {}).get("cast", {})
    return [known[name] for name in segment.get("characters", []) if name in known]


def frame_choice(chain: Item, segment: Item, which: str, *, has_source: bool, asked: str = "") -> ModelChoice:
    """The row of the model matrix for one frame. asked: an intent; by default the shot's own, for its first frame.

    Raises Conflict for a setting that names no known model.
    """
    intent = intent_of(asked, frame_prompt(segment, which), has_previous=has_source)
    has_lora = any(member.get("loraId") for member in cast_of(chain, segment))
    hero = matrix.hero_model() if intent == "hero" else ""
    return choose_frame_model(has_previous=has_source, has_lora=has_lora, intent=intent, hero=hero)


def frame_draft(
    chain: Item,
    segment: Item,
    which: str,
    source: Item | None,
    *,
    intent: str = "",
    prompt: str = "",
) -> JobDraft:
    """Order one storyboard frame (SOP step 7). source: the frame it continues from, if any."""
    attempt = segment.get(f"{which}FrameTakes", 0) + 1
    look = chain.get("look", {})
    cast = cast_of(chain, segment)
    asked = intent or asked_of(segment, which)
    choice = frame_choice(chain, segment, which, has_source=source is not None, asked=asked)
    if not choice.edits:
        source = None  # drawn anew: nothing of the frame before goes in
    width, height = frame_size(chain["aspectRatio"], FRAME_QUALITY)
    body = {
        "prompt": prompt or frame_prompt(segment, which),
        "negative": _negative(look, segment, lettering=choice is LETTERING),
        "style": chain.get("masterStyleContext", ""),
        "genre": look.get("genre", ""),
        "tone": look.get("tone", ""),
        "palette": look.get("palette", []),
        "required": look.get("required", []),
        "banned": look.get("banned", []),
        "cast": [{k: v for k, v in member.items() if k not in _NOT_A_LOOK} for member in cast],
        "place": segment.get("place") or chain.get("place", ""),
        "props": segment.get("props", []),
        "width": width,
        "height": height,
        "seed": seed_of(chain.get("seed", 0), segment.get("seedKey", segment["id"]), which, attempt),
        "source": source["key"] if source else None,
        "sourceTakeId": source["takeId"] if source else "",
        "promptDigest": frame_words(chain, segment, which),
        "intent": asked,
        "reason": choice.reason,
        "loras": [{"path": member["loraPath"], "scale": 1} for member in cast if member.get("loraPath")],
    }
    return JobDraft(
        operation=choice.operation,
        target={"chainId": chain["id"], "segmentId": segment["id"], "which": which},
        input=body,
        price_facts={"width": width, "height": height},
        attempt=attempt,
        model=choice.model,
    )


def _negative(look: Item, segment: Item, *, lettering: bool = False) -> str:
    """Global cleanliness, the shot's removals, and what the Style Bible bans: what is recorded is what was asked."""
    try:
        own = full_negative(segment.get("negativePrompt", ""), lettering=lettering)
        return with_banned(own, look.get("banned", []))
    except ValueError as error:
        raise Invalid(str(error), field="negativePrompt", fix="Weigh a term from 0.1 to 2.0.") from error


def clip_draft(
    chain: Item,
    segment: Item,
    *,
    quality: Quality = "draft",
    prompt: str = "",
    duration: float | None = None,
    take: int = 1,
) -> JobDraft:
    """Order footage of one shot (SOP step 8). take: 1 for the next take, 2 for the one after it, each with its seed.

    Raises Conflict without a first frame, Invalid for an odd length.
    """
    if "firstFrame" not in segment:
        raise Conflict(
            f"{segment['shotName']} has no first frame",
            code="FRAME_MISSING",
            fix="Generate the shot's frames first (…/generate-frame).",
        )
    seconds = float(duration if duration is not None else segment["duration"])
    if not 0 < seconds <= MAX_SHOT_SECONDS:
        raise Invalid(
            f"A shot of {seconds:g} s; shots last more than 0 and at most {MAX_SHOT_SECONDS:g} s",
            field="duration",
            fix="Split the shot.",
        )
    rate = exact_rate(chain["frameRate"])
    attempt = segment.get("clipTakes", 0) + take
    look = chain.get("look", {})
    width, height = frame_size(chain["aspectRatio"], quality)
    first, last = segment["firstFrame"], segment.get("lastFrame") or segment["firstFrame"]
    body = {
        "mode": "image_to_video",
        "prompt": ". ".join(filter(None, [prompt or segment["prompt"], chain.get("masterStyleContext", "")])),
        "negative": _negative(look, segment),
        "firstFrame": first["key"],
        "lastFrame": last["key"],
        "madeOf": {"first": first["takeId"], "last": last["takeId"], "words": clip_words(chain, segment)},
        "width": width,
        "height": height,
        "rate": [rate.numerator, rate.denominator],
        "frames": frames_of(seconds, rate),
        "soundFrames": frames_of(seconds + SOUND_TAIL_SECONDS, rate),
        "seed": seed_of(chain.get("seed", 0), segment.get("seedKey", segment["id"]), "clip", attempt),
        "tone": look.get("tone", ""),
        "genre": look.get("genre", ""),
        "palette": look.get("palette", []),
        "required": look.get("required", []),
        "banned": look.get("banned", []),
        "cast": [{k: v for k, v in member.items() if k not in _NOT_A_LOOK} for member in cast_of(chain, segment)],
        "place": segment.get("place") or chain.get("place", ""),
        "quality": quality,
        "shotName": segment["shotName"],
    }
    return JobDraft(
        operation="clip.generate",
        target={"chainId": chain["id"], "segmentId": segment["id"]},
        input=body,
        price_facts={"quality": quality, "seconds": seconds},
        attempt=attempt,
        model=VIDEO_MODEL,
    )


def pass_draft(
    chain: Item,
    segment: Item,
    take_input: Item,
    quality: Quality,
    render_id: str,
    burn: dict[str, str] | None,
    failures: int = 0,
) -> JobDraft:
    """Order one render pass (SOP step 11): the recipe of the chosen take, whole, at another quality.

    burn: {watermark, date} written into the picture, None for a clean pass. failures: attempts at it that failed.
    """
    if quality not in QUALITIES:
        raise Invalid(f"No quality {quality}", field="quality", fix=f"One of {', '.join(QUALITIES)}.")
    width, height = frame_size(chain["aspectRatio"], quality)
    body = take_input | {
        "width": width,
        "height": height,
        "quality": quality,
        "clipTakeId": segment["clip"]["takeId"],
        "burnIn": burn is not None,
        **({"burnInText": burn} if burn else {}),
        "take": segment["clip"]["number"],
    }
    seconds = take_input["frames"] * take_input["rate"][1] / take_input["rate"][0]
    return JobDraft(
        operation="clip.render",
        target={"chainId": chain["id"], "segmentId": segment["id"], "renderId": render_id},
        input=body,
        price_facts={"quality": quality, "seconds": round(seconds, 3)},
        attempt=segment["clip"]["number"] + failures,
        model=VIDEO_MODEL,
    )


def unlocked_guard(chain: Item, segments: list[Item]) -> Guard:
    """One condition for a batch of any size: no lock in this chain changed since its segments were read.

    Raises GateRefused at once for a segment that is locked already.
    """
    for segment in segments:
        if segment.get("lockedAt"):
            raise segment_refusal(segment)
    check = Check(keys.chain(chain["projectId"], chain["id"]), EXISTS & Attr("lockRev").eq(chain.get("lockRev", 0)))

    def refuse(_standing: Item | None) -> Exception:
        return Conflict(
            "A shot of this chain was locked or unlocked at this very moment",
            code="LOCKS_CHANGED",
            fix="Read the chain again and repeat.",
        )

    return Guard(check, refuse)
