"""From a planned shot to the three prompts an image or video model is given."""

from dataclasses import dataclass, field

from vibeboard.domain.story import DialogueLine
from vibeboard.providers.sandbox.story.extract import find_props
from vibeboard.providers.sandbox.story.lexicon import Beat, Place, ShotLine
from vibeboard.providers.sandbox.story.plan import Role, Setting, StoryPlan, at_place
from vibeboard.providers.sandbox.story.wording import capital, fill, sentence

_NATURAL_WEATHER = ("rain", "storm", "snow", "fog", "mist", "wind", "breeze", "drizzle", "blizzard", "thunderstorm")


@dataclass(frozen=True, slots=True)
class PlannedShot:
    """What a shot shows, before the camera is decided."""

    who: str
    size: str
    subject: str  # "Femme Fatale", "Femme Fatale and Private Eye", or "" when nobody is in it
    action: str  # a whole sentence
    first: str
    last: str
    characters: tuple[str, ...] = ()
    props: tuple[str, ...] = ()
    dialogue: tuple[DialogueLine, ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedScene:
    """One scene before the camera is decided."""

    title: str
    act: int
    location: str
    place: str  # noun: "laundromat"
    interior: bool
    time: str
    look: str
    setting: Place | None = None
    sky: str | None = None  # weather of the page; None = the film's
    shots: list[PlannedShot] = field(default_factory=list)

    @property
    def where(self) -> str:
        """ "Laundromat interior"."""
        return f"{capital(self.place)} {'interior' if self.interior else 'exterior'}"

    def weather(self, plan: StoryPlan) -> str:
        """Weather as it is felt here: indoors only what one sees through a window."""
        sky = plan.weather if self.sky is None else self.sky
        if not self.interior or not sky:
            return sky
        return f"{sky} outside the windows" if sky.split()[-1] in _NATURAL_WEATHER else ""

    def summary(self, plan: StoryPlan) -> str:
        """The scenePrompt: the first shot with somebody in it, in its place."""
        lead = next((shot for shot in self.shots if shot.characters), self.shots[0])
        return f"{sentence(lead.action)} {self.where}, {self.time}, {plan.light(self.interior)}."

    def prompts(
        self, shot: PlannedShot, plan: StoryPlan, hint: str, camera: tuple[str, str, str]
    ) -> tuple[str, str, str]:
        """(prompt, firstFramePrompt, lastFramePrompt)."""
        size, angle, move = camera
        where = ", ".join(
            part
            for part in (
                self.where,
                self.look,
                self.time,
                self.weather(plan),
            )
            if part
        )
        style = f"{capital(plan.light(self.interior))}, {plan.mood}" + (f", {hint}" if hint else "")
        prompt = f"{capital(size)}, {angle}, {move}: {sentence(shot.action)} {where}. {style}."
        of = f" of {shot.subject}" if shot.subject else ""
        still = f"{capital(size)}{of}, {angle}"
        place = f"{self.where}, {self.time}, {plan.light(self.interior)}."
        return prompt, f"{still}: {sentence(shot.first)} {place}", f"{still}: {sentence(shot.last)} {place}"


def render_beat(beat: Beat, plan: StoryPlan, setting: Setting, order: int) -> list[PlannedShot]:
    """A plot's shots in this film's words."""
    return [render_shot(line, plan, setting.place, order + index, setting) for index, line in enumerate(beat.shots)]


def render_shot(
    line: ShotLine, plan: StoryPlan, place: Place, detail: int, setting: Setting | None = None
) -> PlannedShot:
    """One shot line with its slots filled; `detail` picks which detail of the place it looks at."""
    where = setting or Setting(place, place.id.replace("_", " "), exterior=False)
    roles = {"hero": (plan.hero,), "foil": (plan.foil,), "both": (plan.hero, plan.foil), "none": ()}[line.who]
    slots = {**plan.slots(roles[0] if len(roles) == 1 else None, where, detail), **_names(plan)}
    if len(roles) == 2:
        slots |= {"their": "their", "them": "them", "they": "they"}
    told = [at_place(fill(text, slots), plan) for text in (line.action, line.first, line.last)]
    subject = " and ".join(role.display for role in roles)
    action = f"{subject} {told[0]}" if subject else told[0]
    present = _present(line, plan, roles)
    return PlannedShot(
        who=line.who, size=line.size, subject=subject, action=action, first=told[1], last=told[2],
        characters=tuple(role.id for role in present), props=_props(" ".join(told), plan, place),
    )  # fmt: skip


def _names(plan: StoryPlan) -> dict[str, str]:
    """In prompts people are called by the name the Style Bible knows them by."""
    return {"hero": plan.hero.display, "foil": plan.foil.display}


def _present(line: ShotLine, plan: StoryPlan, roles: tuple[Role, ...]) -> tuple[Role, ...]:
    """Whoever acts, and whoever the action is done to."""
    named = roles
    for slot, role in (("{hero}", plan.hero), ("{foil}", plan.foil)):
        if slot in line.action.lower() and role not in named:
            named = (*named, role)
    if line.size == "over-the-shoulder" and len(named) == 1 and line.who != "none":
        named = (*named, plan.foil if named[0] is plan.hero else plan.hero)
    return named


def _props(text: str, plan: StoryPlan, place: Place) -> tuple[str, ...]:
    """Things named in the shot, then the place's own fixture so that it can be recognised."""
    named = find_props(text)
    if plan.object.replace("_", " ") in text:
        named.insert(0, plan.object)
    return tuple(dict.fromkeys([*named, *place.props[:2]]))[:5]
