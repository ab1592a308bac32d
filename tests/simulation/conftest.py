"""Sandbox money, and no collection in the middle of a schedule."""

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def sandbox_billing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Killed greenlets are let go by count, not in the middle of somebody else's step."""
    monkeypatch.setenv("BILLING", "sandbox")
    gc.disable()
    yield
    gc.enable()
