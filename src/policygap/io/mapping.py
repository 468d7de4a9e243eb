"""A mapping comes in, as a TOML file or in Python; which of another program's codes are themes and targets goes out."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

from attrs import field, frozen

from ..errors import Problem, StudyError
from ..spelling import suggest

__all__ = ["CodeMapping", "hints", "read_mapping"]

_KEYS: Final = ("themes", "targets", "group", "kind")


def _listed(targets: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    return {kind: tuple(names) for kind, names in targets.items()}


@frozen(kw_only=True)
class CodeMapping:
    """Which codes of another program are what. Codes are named by name, by path (``Needs/Housing``) or by a set.

    Attributes
    ----------
    themes
        Codes that are themes, each with all below it; by default all that are no targets.
    targets
        For each kind of target, its codes, each with all below it.
    group
        The variable of cases, sources or respondents that says which group an actor belongs to.
    kind
        The kind of the statements; only calls count as demand.

    Examples
    --------
    >>> CodeMapping(targets={"focus_area": ["Areas/Housing", "Areas/Roads"]}).targets["focus_area"]
    ('Areas/Housing', 'Areas/Roads')
    """

    themes: tuple[str, ...] = field(default=(), converter=tuple)
    targets: Mapping[str, Sequence[str]] = field(factory=dict, converter=_listed)
    group: str | None = None
    kind: str = "call"


def read_mapping(path: Path) -> CodeMapping:
    r"""Read a mapping from TOML.

    Raises
    ------
    StudyError
        With all that is wrong with it.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "towns.toml")
    ...     _ = file.write_text('[targets]\nfocus_area = ["Areas"]', encoding="utf-8")
    ...     read_mapping(file)
    CodeMapping(themes=(), targets={'focus_area': ('Areas',)}, group=None, kind='call')
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        what = f"this mapping can't be read ({error.strerror or error})"
        raise StudyError([Problem(file=str(path), what=what, fix="check the path")]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise StudyError([Problem(file=path.name, what=f"it is not TOML in UTF-8 ({error})")]) from None
    problems = [
        Problem(file=path.name, what=f"a mapping has no key {key!r}", fix=suggest(key, _KEYS, otherwise="take it out"))
        for key in data
        if key not in _KEYS
    ]
    targets: Any = data.get("targets", {})
    if not isinstance(targets, dict):
        problems.append(
            Problem(file=path.name, what="targets is no table", fix='write [targets], and focus_area = ["…"]')
        )
        targets = {}
    lists = {"themes": data.get("themes", []), **{f"targets.{kind}": names for kind, names in targets.items()}}
    problems += [
        Problem(file=path.name, what=f"{key} is no list of names", fix=f'write {key.rpartition(".")[2]} = ["a code"]')
        for key, names in lists.items()
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names)
    ]
    problems += [
        Problem(file=path.name, what=f"{key} is no text", fix=f'write {key} = "…"')
        for key in ("group", "kind")
        if not isinstance(data.get(key, ""), str)
    ]
    if problems:
        raise StudyError(problems)
    return CodeMapping(
        themes=data.get("themes", ()), targets=targets, group=data.get("group"), kind=data.get("kind", "call")
    )


@cache
def hints() -> dict[str, Any]:
    """What codes and variables are often called, for files that come without a mapping."""
    text = resources.files("policygap").joinpath("data/qda.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
