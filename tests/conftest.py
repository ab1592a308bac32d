"""Order: what takes longest begins first, so that the workers of a parallel run end together."""

import pytest

LONGEST_FIRST = ("workflow/test_film", "workflow/test_terminal", "benchmarks/", "workflow/", "simulation/", "media/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        return next((rank for rank, part in enumerate(LONGEST_FIRST) if part in item.nodeid), len(LONGEST_FIRST))

    items.sort(key=place)
