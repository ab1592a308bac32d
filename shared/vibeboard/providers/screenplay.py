"""Read a screenplay, Fountain or Final Draft (FDX), into the scenes the breakdown works from; write it as Fountain."""

import re
import xml.etree.ElementTree as ET

from screenplay_tools.fdx.parser import Parser as FdxParser
from screenplay_tools.fountain.parser import Parser as FountainParser
from screenplay_tools.fountain.writer import Writer as FountainWriter
from screenplay_tools.screenplay import (
    Action,
    Character,
    Dialogue,
    Element,
    ElementType,
    SceneHeading,
    Script,
    TitleEntry,
)

from vibeboard.domain.plain_text import plain
from vibeboard.domain.story import MAX_SCENES, Breakdown, Screenplay, ScriptLine, ScriptScene

MAX_SCREENPLAY_CHARS = 1_000_000  # about 500 pages
MAX_LINES_PER_SCENE = 400
MAX_LINES = 30_000
MAX_XML_DEPTH = 50
MAX_LINE_CHARS = 10_000

_HEADING = re.compile(r"^\s*(INT|EXT|EST|I/E)\b[./ ]*(?:(INT|EXT)\b[./ ]*)?", re.IGNORECASE)
_TIME = re.compile(
    r"^(?:(?:early|late|mid|next|same)\s+)?(?:day|night|dawn|dusk|morning|afternoon|evening|noon|midday|midnight|sunrise|sunset|"
    r"twilight|later|moments later|continuous|same(?: time)?|golden hour|magic hour)\b.*$",
    re.IGNORECASE,
)
_EMPHASIS = re.compile(r"(\*{1,3}|_)(?=\S)(.{1,400}?)(?<=\S)\1")
_TRANSITION = re.compile(
    r"\s*(?:[A-Z ]+ TO:|(?:SMASH |MATCH |JUMP )?(?:CUT|FADE|DISSOLVE)\b[A-Z ]*[.:]?|THE END\.?)\s*"
)
_OPENER = re.compile(r"^\s*(?:FADE IN|BLACK|OVER BLACK)[:.]?\s*$")


class ScreenplayUnreadable(ValueError):
    """A file that is no screenplay. The message says what is wrong, why, and how to put it right."""

    def __init__(self, what: str, why: str, fix: str) -> None:
        super().__init__(f"{what}: {why}. {fix}")
        self.what, self.why, self.fix = what, why, fix


def read_screenplay(text: str, name: str) -> Screenplay:
    """Parse a screenplay's text; `name` (a file name) tells FDX from Fountain and appears in messages.

    Speaking characters, headings and action come out in page order; notes, boneyard, sections and transitions stay
    out. Raises ScreenplayUnreadable for binary data, an empty page, broken XML, no scene heading, or more than
    1,000,000 characters, 200 scenes or 400 lines in a scene.
    """
    title, elements = _title_and_elements(_script(text, name))
    scenes = _scenes(elements)
    if not scenes:
        raise ScreenplayUnreadable(
            name,
            "no scene heading was found",
            "Start each scene with INT. or EXT., a place and a time: EXT. BEACH - DAY.",
        )
    if len(scenes) > MAX_SCENES:
        raise ScreenplayUnreadable(
            name, f"it has {len(scenes)} scenes, more than {MAX_SCENES}", "Give one production at most 200 scenes."
        )
    longest = max(len(scene.lines) for scene in scenes)
    if longest > MAX_LINES_PER_SCENE:
        raise ScreenplayUnreadable(
            name, f"a scene has {longest} lines, more than {MAX_LINES_PER_SCENE}", "Divide that scene by a new heading."
        )
    return Screenplay(title=title, scenes=tuple(scenes))


def as_fountain(text: str, name: str) -> str:
    """A screenplay's text, Fountain or FDX, as Fountain. Raises ScreenplayUnreadable."""
    return _written(_script(text, name))


def breakdown_as_fountain(title: str, breakdown: Breakdown, names: dict[str, str]) -> str:
    """The film as it was broken down, as a screenplay: what each shot shows, and what is said in it.

    names: character id -> the name people know it by.
    """
    script = Script()
    script.titleEntries.append(TitleEntry("Title", title))
    for scene in breakdown.scenes:
        place = re.sub(r"_(?:interior|exterior)$", "", scene.location).replace("_", " ")
        heading = f"{'INT.' if scene.interior else 'EXT.'} {place} - {scene.time_of_day}".upper()
        script.elements.append(SceneHeading(heading))
        for shot in scene.shots:
            script.elements.append(Action(shot.prompt, forced=bool(re.match(r"[^a-z]*$|[.@!>~#=]", shot.prompt))))
            for speech in shot.dialogue:
                name = names.get(speech.character, speech.character.replace("_", " ")).upper()
                script.elements += [Character(name), Dialogue(speech.line)]
    return _written(script)


def _written(script: Script) -> str:
    """The library's own Fountain, with names that are not all capitals marked as names."""
    for element in script.elements:
        if element.type is ElementType.CHARACTER:
            name = str(element.name)
            element.forced = name != name.upper() or not re.match(r"[A-Z]", name)
    return str(_writer().write(script)) + "\n"


def _writer() -> FountainWriter:
    writer = FountainWriter()
    writer.pretty_print = False
    return writer


def _script(text: str, name: str) -> Script:
    if len(text) > MAX_SCREENPLAY_CHARS:
        raise ScreenplayUnreadable(
            name, f"it has {len(text):,} characters, more than {MAX_SCREENPLAY_CHARS:,}", "Split it into parts."
        )
    if "\x00" in text or sum(not (c.isprintable() or c in "\r\n\t\f\ufeff") for c in text) > len(text) / 50:
        raise ScreenplayUnreadable(
            name,
            "it holds binary data, not text",
            "Save it as Fountain (.fountain, plain text in UTF-8) or as Final Draft .fdx.",
        )
    if not text.strip():
        raise ScreenplayUnreadable(
            name, "it is empty", "Write at least one scene heading such as INT. KITCHEN - NIGHT."
        )
    fdx = name.lower().endswith(".fdx") or text.lstrip("\ufeff \r\n\t").startswith(("<?xml", "<FinalDraft"))
    if fdx:
        return _read_fdx(text, name)
    _check_lines(text, name)
    return _read_fountain(text)


def _check_lines(text: str, name: str) -> None:
    """No page has lines like these, and a parser may need the square of their length."""
    lines = text.splitlines()
    if len(lines) > MAX_LINES:
        raise ScreenplayUnreadable(
            name, f"it has {len(lines):,} lines, more than {MAX_LINES:,}", "Split it into parts."
        )
    longest = max((len(line) for line in lines), default=0)
    if longest > MAX_LINE_CHARS:
        raise ScreenplayUnreadable(
            name, f"a line has {longest:,} characters, more than {MAX_LINE_CHARS:,}", "Break it into paragraphs."
        )


def _title_and_elements(script: Script) -> tuple[str, list[Element]]:
    title = next((entry.text for entry in script.titleEntries if entry.key.lower() == "title"), "")
    return _clean(title)[:200], list(script.elements)


def _read_fountain(text: str) -> Script:
    parser = FountainParser()
    plain = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    parser.add_text(re.sub(r"[ \t]{64,}", " " * 64, plain))
    parser.finalize()
    return parser.script


def _read_fdx(text: str, name: str) -> Script:
    body = re.sub(r"^\s*<\?xml.*?\?>", "", text.lstrip("\ufeff"), count=1, flags=re.DOTALL)
    if re.search(r"<!(?:DOCTYPE|ENTITY)", body, re.IGNORECASE):
        raise ScreenplayUnreadable(name, "its XML declares entities", "Save it again from Final Draft.")
    try:
        root = ET.fromstring(body)  # noqa: S314  # entities were refused above
        if _depth(root) > MAX_XML_DEPTH:
            raise ScreenplayUnreadable(name, "its XML is nested too deep", "Save it again from Final Draft.")
    except ET.ParseError as fault:
        raise ScreenplayUnreadable(name, f"its XML is broken ({fault})", "Save it again from Final Draft.") from fault
    # the library reads only the first <Text> of a paragraph, and Final Draft writes one per run of styling
    for paragraph in root.iter("Paragraph"):
        runs = paragraph.findall("Text")
        if len(runs) > 1:
            runs[0].text = "".join("".join(run.itertext()) for run in runs)
            for child in list(runs[0]):
                runs[0].remove(child)
            for run in runs[1:]:
                paragraph.remove(run)
    content = root.find("Content")
    if content is not None:  # two who speak at once lie one level deeper, where the library does not look
        flat = [
            row for paragraph in list(content) for row in (paragraph.findall("DualDialogue/Paragraph") or [paragraph])
        ]
        content[:] = flat
    parser = FdxParser()
    parser.parse(ET.tostring(root, encoding="unicode"))
    title = root.find("TitlePage/Content/Paragraph/Text")
    if title is not None and title.text:
        parser.script.titleEntries.append(TitleEntry("Title", title.text.strip()))
    return parser.script


def _depth(root: ET.Element) -> int:
    """How deep the tree goes, without recursion."""
    depth, level = 0, [root]
    while level and depth <= MAX_XML_DEPTH:
        depth, level = depth + 1, [child for node in level for child in node]
    return depth


def _scenes(elements: list[Element]) -> list[ScriptScene]:
    scenes: list[ScriptScene] = []
    heading: str | None = None
    lines: list[ScriptLine] = []
    speaker, speaking, off = "", False, False
    for element in elements:
        kind, text = element.type, _clean(element.text_raw or "")
        if kind is ElementType.HEADING and not _HEADING.match(text) and not getattr(element, "forced", False):
            kind = ElementType.ACTION  # the library takes FADE IN: for a heading
        if kind is ElementType.HEADING:
            if heading is not None:
                scenes.append(_scene(heading, lines))
                lines = []
            heading, speaker, speaking = (
                text,
                "",
                False,
            )  # what stood before the first heading belongs to the first scene
        elif kind is ElementType.CHARACTER:
            speaker, speaking = _speaker(str(element.name)), False
            off = bool(re.search(r"\b[OV]\.?\s?[SCO]\b", f"{element.name} {element.extension or ''}", re.IGNORECASE))
        elif kind in {ElementType.DIALOGUE, ElementType.LYRIC} and text:
            line = " ".join(plain(text).split()) or "…"
            if speaking and speaker and lines:  # the same speech, after a parenthetical
                lines[-1] = ScriptLine(f"{lines[-1].text} {line}", speaker, off)
            else:
                lines.append(ScriptLine(line, speaker, off and bool(speaker)))
            speaking = bool(speaker)
        elif kind is ElementType.ACTION:
            speaker, speaking = "", False
            told = [" ".join(plain(part).split()) for part in text.split("\n") if _tells(part)]
            lines += [ScriptLine(part) for part in told if part]
    return [*scenes, _scene(heading, lines)] if heading is not None else []


def _scene(heading: str, lines: list[ScriptLine]) -> ScriptScene:
    match = _HEADING.match(heading)
    rest = heading[match.end() :] if match else heading
    marks = {part.upper() for part in (match.groups() if match else ()) if part}
    parts = [part.strip() for part in re.split(r"\s+[-–—]\s+|\s+[-–—]|[-–—]\s+", rest) if part.strip()]
    time = parts.pop() if len(parts) > 1 and _TIME.match(parts[-1]) else ""
    return ScriptScene(
        heading=heading.strip(), interior=bool(marks & {"INT", "I/E"}), exterior=bool(marks & {"EXT", "EST", "I/E"}),
        place=" - ".join(parts), time=time, lines=tuple(lines),
    )  # fmt: skip


def _speaker(name: str) -> str:
    """ "MAREN (CONT'D)" and "MAREN ^" are MAREN."""
    return re.sub(r"\s*(?:\([^)]*\)|\^)\s*", " ", name).strip().lstrip("@").strip()


def _clean(text: str) -> str:
    """Without Fountain's emphasis marks, and without the marks the library leaves for notes and boneyard."""
    return _EMPHASIS.sub(r"\2", re.sub(r"\[\[.*?\]\]|/\*.*?\*/", "", text, flags=re.DOTALL)).strip()


def _tells(line: str) -> bool:
    return bool(line.strip()) and not _OPENER.match(line) and not _TRANSITION.fullmatch(line)
