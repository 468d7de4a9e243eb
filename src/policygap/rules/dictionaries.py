"""Dictionaries of other tools come in; rules go out, and back where the format can hold them.

quanteda's YAML (https://quanteda.io/reference/dictionary.html): categories, possibly within others, of glob patterns.
LIWC's ``.dic``: numbered categories between two lines of ``%``, then a word, possibly ending in ``*``, and its
categories' numbers on each line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ..errors import Problem, UsageError, missing_extra
from .patterns import Pattern, PatternError, parse_pattern
from .rule import Combination, Rule

__all__ = ["read_liwc", "read_quanteda", "write_liwc", "write_quanteda"]

_CATEGORY = re.compile(r"(\d+)\s+(\S.*)")
_ENTRY = re.compile(r"(\S.*?)((?:\s+\d+)+)\s*")


def read_quanteda(text: str, file: str) -> list[Rule]:
    """Rules of a dictionary in quanteda's YAML; a category within another has the code ``outer.inner``.

    Raises
    ------
    UsageError
        Where it is no such dictionary, an entry can't be expressed, or the extra ``dictionaries`` is missing.
    """
    try:
        import yaml
    except ImportError as error:
        raise missing_extra(f"reading {file}", "dictionaries") from error
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
            fix = "write the entries out"
            raise UsageError([Problem(file=file, what="it has YAML aliases (*name), which no dictionary has", fix=fix)])
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        what = str(error).replace("\n", " ")
        raise UsageError([Problem(file=file, what=f"it is not YAML ({what})")]) from None
    problems: list[Problem] = []
    entries: dict[str, list[str]] = {}
    _walk(root, (), file, entries, problems)
    if not problems and not entries:
        problems.append(
            Problem(file=file, what="it has no entries", fix="write a category, and a list of words under it")
        )
    return _rules_of(entries, problems)


def _walk(node: Any, path: tuple[str, ...], file: str, entries: dict[str, list[str]], problems: list[Problem]) -> None:
    """Go through a node of YAML: a mapping of categories, a list of entries and categories, or an entry."""
    kind: str = getattr(node, "id", "")
    if kind == "mapping":
        for key, value in node.value:
            _walk(value, (*path, str(key.value)), file, entries, problems)
    elif kind == "sequence" and path:
        for one in node.value:
            _walk(one, path, file, entries, problems)
    elif kind == "scalar" and path:
        where = f"{file}, line {node.start_mark.line + 1}, column {node.start_mark.column + 1}"
        if _is_expressible(node.value, where, problems):
            entries.setdefault(".".join(path), []).append(node.value)
    else:
        what, fix = "it is no dictionary", "write a category, and a list of words under it"
        problems.append(Problem(file=file, what=what, fix=fix))


def _is_expressible(entry: str, where: str, problems: list[Problem]) -> bool:
    """Whether an entry is a pattern here too; what is not is told."""
    if "?" in entry:
        fix = "write the words it stands for"
        problems.append(Problem(file=where, what=f"{entry!r} has a ? for any letter, which no pattern has", fix=fix))
        return False
    try:
        parse_pattern(entry)
    except PatternError as error:
        problems.append(Problem(file=where, what=error.what, fix=error.fix))
        return False
    return True


def _rules_of(entries: dict[str, list[str]], problems: list[Problem]) -> list[Rule]:
    if problems:
        raise UsageError(problems)
    return [Rule(code, any=list(dict.fromkeys(patterns))) for code, patterns in entries.items()]


def read_liwc(text: str, file: str) -> list[Rule]:
    """Rules of a dictionary in LIWC's format; the code is a category's name.

    Raises
    ------
    UsageError
        Where it is no such dictionary, or an entry can't be expressed.
    """
    lines = text.splitlines()
    marks = [place for place, line in enumerate(lines) if line.strip() == "%"]
    if len(marks) < 2:  # noqa: PLR2004
        fix = "write the numbered categories between two lines of %"
        raise UsageError([Problem(file=file, what="it is no LIWC dictionary", fix=fix)])
    problems: list[Problem] = []
    names: dict[str, str] = {}
    entries: dict[str, list[str]] = {}
    for place in range(marks[0] + 1, marks[1]):
        if lines[place].strip():
            found = _CATEGORY.fullmatch(lines[place].strip())
            where = f"{file}, line {place + 1}"
            if found is None:
                problems.append(Problem(file=where, what=f"{lines[place]!r} is no number and name of a category"))
            elif found.group(2) in names.values() or found.group(1) in names:
                problems.append(Problem(file=where, what=f"the category {lines[place].strip()!r} stands there already"))
            else:
                names[found.group(1)] = found.group(2)
                entries[found.group(2)] = []
    for place in range(marks[1] + 1, len(lines)):
        if lines[place].strip():
            _add_entry(lines[place].strip(), f"{file}, line {place + 1}", names, entries, problems)
    return _rules_of({code: patterns for code, patterns in entries.items() if patterns}, problems)


def _add_entry(
    line: str, where: str, names: dict[str, str], entries: dict[str, list[str]], problems: list[Problem]
) -> None:
    if re.search(r"[()<>/]", line):
        what = f"{line!r} has a condition, which no pattern has"
        problems.append(Problem(file=where, what=what, fix="write a rule in TOML for it, with near or none"))
        return
    found = _ENTRY.fullmatch(line)
    if found is None:
        problems.append(Problem(file=where, what=f"{line!r} is no word with numbers of categories"))
        return
    word, numbers = found.group(1), found.group(2).split()
    unknown = [number for number in numbers if number not in names]
    if unknown:
        what = f"no category has the number {', '.join(unknown)}"
        problems.append(Problem(file=where, what=what, fix="list it between the two lines of %"))
    elif _is_expressible(word, where, problems):
        for number in numbers:
            entries[names[number]].append(word)


def write_quanteda(rules: Sequence[Rule | Combination]) -> str:
    """The rules as quanteda's YAML; refuses rules with anything but ``any``."""
    lines: list[str] = []
    for code, patterns in _words_alone(rules, "a quanteda dictionary"):
        lines += [f"{_yaml(code)}:", *(f"  - {_yaml(pattern.written)}" for pattern in patterns)]
    return "\n".join([*lines, ""])


def _yaml(text: str) -> str:
    """Text in double quotation marks, which YAML reads as JSON does."""
    import json

    return json.dumps(text)


def write_liwc(rules: Sequence[Rule | Combination]) -> str:
    """The rules as a LIWC dictionary; refuses rules with anything but ``any``, and words that start with ``*``."""
    numbers: dict[str, int] = {}
    words: dict[str, list[int]] = {}
    problems: list[Problem] = []
    for code, patterns in _words_alone(rules, "a LIWC dictionary"):
        numbers[code] = len(numbers) + 1
        for pattern in patterns:
            if any(piece.open_start for piece in pattern.pieces) or re.search(r"[()<>/\n\t]|\s\d+$", pattern.written):
                what = f"a LIWC dictionary can't hold the pattern {pattern.written!r}"
                problems.append(Problem(file=f"rule {code!r}", what=what, fix="write a .toml file"))
            words.setdefault(pattern.written, []).append(numbers[code])
    if problems:
        raise UsageError(problems)
    lines = ["%", *(f"{number}\t{code}" for code, number in numbers.items()), "%"]
    lines += ["\t".join([word, *map(str, of)]) for word, of in words.items()]
    return "\n".join([*lines, ""])


def _words_alone(rules: Iterable[Rule | Combination], what: str) -> Iterator[tuple[str, tuple[Pattern, ...]]]:
    """Code and patterns of rules that have nothing but ``any``."""
    plain: list[tuple[str, tuple[Pattern, ...]]] = []
    problems: list[Problem] = []
    for rule in rules:
        if isinstance(rule, Combination) or rule.all or rule.none or rule.near is not None:
            told = f"{what} can't hold all, none or near"
            problems.append(Problem(file=f"rule {rule.code!r}", what=told, fix="write a .toml file"))
        else:
            plain.append((rule.code, rule.any))
    if problems:
        raise UsageError(problems)
    yield from plain
