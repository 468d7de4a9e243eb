"""README.md's excerpt of the report, and the commands on the pages, are what the commands print today."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted(
    page.relative_to(DOCS).as_posix() for kind in ("tutorial", "how-to") for page in (DOCS / kind).glob("*.md")
)


def load(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(DOCS))
    __import__(name)
    return sys.modules[name]


def test_the_excerpt_in_the_readme_is_what_the_report_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    update_readme = load("update_readme", monkeypatch)
    text = update_readme.README.read_text(encoding="utf-8")
    assert update_readme.with_excerpt(text) == text, "run: python docs/update_readme.py"


@pytest.mark.parametrize("page", PAGES)
def test_commands_on_a_page_print_what_stands_there(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    update_pages = load("update_pages", monkeypatch)
    text = (DOCS / page).read_text(encoding="utf-8")
    assert update_pages.play(text, python=False) == text, "run: python docs/update_pages.py"


def test_the_notebook_shows_what_its_cells_give(monkeypatch: pytest.MonkeyPatch) -> None:
    update_notebook = load("update_notebook", monkeypatch)
    text = update_notebook.NOTEBOOK.read_text(encoding="utf-8")
    assert update_notebook.to_text(update_notebook.run_notebook()) == text, "run: python docs/update_notebook.py"
