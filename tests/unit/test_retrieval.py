import time
from collections import Counter

import numpy as np
import pytest

from vibeboard.corpus import CorpusEntry, load_corpus
from vibeboard.providers.sandbox.embeddings import DIMENSIONS, ReferenceIndex, default_index, embed

QUERIES = {
    "neo-noir cinematography laundromat scenes": {"neo-noir-laundromat", "neo-noir-neon", "light-fluorescent"},
    "two gunslingers about to draw at noon": {"western-duel", "western-noon", "genre-western-code"},
    "close shots of bees on a honeycomb": {"doc-bees", "doc-macro"},
    "a cake collapses in a bakery, slapstick timing": {"comedy-bakery", "comedy-wide-gag", "comedy-pause"},
    "lonely keeper in a lighthouse, fog": {"horror-lighthouse", "horror-fog"},
    "couple kissing on the beach at sunset": {"romance-beach", "romance-golden-hour"},
    "robot wakes up in a white laboratory": {"scifi-android", "scifi-lab", "scifi-clean-future"},
    "sprinter training alone in an empty stadium": {"sports-empty-stadium", "sports-floodlight", "sports-training"},
    "let the sound of the next scene begin early": {"edit-j-cut", "edit-l-cut"},
    "kids find a secret place with a map": {"family-treehouse", "family-adventure-map", "genre-family-home"},
    "camera moves closer as she understands": {"move-push-in", "thriller-push"},
    "dragon seen only in parts": {"fantasy-creature-scale"},
}


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


@pytest.mark.parametrize("query", QUERIES)
def test_given_a_query_then_a_fitting_reference_is_among_the_first_five(query: str) -> None:
    hits = default_index().search(query, 5)
    assert {hit.entry.id for hit in hits} & QUERIES[query], [hit.entry.id for hit in hits]
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_given_a_warm_index_then_a_search_takes_a_moment_only() -> None:
    index = default_index()
    index.search("warm up")
    best = min(_seconds(index, f"rain on window {i}") for i in range(5))
    assert best < 0.03


def test_given_a_changed_corpus_then_cached_vectors_are_not_reused() -> None:
    entries = [entry for entry in load_corpus() if entry.kind == "sound"]
    changed = [CorpusEntry(**{**entries[0].model_dump(by_alias=False), "text": "A trumpet " * 10}), *entries[1:]]
    before, after = ReferenceIndex(entries).vectors(), ReferenceIndex(changed).vectors()
    assert not np.allclose(before[0], after[0])
    assert np.allclose(before[1:], after[1:], atol=0.15)


def test_given_no_query_or_no_limit_then_nothing_is_found() -> None:
    assert default_index().search("   ") == []
    assert default_index().search("rain", 0) == []


def _seconds(index: ReferenceIndex, query: str) -> float:
    start = time.perf_counter()
    index.search(query)
    return time.perf_counter() - start
