"""The reference corpus: conventions of cinematography and genre, one YAML file per kind (SOP step 1, RAG gate)."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, get_args

import yaml
from pydantic import Field

from vibeboard.domain.story import Reference, StoryModel, Term

Kind = Literal["style", "genre", "lighting", "lens", "movement", "composition", "colour", "sound", "editing", "place"]
KINDS: tuple[str, ...] = get_args(Kind)

_FOLDER = Path(__file__).parent


class CorpusEntry(StoryModel):
    """One convention: what it is, when it serves, and what it asks of a prompt."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
    title: Annotated[str, Field(min_length=3, max_length=120)]
    kind: Kind
    genres: Annotated[list[Term], Field(min_length=1, max_length=8)]
    tags: Annotated[list[Term], Field(min_length=1, max_length=10)]
    text: Annotated[str, Field(min_length=60, max_length=800)]
    prompt_hints: Annotated[list[Term], Field(min_length=1, max_length=6)]
    negative_hints: Annotated[list[Term], Field(min_length=1, max_length=6)]

    @property
    def searchable(self) -> str:
        """The text an index embeds."""
        return f"{self.title}. {', '.join(self.genres)}. {', '.join(self.tags)}. {self.text}"

    def as_reference(self, score: float) -> Reference:
        """What the writer is given when a search finds this entry."""
        return Reference(
            id=self.id,
            title=self.title,
            score=score,
            kind=self.kind,
            text=self.text,
            prompt_hints=self.prompt_hints,
            negative_hints=self.negative_hints,
        )


@cache
def load_corpus() -> tuple[CorpusEntry, ...]:
    """Every entry, validated, in the order of kinds and files. Raises ValueError for a repeated or misfiled id."""
    entries: list[CorpusEntry] = []
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for kind in KINDS:
        text = (_FOLDER / f"{kind}.yaml").read_text(encoding="utf-8")
        for raw in yaml.load(text, Loader=loader):  # noqa: S506  # a safe loader
            entry = CorpusEntry.model_validate(raw)
            if entry.kind != kind:
                raise ValueError(f"{entry.id} is a {entry.kind} entry in {kind}.yaml")
            entries.append(entry)
    ids = [entry.id for entry in entries]
    if len(set(ids)) != len(ids):
        raise ValueError(f"ids stand twice in the corpus: {sorted({i for i in ids if ids.count(i) > 1})}")
    return tuple(entries)


def corpus_digest(entries: tuple[CorpusEntry, ...]) -> str:
    """Hash of everything an index embeds: vectors cached under it are never stale."""
    return hashlib.sha256("\n".join(f"{e.id}|{e.searchable}" for e in entries).encode()).hexdigest()
