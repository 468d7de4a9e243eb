"""A message's name, a language and values come in; a sentence goes out. Words for readers stand in catalogues."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any

from .errors import UsageError

__all__ = ["LANGUAGES", "decimal", "names", "percent", "say", "word"]

LANGUAGES = ("en", "nb")


@cache
def _locale(language: str) -> Any:
    from babel import Locale  # only who writes sentences needs it

    return Locale.parse(language)


@cache
def _catalogue(language: str) -> dict[str, str]:
    if language not in LANGUAGES:
        raise UsageError(f"there is no catalogue for the language '{language}'; use one of {', '.join(LANGUAGES)}")
    text = resources.files("policygap").joinpath(f"data/messages/{language}.toml").read_text(encoding="utf-8")
    return {f"{part}.{name}": words for part, names in tomllib.loads(text).items() for name, words in names.items()}


def names(language: str) -> frozenset[str]:
    """The names of all messages in a language."""
    return frozenset(_catalogue(language))


def say(name: str, language: str = "en", /, **values: object) -> str:
    """The message of that name, with its values filled in.

    A message with ``count`` among its values may have a form for each plural category of its language (``NAME_one``,
    ``NAME_few``, ...: CLDR's categories, as Babel has them); the plain name stands for all others.

    Examples
    --------
    >>> say("word.speakers", "en", count=1), say("word.speakers", "nb", count=3)
    ('1 speaker', '3 avsendere')
    """
    catalogue = _catalogue(language)
    count = values.get("count")
    form = f"{name}_{_locale(language).plural_form(count)}" if isinstance(count, int) else name
    return catalogue[form if form in catalogue else name].format(**values)


def word(part: str, name: str, language: str, *, table: str = "") -> str:
    """The reader's word for a word of a vocabulary (as a table means it, if named), or the word itself if unknown.

    Examples
    --------
    >>> word("presence", "named", "nb"), word("kind", "my-own", "nb")
    ('navngitt', 'my-own')
    """
    catalogue = _catalogue(language)
    return catalogue.get(f"{part}.{table}_{name}", catalogue.get(f"{part}.{name}", name))


def percent(share: float, language: str = "en") -> str:
    r"""A share as whole per cent, as the language writes it.

    Examples
    --------
    >>> percent(0.125), percent(0.125, "nb")
    ('12%', '12\xa0%')
    """
    from babel.numbers import format_percent  # only who writes sentences needs it

    return format_percent(share, locale=_locale(language))


def decimal(value: float, digits: int, language: str = "en") -> str:
    """A number with so many decimals, as the language writes it.

    Examples
    --------
    >>> decimal(6.25, 1), decimal(6.25, 2, "nb")
    ('6.2', '6,25')
    """
    from babel.numbers import format_decimal  # only who writes sentences needs it

    return format_decimal(value, format=f"#,##0.{'0' * digits}", locale=_locale(language))
