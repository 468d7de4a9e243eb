"""A rule file comes in; a rule set goes out, or every problem with its line and column. And back.

TOML holds every rule; the dictionaries of other tools (by their file endings) hold words alone.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from ..errors import Problem, UsageError
from ..io.atomic import replace_files
from ..io.encoding import guess_encoding, guess_wide
from ..spelling import suggest
from .dictionaries import read_liwc, read_quanteda, write_liwc, write_quanteda
from .patterns import PatternError, parse_pattern
from .rule import LISTS, Combination, Rule
from .ruleset import WRITTEN_ON, RuleSet, is_list_of_texts

__all__ = ["parse_rules", "read_rules", "write_rules"]

_KEYS: Mapping[str, type] = {
    "name": str,
    "version": str,
    "language": str,
    "note": str,
    "written_on": dict,
    "rules": list,
}
_RULE_KEYS: Mapping[str, type] = {"code": str, "any": list, "all": list, "none": list, "near": dict, "note": str}
_WORDS: Mapping[type, str] = {str: "text in quotation marks", list: "a list", dict: "a table"}
_READERS = {".yml": read_quanteda, ".yaml": read_quanteda, ".dic": read_liwc}
_WRITERS = {".yml": write_quanteda, ".yaml": write_quanteda, ".dic": write_liwc}
_TOKEN = re.compile(
    r"""\#[^\n]*|(?P<text>\"{3}(?:\\.|(?!\"{3})[^\\])*\"{3,5}|'{3}(?:(?!'{3}).)*'{3,5}"""
    r"""|"(?:\\.|[^"\\\n])*"|'[^'\n]*')|(?P<head>^[ \t]*\[\[[ \t]*rules[ \t]*\]\])|(?P<key>[A-Za-z0-9_-]+)[ \t]*=""",
    re.DOTALL | re.MULTILINE,
)


def read_rules(path: str | Path) -> RuleSet:
    """Read a rule set from a file.

    Parameters
    ----------
    path
        The id of a bundled set (``commitment-en``, ``commitment-nb``, ``commitment-nn``); a ``.toml`` file; or a
        dictionary of other tools, whose entries become patterns of ``any``: quanteda's YAML (``.yml``, ``.yaml``;
        needs the extra ``dictionaries``) or LIWC's ``.dic``. What can't be expressed is refused.

    Returns
    -------
    RuleSet

    Raises
    ------
    UsageError
        Naming every problem with its line and column.

    Examples
    --------
    >>> read_rules("no-such-file.toml")
    Traceback (most recent call last):
    ...
    policygap.errors.UsageError: no-such-file.toml: it can't be read (No such file or directory)
    """
    if isinstance(path, str) and path in _list_bundled():
        bundled = resources.files("policygap").joinpath(f"data/rules/{path}.toml")
        return parse_rules(bundled.read_text(encoding="utf-8"), f"{path}.toml")
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError([Problem(file=str(path), what=f"it can't be read ({error.strerror})")]) from None
    reader = _READERS.get(path.suffix.lower())
    text = _decode(data, str(path), strict=reader is None)
    if reader is None:
        return parse_rules(text, str(path))
    return RuleSet(name=path.stem, rules=reader(text, str(path)))


@cache
def _list_bundled() -> frozenset[str]:
    folder = resources.files("policygap").joinpath("data/rules")
    return frozenset(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def _decode(data: bytes, file: str, *, strict: bool) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        encoding = guess_wide(data) or guess_encoding(data)
        if strict:
            what = f"it is not UTF-8, but seems to be {encoding.label}"
            raise UsageError([Problem(file=file, what=what, fix="save it as UTF-8")]) from None
        return data.decode(encoding.codec)


def parse_rules(text: str, file: str) -> RuleSet:
    r"""Make a rule set of TOML text; ``file`` names it in messages.

    Examples
    --------
    >>> rules = parse_rules('name = "travel"\n[[rules]]\ncode = "bus"\nany = ["bus*"]', "travel.toml")
    >>> rules.codes
    ('bus',)
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError([Problem(file=file, what=f"it is not TOML ({error})")]) from None
    problems = list(_Judge(text, file).judge(data))
    if problems:
        raise UsageError(problems)
    rules = tuple(Rule(**rule) for rule in data.pop("rules"))
    return RuleSet(**{"name": Path(file).stem, **data}, rules=rules)


class _Judge:
    """Finds what is wrong with the data of a rule file, and where in its text."""

    def __init__(self, text: str, file: str) -> None:
        self._text, self._file = text, file
        self._places: dict[str, list[int]] | None = None
        self._met: Counter[str] = Counter()

    def _find(self) -> dict[str, list[int]]:
        """Where each text, key and head of a rule stands, in order."""
        places: defaultdict[str, list[int]] = defaultdict(list)
        for found in _TOKEN.finditer(self._text):
            if (text := found.group("text")) is not None:
                try:
                    value = tomllib.loads(f"x = {text}")["x"]
                except tomllib.TOMLDecodeError:  # a key in quotation marks, say
                    continue
                places[f"text {value}"].append(found.start())
            elif found.group("head") is not None:
                places["head"].append(found.start())
            elif found.group("key") is not None:
                places[f"key {found.group('key')}"].append(found.start())
        return places

    def _where(self, what: str, number: int = 0, further: int = 0) -> str:
        """The file with the line and column of a text, key or head."""
        if self._places is None:
            self._places = self._find()
        places = self._places.get(what, [])
        if number >= len(places):
            return self._file
        at = places[number]
        line = self._text.count("\n", 0, at) + 1
        column = at - (self._text.rfind("\n", 0, at) + 1) + 1 + further
        return f"{self._file}, line {line}, column {column}"

    def judge(self, data: Mapping[str, Any]) -> Iterator[Problem]:
        """Every problem of the file."""
        yield from self._shape(data, _KEYS, "the rule set", Counter())
        written_on = data.get("written_on")
        for column, values in written_on.items() if isinstance(written_on, dict) else ():
            if not is_list_of_texts(values):
                what = f"written_on: {column} = {values!r} is no list of texts"
                yield Problem(file=self._where("key written_on"), what=what, fix=WRITTEN_ON)
        if "rules" not in data:
            fix = 'write [[rules]], and under it code = "..." and any = ["..."]'
            yield Problem(file=self._file, what="it has no rules", fix=fix)
        rules = data.get("rules")
        codes: dict[str, int] = {}
        keys: Counter[str] = Counter()
        for number, rule in enumerate(rules if isinstance(rules, list) else []):
            where = self._where("head", number)
            if not isinstance(rule, dict):
                yield Problem(file=where, what=f"{rule!r} is no rule", fix='write [[rules]] and under it code = "..."')
                continue
            yield from self._rule(rule, where, keys)
            code = rule.get("code")
            if not isinstance(code, str) or not code.strip():
                yield Problem(file=where, what="the rule has no code", fix='write code = "the id of a theme or target"')
            elif code in codes:
                at = self._where(f"text {code}", codes[code])
                fix = "put their patterns into one rule"
                yield Problem(file=at, what=f"the code {code!r} has a rule already", fix=fix)
            codes[str(code)] = codes.get(str(code), 0) + 1

    def _shape(
        self, part: Mapping[str, Any], kinds: Mapping[str, type], what: str, keys: Counter[str]
    ) -> Iterator[Problem]:
        for key, value in part.items():
            number, keys[key] = keys[key], keys[key] + 1
            where = self._where(f"key {key}", number) if key not in kinds or not isinstance(value, kinds[key]) else ""
            if key not in kinds:
                fix = suggest(key, kinds, otherwise=f"use {', '.join(kinds)}")
                yield Problem(file=where, what=f"{what} has no key {key!r}", fix=fix)
            elif not isinstance(value, kinds[key]):
                yield Problem(file=where, what=f"{key} = {value!r} is not {_WORDS[kinds[key]]}")

    def _rule(self, rule: Mapping[str, Any], where: str, keys: Counter[str]) -> Iterator[Problem]:
        yield from self._shape(rule, _RULE_KEYS, "a rule", keys)
        near = rule.get("near")
        lists = {name: rule.get(name, []) for name in LISTS}
        if isinstance(near, dict):
            yield from self._near(near, where)
            lists["near"] = near.get("patterns", [])
        for patterns in lists.values():
            if isinstance(patterns, list):
                yield from self._patterns(patterns, where)
        if not any(lists.values()) and near is None:
            yield Problem(file=where, what="the rule has no pattern", fix='write any = ["word"]')

    def _near(self, near: Mapping[str, Any], where: str) -> Iterator[Problem]:
        shape = 'write near = { patterns = ["one", "other"], words = 5 }'
        if set(near) != {"patterns", "words"}:
            yield Problem(file=where, what="near takes patterns and words, and nothing else", fix=shape)
        words, patterns = near.get("words", 1), near.get("patterns")
        if isinstance(words, bool) or not isinstance(words, int) or words < 1:
            yield Problem(file=where, what=f"near.words = {words!r} is no whole number of 1 or more", fix=shape)
        if not isinstance(patterns, list) or len(set(map(str, patterns))) < 2:  # noqa: PLR2004
            yield Problem(file=where, what="near takes two different patterns or more", fix=shape)

    def _patterns(self, patterns: list[Any], where: str) -> Iterator[Problem]:
        for pattern in patterns:
            if not isinstance(pattern, str):
                yield Problem(file=where, what=f"{pattern!r} is no text", fix="write it in quotation marks")
                continue
            try:
                parse_pattern(pattern)
            except PatternError as error:
                number, self._met[pattern] = self._met[pattern], self._met[pattern] + 1
                at = self._where(f"text {pattern}", number, error.place + 1)
                yield Problem(file=at, what=error.what, fix=error.fix)


def write_rules(rules: RuleSet, path: str | Path) -> None:
    """Write a rule set to a file, all of it or nothing.

    Parameters
    ----------
    rules
        The rules.
    path
        ``.toml`` for rules of every kind but combinations; ``.yml``, ``.yaml`` (quanteda) and ``.dic`` (LIWC) for
        rules that have patterns in ``any`` alone.

    Raises
    ------
    UsageError
        Naming every rule and pattern that the format can't hold.

    Examples
    --------
    >>> import tempfile
    >>> rules = RuleSet(name="travel", rules=[Rule("bus", any=["bus*"])])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_rules(rules, Path(folder, "travel.toml"))
    ...     read_rules(Path(folder, "travel.toml")) == rules
    True
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending != ".toml" and ending not in _WRITERS:
        fix = f"use one of .toml, {', '.join(_WRITERS)}"
        raise UsageError([Problem(file=str(path), what=f"there is no rule file that ends in '{ending}'", fix=fix)])
    combined = [rule.code for rule in rules.rules if isinstance(rule, Combination)]
    if combined:
        fix = "write its parts as rules of their own"
        problems = [
            Problem(file=f"rule {code!r}", what="a combination has no place in a file", fix=fix) for code in combined
        ]
        raise UsageError(problems)
    text = _WRITERS[ending](rules.rules) if ending in _WRITERS else _as_toml(rules)
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError as error:
        what = f"{text[error.start]!r} is half a character, which no file can hold"
        raise UsageError([Problem(file=str(path), what=what, fix="take it out")]) from None
    replace_files({path: lambda stream: stream.write(data)})


def _as_toml(rules: RuleSet) -> str:
    lines = [f"name = {_quoted(rules.name)}", f"version = {_quoted(rules.version)}"]
    lines += [
        f"{key} = {_quoted(value)}" for key, value in (("language", rules.language), ("note", rules.note)) if value
    ]
    if rules.written_on is not None:
        columns = [
            f"{_quoted(column)} = [{', '.join(map(_quoted, values))}]" for column, values in rules.written_on.items()
        ]
        lines.append(f"written_on = {{ {', '.join(columns)} }}" if columns else "written_on = {}")
    for rule in rules.rules:
        assert isinstance(rule, Rule)  # judged by write_rules
        lines += ["", "[[rules]]", f"code = {_quoted(rule.code)}"]
        for name, patterns in zip(LISTS, (rule.any, rule.all, rule.none), strict=True):
            if patterns:
                lines += [f"{name} = [", *(f"    {_quoted(pattern.written)}," for pattern in patterns), "]"]
        if rule.near is not None:
            listed = ", ".join(_quoted(pattern.written) for pattern in rule.near.patterns)
            lines.append(f"near = {{ patterns = [{listed}], words = {rule.near.words} }}")
        if rule.note:
            lines.append(f"note = {_quoted(rule.note)}")
    return "\n".join([*lines, ""])


def _quoted(text: str) -> str:
    """Text as a TOML string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(char if char.isprintable() or char == " " else _escaped(char) for char in escaped) + '"'


def _escaped(char: str) -> str:
    return f"\\u{ord(char):04X}" if ord(char) < 0x10000 else f"\\U{ord(char):08X}"  # noqa: PLR2004
