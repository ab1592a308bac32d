"""The product's own template is one the embedded AWS can run."""

from pathlib import Path

import pytest

from local import REGION, pumps, routes, stack

ROOT = Path(__file__).parents[2]


def test_the_products_template_expands_and_everything_in_it_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    product = stack.load(ROOT / "template.yaml", {})
    kinds = {resource["Type"] for resource in product.resources.values()}
    api = routes.load(product)

    from moto.cloudformation.parsing import get_model_map  # loads every service that moto has

    assert kinds <= set(get_model_map()) | set(stack.SERVED_HERE) | stack._INERT
    assert api.find("POST", "/api/projects") is not None
    assert len(api.authorizers) == 1
    assert list(pumps._queue_sources(product))
    assert ROOT / "functions" in product.import_roots
    assert ROOT / "shared" in product.import_roots
