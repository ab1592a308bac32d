"""Step 5 in a production: the project's camera and lens, or those its genre is usually shot with."""

from typing import Any

from vibeboard.domain.errors import Invalid
from vibeboard.domain.gear import OpticsError
from vibeboard.domain.modifier import master_modifier
from vibeboard.domain.optics import LensCharacter, read_lens
from vibeboard.store import projects
from vibeboard.store.audit import audit_action
from vibeboard.store.table import Item

# genre word -> (camera, lens); the first that the genre names, else the last row
BY_GENRE: tuple[tuple[str, str, str], ...] = (
    ("noir", "RED V-Raptor", "Cooke S4/i 50mm T2.0"),
    ("thriller", "RED V-Raptor", "Lensbaby 85mm T1.8"),
    ("horror", "ARRI Alexa Mini LF", "Cooke S4/i 32mm T2.0"),
    ("sci", "ARRI Alexa 35", "Cooke Anamorphic/i 40mm T2.3"),
    ("action", "RED V-Raptor", "Zeiss Supreme Prime 35mm T1.5"),
    ("comedy", "ARRI Alexa 35", "Zeiss Supreme Prime 40mm T2.8"),
    ("documentary", "ARRI Alexa 35", "Zeiss Supreme Prime 35mm T4"),
    ("western", "ARRI Alexa Mini LF", "Cooke Anamorphic/i 50mm T2.8"),
    ("", "ARRI Alexa 35", "Cooke S4/i 50mm T2.0"),
)


def choose(project_id: str, actor: str, trace_id: str = "") -> dict[str, Any]:
    """Compute the master cinematic modifier and keep it on the project; a rerun answers what stands.

    Raises Invalid OPTICS_IMPOSSIBLE when the project's camera or lens cannot be.
    """
    project = projects.read(project_id)
    wanted = project.get("optics", {})
    if project.get("masterCinematic") and project.get("masterOptics") == wanted:
        return _answer(project)
    concept = project.get("concept", {})
    camera, lens = _default(concept.get("genre", ""))
    camera, lens = wanted.get("camera") or camera, wanted.get("lens") or lens
    try:
        character = _character(lens, wanted.get("lensCharacter", {}))
        modifier = master_modifier(camera, lens, character, concept.get("genre", ""), concept.get("tone", ""))
    except OpticsError as fault:
        raise Invalid(
            str(fault), field="optics", code="OPTICS_IMPOSSIBLE", fix="Change the project's optics."
        ) from fault
    change = {"masterCinematic": modifier, "masterOptics": wanted, "camera": camera, "lens": lens}
    audit = audit_action(project_id, actor=actor, act="optics.choose", trace_id=trace_id, camera=camera, lens=lens)
    return _answer(projects.update(project, change, [audit], None))


def _answer(project: Item) -> dict[str, Any]:
    return {name: project[name] for name in ("masterCinematic", "camera", "lens")}


def _default(genre: str) -> tuple[str, str]:
    lower = genre.lower()
    return next((camera, lens) for word, camera, lens in BY_GENRE if word in lower)


def _character(lens: str, sent: dict[str, Any]) -> LensCharacter:
    """The lens by its name, with what the project says otherwise. Raises OpticsError."""
    if {"fNumber", "focalLength"} <= sent.keys():
        named = LensCharacter(sent["fNumber"], sent["focalLength"])
    else:
        named = read_lens(lens)
    return LensCharacter(
        sent.get("fNumber", named.f_number),
        sent.get("focalLength", named.focal_length),
        sent.get("lensType") or named.lens_type,
        sent.get("bokehShape") or named.bokeh_shape,
        named.squeeze,
        None if "fNumber" in sent else named.t_stop,
    )
