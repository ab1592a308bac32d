"""The reference pages say what the tables in the code say."""

import pytest

from local.reference import FOLDER, PAGES


@pytest.mark.parametrize("name", PAGES)
def test_the_committed_page_is_the_one_the_code_makes(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == PAGES[name](), "run `make docs`"
