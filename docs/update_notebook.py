"""Nothing comes in; the example notebook, run from top to bottom, goes out.

Run ``python docs/update_notebook.py`` when its cells or what they show change; a test says when.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from traitlets.config import Config

NOTEBOOK = Path(__file__).parent / "tutorial" / "notebook.ipynb"


def run_notebook() -> Any:
    """The notebook with the outputs that its cells give now, and nothing in it that differs from run to run."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    config = Config({"KernelManager": {"transport": "ipc"}})  # a file of the user's own, no open port
    NotebookClient(notebook, timeout=120, kernel_name="python3", config=config).execute()
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
        cell.metadata = {}
    notebook.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return notebook


def to_text(notebook: Any) -> str:
    """A notebook as it stands in the file."""
    return str(nbformat.writes(notebook)) + "\n"


if __name__ == "__main__":
    text = to_text(run_notebook())
    changed = text != NOTEBOOK.read_text(encoding="utf-8")
    NOTEBOOK.write_text(text, encoding="utf-8", newline="\n")
    sys.stdout.write(f"{NOTEBOOK}\n" if changed else "")
