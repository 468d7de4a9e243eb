"""README.md and the pages under docs/ come in; each of their Python examples goes out as a test.

Examples stand in fenced ``python`` blocks, with prompts (then the output is compared) or without. The blocks of one
page share their names and run in a folder of their own, so a page may write files and read them further down.
"""

from __future__ import annotations

import os
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser

_FOLDER = "_folder_of_this_page"


def _enter_folder(namespace: dict[str, Any]) -> None:
    folder = TemporaryDirectory()
    namespace[_FOLDER] = (folder, Path.cwd())
    os.chdir(folder.name)


def _leave_folder(namespace: dict[str, Any]) -> None:
    folder, before = namespace.pop(_FOLDER)
    os.chdir(before)
    folder.cleanup()


pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser(doctest_optionflags=ELLIPSIS | NORMALIZE_WHITESPACE), SkipParser()],
    patterns=["README.md", "docs/*.md", "docs/**/*.md"],
    excludes=["docs/_build/**"],
    setup=_enter_folder,
    teardown=_leave_folder,
).pytest()
