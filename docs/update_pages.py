"""Tutorials, how-tos, the bundled study's pages and README come in; with what their examples give today, they go out.

Three kinds of block are played, in order, each page in a folder of its own:

- ``console`` blocks that begin with ``$ policygap``: each command after a ``$`` is run, what it prints put under it;
- ``python`` blocks: run, and where they have prompts, what they print is put under each;
- any block under a comment such as ``<!-- append mine/themes.csv -->`` or ``<!-- write mine/rules.toml -->``: put into
  that file; ``<!-- mend mine/codings.csv wrong right -->`` puts the right word in the place of the wrong one.

A comment ``<!-- new mine -->`` has the page begin with what ``policygap new mine`` writes.

Run ``python docs/update_pages.py`` after a change to what commands print, and read what changed. Tests hold the pages
to it.
"""

from __future__ import annotations

import doctest
import io
import os
import re
import shlex
import sys
import warnings
from collections.abc import Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).parents[1]
# In README.md the commands are only shown: it says what to type and not what comes out, but for the report's excerpt.
README = ROOT / "README.md"
_BLOCK = re.compile(
    r"(?:^<!-- (?P<act>append|write|mend) (?P<file>\S+)(?P<words>(?: \S+)*) -->\n)?"
    r"^```(?P<kind>[a-z]+)\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_NEW = re.compile(r"^<!-- new (\S+) -->$", re.MULTILINE)


def pages() -> Iterator[Path]:
    """Every page with examples that this script keeps up to date."""
    yield README
    for folder in ("tutorial", "how-to", "study"):
        yield from sorted((ROOT / "docs" / folder).glob("*.md"))


def play(text: str, *, commands: bool = True, python: bool = True) -> str:
    """The page with the output of today."""
    names: dict[str, Any] = {"__name__": "page"}

    def one(block: re.Match[str]) -> str:
        if block["act"]:
            _put(block["act"], block["file"], block["body"], block["words"].split())
        elif block["kind"] == "console" and block["body"].startswith("$ policygap") and commands:
            return f"```console\n{_run_commands(block['body'])}```"
        elif block["kind"] == "python" and python:
            return f"```python\n{_run_python(block['body'], names)}```"
        return block[0]

    with TemporaryDirectory() as folder, chdir(folder):
        for name in _NEW.findall(text):
            run_command(f"policygap new {name}")
        return _BLOCK.sub(one, text)


def _put(act: str, file: str, body: str, words: list[str]) -> None:
    path = Path(file)
    if act == "mend":
        wrong, right = words
        body = path.read_text(encoding="utf-8").replace(wrong, right)
    elif act == "append":
        body = path.read_text(encoding="utf-8") + body
    path.parent.mkdir(exist_ok=True)
    path.write_text(body, encoding="utf-8", newline="\n")


def _run_commands(body: str) -> str:
    commands = [line.removeprefix("$ ") for line in body.splitlines() if line.startswith("$ ")]
    return "\n".join(f"$ {command}\n{run_command(command)}" for command in commands)


def run_command(command: str) -> str:
    """What a command prints, errors included, a hundred columns wide and without colour."""
    from policygap.cli import main

    program, *words = shlex.split(command)
    assert program == "policygap", command
    os.environ["COLUMNS"] = "100"
    buffer = io.BytesIO()
    printed = io.TextIOWrapper(buffer, encoding="utf-8", newline="\n", write_through=True)
    with redirect_stdout(printed), redirect_stderr(printed):
        main(words)
    return _trimmed(buffer.getvalue().decode("utf-8"))


def _run_python(body: str, names: dict[str, Any]) -> str:
    if ">>> " not in body:
        exec(body, names)  # noqa: S102  # the page's own example
        return body
    out = []
    for part in doctest.DocTestParser().parse(body):
        if isinstance(part, str):
            out.append("\n" * part.count("\n") if out else "")
            continue
        lines = part.source.rstrip("\n").split("\n")
        prompts = [f">>> {lines[0]}", *(f"... {line}".rstrip() for line in lines[1:])]
        out.append(
            "\n".join([*prompts, ""]) + re.sub(r"^\n", "<BLANKLINE>\n", _printed(part, names), flags=re.MULTILINE)
        )
    return "".join(out).rstrip("\n") + "\n"


def _printed(example: doctest.Example, names: dict[str, Any]) -> str:
    printed = io.StringIO()
    try:
        with redirect_stdout(printed), warnings.catch_warnings(action="error"):
            # Third parties' own, as pyproject.toml names them for the tests.
            warnings.filterwarnings("ignore", "Dask support is moving out of Narwhals")
            warnings.filterwarnings("ignore", "The inplace keyword in DataFrame.reset_index is deprecated")
            exec(compile(example.source, "page", "single"), names)  # noqa: S102  # the page's own example
    except Exception as error:  # a page may show what an error says
        if example.exc_msg is None:
            raise
        return f"Traceback (most recent call last):\n...\n{type(error).__module__}.{type(error).__name__}: {error}\n"
    return _trimmed(printed.getvalue())


def _trimmed(text: str) -> str:
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


if __name__ == "__main__":
    for page in pages():
        before = page.read_text(encoding="utf-8")
        after = play(before, commands=page != README)
        if after != before:
            page.write_text(after, encoding="utf-8", newline="\n")
            sys.stdout.write(f"{page.relative_to(ROOT)}\n")
