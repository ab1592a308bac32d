"""The reference search: what it finds for 60 questions of people, against plain keyword search (BM25)."""

import math
import re
import time
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import yaml

from vibeboard.corpus import CorpusEntry, load_corpus
from vibeboard.providers.sandbox.embeddings import DIMENSIONS, ReferenceIndex, default_index, embed

QUERIES = yaml.safe_load((Path(__file__).parent / "data" / "retrieval.yaml").read_text(encoding="utf-8"))
TOP = 5
STOPWORDS = frozenset(
    re.findall(
        r"\w+",
        """a an and are as at be but by can do for from has have he her his how i if in into is it its me my no of on
        only or our she should so that the their them they this to was we what when where which while who will with
        you""",
    )
)


def test_given_the_corpus_then_every_entry_is_valid_and_noir_is_well_covered() -> None:
    entries = load_corpus()
    assert len(entries) >= 160
    assert len({entry.id for entry in entries}) == len(entries)
    assert len({entry.text for entry in entries}) == len(entries)
    assert sum("noir" in entry.id for entry in entries) >= 12
    per_genre = Counter(genre for entry in entries for genre in entry.genres)
    wanted = "noir thriller horror sci-fi western romance comedy drama action war documentary animation fantasy musical"
    assert all(per_genre[genre] >= 4 for genre in [*wanted.split(), "sports", "commercial", "music video"]), per_genre
    assert all(2 <= entry.text.count(". ") + 1 <= 4 for entry in entries)


def words_of(text: str) -> list[str]:
    """Words without stopwords, plural and gerund endings taken off: what a keyword search does at its best."""
    found = []
    for word in re.findall(r"[a-z0-9]+", text.lower()):
        if word in STOPWORDS:
            continue
        for ending in ("ing", "ies", "es", "s", "ed"):
            if word.endswith(ending) and len(word) - len(ending) >= 3:
                word = word.removesuffix(ending)
                break
        found.append(word)
    return found


class Keywords:
    """Okapi BM25 (k1 = 1.2, b = 0.75) over the same text the index embeds."""

    def __init__(self, entries: tuple[CorpusEntry, ...]) -> None:
        self.ids = [entry.id for entry in entries]
        self.counts = [Counter(words_of(entry.searchable)) for entry in entries]
        self.mean = sum(sum(count.values()) for count in self.counts) / len(entries)
        spread = Counter(word for count in self.counts for word in count)
        self.weight = {w: math.log(1 + (len(entries) - n + 0.5) / (n + 0.5)) for w, n in spread.items()}

    def search(self, query: str, limit: int) -> list[str]:
        scores = [sum(self._score(word, count) for word in words_of(query)) for count in self.counts]
        best = sorted(range(len(scores)), key=lambda i: -scores[i])[:limit]
        return [self.ids[i] for i in best if scores[i] > 0]

    def _score(self, word: str, count: Counter[str]) -> float:
        if word not in count:
            return 0.0
        long = 0.25 + 0.75 * sum(count.values()) / self.mean
        return self.weight[word] * count[word] * 2.2 / (count[word] + 1.2 * long)


@cache
def missed(engine: str) -> tuple[str, ...]:
    """The questions whose first five answers hold nothing wanted."""
    keywords = Keywords(load_corpus())
    lost = []
    for row in QUERIES:
        if engine == "keywords":
            found = keywords.search(row["query"], TOP)
        else:
            found = [hit.entry.id for hit in default_index().search(row["query"], TOP)]
        if not set(found) & set(row["wants"]):
            lost.append(row["query"])
    return tuple(lost)


def test_given_60_questions_then_every_label_is_an_entry_of_the_corpus() -> None:
    known = {entry.id for entry in load_corpus()}
    assert len(QUERIES) == len({row["query"] for row in QUERIES}) == 60
    assert {name for row in QUERIES for name in row["wants"]} <= known


def test_given_60_questions_then_nine_in_ten_find_a_reference_in_the_first_five() -> None:
    assert len(missed("meaning")) <= 6, missed("meaning")


def test_given_60_questions_then_meaning_finds_more_than_keywords() -> None:
    assert len(missed("meaning")) < len(missed("keywords"))


def test_given_keywords_then_the_baseline_is_an_honest_one() -> None:
    entries = load_corpus()
    keywords = Keywords(entries)
    by_title = [keywords.search(entry.title, 1) for entry in entries]
    assert sum(found == [entry.id] for found, entry in zip(by_title, entries, strict=True)) > 0.9 * len(entries)


def test_given_texts_then_vectors_are_normalised_and_alike_texts_are_near() -> None:
    vectors = embed(["a rainy neon street at night", "wet asphalt under neon signs after dark", "a child eating soup"])
    assert vectors.shape == (3, DIMENSIONS)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.2
    assert embed([]).shape == (0, DIMENSIONS)


def test_given_texts_of_unlike_length_then_a_batch_gives_the_vectors_of_each_alone() -> None:
    texts = ["door", "a much longer sentence about a lighthouse keeper who hears a voice in the fog", "neon rain"]
    together, alone = embed(texts), np.vstack([embed([text]) for text in texts])
    assert float(np.min(np.sum(together * alone, axis=1))) > 0.98  # int8 weights make padding felt in the third digit


def test_given_a_query_then_hits_come_best_first() -> None:
    hits = default_index().search(QUERIES[0]["query"], TOP)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_given_a_warm_index_then_a_search_costs_a_small_part_of_embedding_the_corpus() -> None:
    index, part = default_index(), [entry.searchable for entry in load_corpus()[:20]]
    index.search("warm up", TOP)
    start = time.process_time()
    embed(part)
    floor = time.process_time() - start
    start = time.process_time()
    index.search("rain on window", TOP)
    assert time.process_time() - start < floor / 2


def test_given_a_changed_corpus_then_cached_vectors_are_not_reused() -> None:
    entries = [entry for entry in load_corpus() if entry.kind == "sound"]
    changed = [CorpusEntry(**{**entries[0].model_dump(by_alias=False), "text": "A trumpet " * 10}), *entries[1:]]
    before, after = ReferenceIndex(entries).vectors(), ReferenceIndex(changed).vectors()
    assert not np.allclose(before[0], after[0])
    assert np.allclose(before[1:], after[1:], atol=0.15)


def test_given_no_query_or_no_limit_then_nothing_is_found() -> None:
    assert default_index().search("   ") == []
    assert default_index().search("rain", 0) == []
