"""The text of an assertion or scope comes in; what it names, or what is wrong with it, goes out. Nothing is run."""

from __future__ import annotations

import ast
import warnings
from functools import lru_cache
from typing import Final

from attrs import frozen

from .errors import Problem

__all__ = ["FIGURES", "Scope", "called_figures", "named_subjects", "read_assertion", "read_scope"]

FIGURES: Final[dict[str, tuple[str, int, int]]] = {
    # name: (what its first argument is, fewest and most arguments)
    "attention": ("code", 1, 1),
    "demand": ("code", 1, 1),
    "share": ("target", 1, 1),
    "ratio": ("target", 1, 1),
    "speakers": ("code", 0, 1),
    "statements": ("code", 0, 1),
    "members": ("group", 1, 1),
    "presence": ("code", 1, 1),
    "emphasis": ("code", 1, 1),
    "commitment": ("code", 1, 1),
    "counts": ("subject", 1, 2),
}
"""Functions an assertion may call on the study's figures."""

PLAIN: Final = ("min", "max", "sum", "len", "abs", "round")
"""Functions an assertion may call on numbers and lists."""

_LONGEST = 2_000
_DEEPEST = 200
_DECIMALS = range(13)
_FIXES: Final = {
    "assertion": """write a comparison of figures, such as attention("A") > 0.5, or leave the cell empty""",
    "scope": "write parts such as group=counties or kind=call|challenge, separated by ;",
}
_NODES = (
    ast.Expression, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub, ast.BinOp, ast.Add, ast.Sub, ast.Mult,
    ast.Div, ast.Compare, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn, ast.Call, ast.Name,
    ast.Load, ast.Constant, ast.List, ast.Tuple,
)  # fmt: skip

_SCOPE_COLUMNS = ("speaker", "group", "kind", "voice", "question", "source", "locator", "addressees", "typical")
_SCOPE_OPTIONS = ("unit", "weights", "reading", "basis", "coder")


@lru_cache(maxsize=1024)
def read_assertion(text: str) -> tuple[ast.Expression | None, tuple[str, ...]]:
    """Parse an assertion.

    Returns
    -------
    tuple
        The syntax tree, or ``None`` where it can't be used, and what is wrong with it, a sentence each.

    Examples
    --------
    >>> read_assertion('attention("A") > 0.5')[1]
    ()
    >>> read_assertion('attention("A")')[1]
    ("'attention('A')' is no comparison; write what it should be, such as == 1 or > 0.5",)
    """
    if len(text) > _LONGEST:
        return None, (f"it is longer than {_LONGEST} characters",)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Python's parser advises is about code, and would go to a stranger
            tree = ast.parse(text.strip(), mode="eval")
        wrong = [*_judge_depth(tree.body), *(sentence for node in ast.walk(tree) for sentence in _judge(node))]
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return None, (f"it can't be read as an expression ({getattr(error, 'msg', None) or error})",)
    wrong = wrong or [*_judge_names(tree), *_judge_truth(tree.body)]
    return (None, tuple(dict.fromkeys(wrong))) if wrong else (tree, ())


def _judge_depth(node: ast.AST) -> tuple[str, ...]:
    """Nested so deep that the evaluator, which calls itself for every level, would run out of stack."""
    layer, depth = [node], 0
    while layer:
        layer, depth = [child for parent in layer for child in ast.iter_child_nodes(parent)], depth + 1
    return (f"it is nested more than {_DEEPEST} levels deep",) if depth > _DEEPEST else ()


def _judge_names(tree: ast.Expression) -> tuple[str, ...]:
    """A function's bare name is no figure; it would count as true."""
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    bare = (node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called)
    return tuple(f"it names '{name}' without calling it; write {name}(...)" for name in bare)


def _judge_truth(node: ast.AST) -> tuple[str, ...]:
    """An assertion is a comparison, or several joined by and, or, not: a bare figure neither holds nor fails."""
    if isinstance(node, ast.BoolOp):
        return tuple(sentence for part in node.values for sentence in _judge_truth(part))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return _judge_truth(node.operand)
    if isinstance(node, ast.Compare):
        return ()
    return (f"'{ast.unparse(node)}' is no comparison; write what it should be, such as == 1 or > 0.5",)


def _judge(node: ast.AST) -> tuple[str, ...]:
    if not isinstance(node, _NODES):
        return (f"it uses {type(node).__name__}, which assertions do not have",)
    if isinstance(node, ast.Call):
        return _judge_call(node)
    if isinstance(node, ast.Name) and node.id not in (*FIGURES, *PLAIN):
        return (f"it uses the name '{node.id}'; write ids in quotes",)
    if isinstance(node, ast.Constant) and not (isinstance(node.value, int | str) or _is_finite(node.value)):
        return (f"it uses the constant {node.value!r}",)
    return ()


def _is_finite(value: object) -> bool:
    return isinstance(value, float) and abs(value) < float("inf")


def _judge_call(node: ast.Call) -> tuple[str, ...]:
    name = node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func)
    if name not in FIGURES and name not in PLAIN:
        return (f"it calls '{name}'; the functions are {', '.join(sorted((*FIGURES, *PLAIN)))}",)
    if node.keywords:
        return (f"'{name}' takes no keywords",)
    if name == "round" and not all(isinstance(arg, ast.Constant) and arg.value in _DECIMALS for arg in node.args[1:]):
        return (f"'round' takes a number and how many decimals, at most {_DECIMALS[-1]}",)
    if name in FIGURES:
        _, fewest, most = FIGURES[name]
        if not fewest <= len(node.args) <= most:
            return (f"'{name}' takes {fewest if fewest == most else f'{fewest} or {most}'} argument(s)",)
        if not all(isinstance(arg, ast.Constant) and isinstance(arg.value, str) for arg in node.args):
            return (f"'{name}' takes an id in quotes",)
    return ()


@lru_cache(maxsize=1024)
def called_figures(text: str) -> tuple[tuple[str, ...], ...]:
    """Every call on a figure that an assertion makes, once: the function, then its arguments; none if it can't be read.

    Examples
    --------
    >>> called_figures('speakers("A") / speakers() > 1/3')
    (('speakers', 'A'), ('speakers',))
    """
    tree, _ = read_assertion(text)
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call)) if tree is not None else ()
    return tuple(
        dict.fromkeys(
            (call.func.id, *(arg.value for arg in call.args))  # type: ignore[union-attr]  # judged before
            for call in calls
            if call.func.id in FIGURES  # type: ignore[union-attr]  # as above
        )
    )


def named_subjects(tree: ast.Expression) -> tuple[tuple[str, str, str], ...]:
    """Every call on a figure that names something: (function, what it must be, id).

    Examples
    --------
    >>> tree, _ = read_assertion('share("A") > 2 * share("B")')
    >>> named_subjects(tree)
    (('share', 'target', 'A'), ('share', 'target', 'B'))
    """
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name))
    found = (
        (call.func.id, FIGURES[call.func.id][0], call.args[0].value)  # type: ignore[union-attr]  # judged before
        for call in calls
        if call.func.id in FIGURES and call.args  # type: ignore[union-attr]  # narrowed above
    )
    return tuple(dict.fromkeys(found))  # type: ignore[arg-type]  # ids are text, judged before


@frozen(kw_only=True)
class Scope:
    """Which statements a claim is about (``filters``: column and values), and how they are counted (``options``)."""

    filters: tuple[tuple[str, tuple[str, ...]], ...] = ()
    options: tuple[tuple[str, str], ...] = ()


def read_scope(text: str | None) -> tuple[Scope, tuple[str, ...]]:
    """Parse a claim's scope: ``column=value`` parts separated by ``;``, several values by ``|``.

    Examples
    --------
    >>> read_scope("group=counties; kind=call|challenge; unit=statement")[0]
    Scope(filters=(('group', ('counties',)), ('kind', ('call', 'challenge'))), options=(('unit', 'statement'),))
    >>> read_scope("group")[1]
    ("'group' is not of the form column=value",)
    """
    filters: list[tuple[str, tuple[str, ...]]] = []
    options: list[tuple[str, str]] = []
    wrong: list[str] = []
    for part in (piece.strip() for piece in (text or "").split(";")):
        if not part:
            continue
        name, equals, value = (piece.strip() for piece in part.partition("="))
        values = tuple(item.strip() for item in value.split("|"))
        if not equals or not all(values):
            wrong.append(f"'{part}' is not of the form column=value")
        elif name in _SCOPE_COLUMNS:
            filters.append((name, values))
        elif name in dict(options):
            wrong.append(f"'{name}' is said twice")
        elif name in _SCOPE_OPTIONS:
            options.append((name, value))
        else:
            known = ", ".join((*_SCOPE_COLUMNS, *_SCOPE_OPTIONS))
            wrong.append(f"'{name}' is no column or option of a scope; use one of {known}")
    return Scope(filters=tuple(filters), options=tuple(options)), tuple(wrong)


def judge_text(text: str, *, file: str, row: int, column: str) -> tuple[Problem, ...]:
    """The problems of one cell that holds an assertion or a scope."""
    wrong = read_scope(text)[1] if column == "scope" else read_assertion(text)[1]
    fix = _FIXES[column]
    return tuple(Problem(file=file, row=row, column=column, what=sentence, fix=fix) for sentence in wrong)
