"""Who writes an ordered outline or breakdown, vendor or sandbox, and what it costs."""

import json
from typing import Any

from vibeboard.domain.errors import Conflict
from vibeboard.domain.plain_text import plain
from vibeboard.domain.pricing import price_text, tokens_of
from vibeboard.domain.story import Breakdown, Outline, Reference, Screenplay, UsedReference
from vibeboard.jobs import desk, engines
from vibeboard.providers import references, words
from vibeboard.providers.words.answers import ActAnswer, BreakdownAnswer, OutlineAnswer
from vibeboard.store import keys, objects
from vibeboard.store.table import Item


def write_now(job: Item) -> Item:
    """Carry an order out and return the job at rest. Raises what stopped it; Conflict when it was cancelled."""
    done = desk.carry_out(job, _MAKE[job["operation"]])
    if done["status"] != "SUCCEEDED":
        error = done.get("error", {})
        raise Conflict(error.get("message", "The order was given up"), code=error.get("code"), fix="Order it again.")
    return done


def screenplay_of(what: dict[str, Any]) -> Screenplay | None:
    """The screenplay an order or a project names, parsed; None when there is none."""
    key = what.get("screenplayKey")
    if not key:
        return None
    from vibeboard.providers.screenplay import read_screenplay

    return read_screenplay(objects.read(key).decode("utf-8-sig"), str(what.get("screenplayName") or key))


def _references(what: dict[str, Any]) -> list[Reference]:
    """The references an order names, whole again; one that left the corpus since is left out."""
    found = []
    for row in what["references"]:
        try:
            found.append(references.by_id([row["id"]])[0].model_copy(update={"score": row["score"]}))
        except KeyError:
            continue
    return found


def outline_question(what: dict[str, Any]) -> words.Ask:
    return words.outline_ask(
        what["concept"],
        what["styleNotes"],
        what["runtimeSeconds"],
        _references(what),
        what["variation"],
        screenplay_of(what),
        what["unlike"],
    )


def act_question(what: dict[str, Any]) -> words.Ask:
    outline = Outline.model_validate(what["outline"])
    return words.act_ask(
        what["concept"], what["styleNotes"], what["runtimeSeconds"], _references(what), outline, what["act"] - 1
    )


def breakdown_questions(what: dict[str, Any]) -> list[words.Ask]:
    outline = Outline.model_validate(what["outline"])
    return words.breakdown_asks(
        what["concept"], what["styleNotes"], what["runtimeSeconds"], outline, what["shots"], screenplay_of(what)
    )


def _outline(job: Item) -> tuple[dict[str, Any], int]:
    """({outline in the SOP's shape, model, usage}, micro-dollars)."""
    what = job["input"]
    ask = act_question(what) if what.get("base") else outline_question(what)
    if job["provider"] != engines.OWN:
        written = words.write(job["provider"], ask, job["model"])
        outline = _from_answer(written.answer, what)
        return _result(outline, written.model, written.usage.to_dict(), written.usage.cost(job["model"]))
    from vibeboard.providers.sandbox.story import MODEL, write_act, write_outline

    concept = what["concept"]
    words_given = {
        "concept": plain(concept["concept"]) or "untitled",
        "genre": concept["genre"],
        "tone": concept["tone"],
        "style_notes": plain(what["styleNotes"]),
        "seed": what["seed"],
    }
    if what.get("base"):
        outline = write_act(Outline.model_validate(what["outline"]), what["act"] - 1, take=what["take"], **words_given)
    else:
        outline = write_outline(
            references=_references(what),
            runtime_seconds=what["runtimeSeconds"],
            variation=what["variation"],
            screenplay=screenplay_of(what),
            **words_given,
        )
    return _result(outline, MODEL, *_list_price(job, [ask], outline.model_dump_json(by_alias=True)))


def _from_answer(answer: Any, what: dict[str, Any]) -> Outline:
    """A vendor's answer as an outline: which references were used, and the variation, are ours to say."""
    if isinstance(answer, ActAnswer):
        outline = Outline.model_validate(what["outline"])
        acts = list(outline.acts)
        acts[what["act"] - 1] = type(acts[0]).model_validate(answer.model_dump())
        return outline.model_copy(update={"acts": acts})
    used = [UsedReference(id=row["id"], title=row["title"], score=row["score"]) for row in what["references"]]
    told = OutlineAnswer.model_validate(answer).model_dump()
    return Outline.model_validate(told | {"references": used, "variation": what["variation"]})


def _breakdown(job: Item) -> tuple[dict[str, Any], int]:
    """({objectKey, scenes, shots, seconds, bytes, model, usage}, micro-dollars); the words lie in S3."""
    what = job["input"]
    asks, screenplay = breakdown_questions(what), screenplay_of(what)
    if job["provider"] != engines.OWN:
        from vibeboard.providers.words.fitting import fit_breakdown

        parts, usage = words.write_parts(job["provider"], asks, job["model"])
        scenes = [scene for part in parts for scene in BreakdownAnswer.model_validate(part.answer).scenes]
        try:
            breakdown = fit_breakdown(
                BreakdownAnswer(scenes=scenes),
                runtime_seconds=what["runtimeSeconds"],
                shots=what["shots"],
                screenplay=screenplay,
            )
        except words.WordsFailed as fault:
            fault.usage = usage  # it answered, so it is billed
            raise
        return _kept(breakdown, job, job["model"], usage.to_dict(), usage.cost(job["model"]))
    from vibeboard.providers.sandbox.story import MODEL, write_breakdown

    concept = what["concept"]
    breakdown = write_breakdown(
        outline=Outline.model_validate(what["outline"]),
        concept=plain(concept["concept"]) or "untitled",
        genre=concept["genre"],
        tone=concept["tone"],
        style_notes=plain(what["styleNotes"]),
        runtime_seconds=what["runtimeSeconds"],
        shot_count=what["shots"],
        seed=what["seed"],
        screenplay=screenplay,
    )
    text = breakdown.model_dump_json(by_alias=True)
    return _kept(breakdown, job, MODEL, *_list_price(job, asks, text))


def _kept(breakdown: Breakdown, job: Item, model: str, usage: dict[str, int], cost: int) -> tuple[dict[str, Any], int]:
    body = breakdown.model_dump(mode="json", by_alias=True)
    key = keys.job_object(job["projectId"], job["jobId"], "breakdown.json")
    objects.write_json(key, body)
    result = {
        "objectKey": key,
        "scenes": len(breakdown.scenes),
        "shots": len(breakdown.shots),
        "seconds": breakdown.runtime_seconds,
        "bytes": len(json.dumps(body)),
        "model": model,
        "usage": usage,
    }
    return result, cost


def _result(outline: Outline, model: str, usage: dict[str, int], cost: int) -> tuple[dict[str, Any], int]:
    return {"outline": outline.model_dump(mode="json", by_alias=True), "model": model, "usage": usage}, cost


def _list_price(job: Item, asks: list[words.Ask], text: str) -> tuple[dict[str, int], int]:
    """What the ordered model would have cost: the question that would have been sent, the answer that was written."""
    sent = sum(tokens_of(ask.text) for ask in asks)
    written = min(tokens_of(text), sum(ask.max_tokens for ask in asks))
    return {"sent": sent, "written": written}, price_text(job["model"], sent, written)


_MAKE: dict[str, desk.Make] = {"story.outline": _outline, "story.breakdown": _breakdown}
