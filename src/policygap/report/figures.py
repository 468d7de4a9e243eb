"""What a report says comes in; figures as Vega-Lite specifications, each with the table behind it, go out.

A specification is plain data. Nothing is drawn here: :mod:`policygap.report.draw` does that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ..escaping import clip, flat, for_terminal
from ..gaps import Gap
from ..messages import say, word
from .content import LEADING, Content
from .document import Figure, Table
from .phrases import benchmark_in_words, list_targets

__all__ = [
    "COLOURS",
    "draw_answers",
    "draw_attention",
    "draw_curves",
    "draw_gaps",
    "draw_groups",
    "draw_map",
    "draw_prompted",
    "draw_sides",
]

COLOURS = {
    "ink": "#1b2530",
    "quiet": "#55616e",
    "line": "#c9d1d9",
    "main": "#14608f",
    "other": "#a8480f",
    "pale": "#cfe3f0",
    "ground": "#fdfefe",
}
"""The colours of figures by name; told apart by people with any kind of colour vision, and never the only sign."""

_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
_FONT = "Policygap Sans, Liberation Sans, Arial, Helvetica, sans-serif"
_SHADES = ("#f1f5f8", "#cfe2ef", "#62a5cf")  # light enough for dark text, on a dark page too
_ON_SHADE = "#1b2531"
_LABEL = 60  # characters of a label in a figure
_SHORT = 6  # characters of a target's id that fit a cell without turning them
_TWO = 2  # scenarios, at least: one is no curve
_MOST = 60  # rows of a figure that still fit a page
_PRESENCE = ("excluded", "absent", "not_evidenced", "mentioned", "named")
_SHAPES = {"stronger": "triangle-up", "equal": "circle", "weaker": "triangle-down", "": "circle"}


def _spec(description: str, **parts: Any) -> dict[str, Any]:
    ink, quiet, line = COLOURS["ink"], COLOURS["quiet"], COLOURS["line"]
    config = {
        "font": _FONT,
        "background": COLOURS["ground"],
        "view": {"stroke": None},
        "axis": {
            "labelColor": ink, "titleColor": quiet, "gridColor": line, "domainColor": line, "tickColor": line,
            "labelFontSize": 11, "titleFontSize": 11, "titleFontWeight": "normal", "labelLimit": 380,
        },
        "legend": {"labelColor": ink, "titleColor": quiet, "labelFontSize": 11, "titleFontSize": 11, "orient": "top",
                   "titleFontWeight": "normal", "labelLimit": 400},
        "header": {"labelColor": ink, "titleColor": quiet, "labelFontSize": 11},
        "text": {"color": ink, "fontSize": 11},
    }  # fmt: skip
    return {"$schema": _SCHEMA, "description": description, "config": config, "padding": 8, **parts}


def _name(label: str) -> str:
    return clip(for_terminal(label), _LABEL)


def _rows() -> dict[str, Any]:
    """The encoding of a side of names, in the order of the data.

    No name becomes part of the specification itself, where a stranger's text could be taken for more than a text.
    """
    return {"field": "name", "type": "nominal", "sort": None, "title": None, "axis": {"ticks": False}}


def _unique(names: Sequence[str]) -> list[str]:
    """Names that no two rows share: a second one that was cut to the same gets a number."""
    seen: dict[str, int] = {}
    out = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return out


# -- gaps


def draw_gaps(content: Content) -> Figure | None:
    """The gaps in themes, by who calls for them, the leading class first; ``None`` where there are none."""
    language = content.language
    gaps = [gap for kind in LEADING for gap in content.gaps_of("theme", kind) if gap.is_gap]
    shown = gaps[:_MOST]
    if not shown:
        return None
    names = _unique([_name(gap.label_in(language)) for gap in shown])
    values = [
        {"name": name, "count": _calling(gap), "class": word("outcome", gap.kind, language, table="theme")}
        for name, gap in zip(names, shown, strict=True)
    ]
    classes = list(dict.fromkeys(value["class"] for value in values))
    unit = word("units", content.coverage.unit, language)
    title = say("figure.gaps", language)
    description = say("figure.gaps_text", language, count=len(shown), unit=unit)
    colours = [COLOURS["other"], COLOURS["main"], COLOURS["quiet"], COLOURS["ink"]]
    x = {"field": "count", "type": "quantitative", "title": say("figure.calling", language, unit=unit),
         "axis": {"tickMinStep": 1, "format": "d"}}  # fmt: skip
    shapes = ["circle", "square", "diamond", "cross"][: len(classes)]
    shape = {"field": "class", "type": "nominal", "title": None, "sort": classes,
             "scale": {"domain": classes, "range": shapes}}  # fmt: skip
    colour = {**shape, "scale": {"domain": classes, "range": colours[: len(classes)]}}
    spec = _spec(
        description,
        data={"values": values},
        width=420,
        height={"step": 19},
        encoding={"y": _rows(), "x": x},
        layer=[
            {"mark": {"type": "rule", "color": COLOURS["line"], "strokeWidth": 2}, "encoding": {"x2": {"datum": 0}}},
            {"mark": {"type": "point", "filled": True, "size": 90, "opacity": 1},
             "encoding": {"color": colour, "shape": shape}},
            {"mark": {"type": "text", "align": "left", "dx": 9}, "encoding": {"text": {"field": "count"}}},
        ],
    )  # fmt: skip
    headings = tuple(say(f"report.{name}", language) for name in ("code", "label", "class", "calls"))
    rows = tuple(
        (gap.subject, gap.label_in(language), value["class"], value["count"])
        for gap, value in zip(shown, values, strict=True)
    )
    return Figure(
        id="figure-gaps", title=title, description=description, spec=spec,
        table=Table(id="table-gaps", caption=title, headings=headings, rows=rows),
    )  # fmt: skip


def _calling(gap: Gap) -> int:
    return int(gap.figures.get("calling") or 0)


# -- attention


def draw_attention(content: Content, kind: str) -> Figure | None:
    """Each target's share of the attention, between the extremes with one unit left out, beside its benchmark."""
    language = content.language
    lines = [line for line in list_targets(content, kind) if line.share is not None]
    if not lines:
        return None
    ranges = content.ranges
    names = _unique([_name(f"{line.id}  {line.label}") for line in lines])
    values = [
        {
            "name": name,
            "share": line.share,
            "benchmark": line.benchmark,
            "low": flat(ranges.at[line.id, "lowest"]),
            "high": flat(ranges.at[line.id, "highest"]),
        }
        for name, line in zip(names, lines, strict=True)
    ]
    unit = word("unit_one", content.coverage.unit, language)
    kind_word, benchmark = word("kind", kind, language), benchmark_in_words(content, kind)
    title = say("figure.attention", language, kind=kind_word)
    description = say("figure.attention_text", language, kind=kind_word, benchmark=benchmark, unit=unit)
    axis = {"format": "%", "tickCount": 6}
    x = {"type": "quantitative", "title": say("figure.share", language), "axis": axis, "scale": {"zero": True}}
    spec = _spec(
        description,
        data={"values": values},
        width=420,
        height={"step": 24},
        encoding={"y": _rows()},
        layer=[
            {"mark": {"type": "rule", "strokeWidth": 3, "opacity": 0.55, "color": COLOURS["main"]},
             "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}}},
            {"mark": {"type": "tick", "thickness": 3, "size": 18, "opacity": 1, "color": COLOURS["other"]},
             "encoding": {"x": {**x, "field": "benchmark"}}},
            {"mark": {"type": "point", "filled": True, "size": 85, "opacity": 1, "color": COLOURS["main"]},
             "encoding": {"x": {**x, "field": "share"}}},
        ],
    )  # fmt: skip
    headings = tuple(
        say(f"report.{name}", language)
        for name in (
            "code", "label", "touching", "assessed", "attention_word", "share", "lowest", "highest", "benchmark",
            "ratio", "tied_with",
        )
    )  # fmt: skip
    rows = tuple(
        (line.id, line.label, line.units, line.assessed, line.attention, line.share, value["low"], value["high"],
         line.benchmark, None if line.ratio is None else round(line.ratio, 2), ", ".join(line.tied_with))
        for line, value in zip(lines, values, strict=True)
    )  # fmt: skip
    name = content.file_name(kind)
    return Figure(
        id=f"figure-attention-{name}", title=title, description=description, spec=spec,
        table=Table(id=f"table-attention-{name}", caption=title, headings=headings, rows=rows,
                    percent=frozenset({4, 5, 6, 7, 8})),
    )  # fmt: skip


def draw_curves(content: Content, kind: str) -> Figure | None:
    """The specification curves of a kind of target, laid flat: its ratio in every scenario, and if its class holds."""
    tried, language = content.robustness, content.language
    figure = content.coverage.figure
    by_ratio = {gap.subject for gap in content.gaps if gap.benchmark}  # other gaps' curves are of demand
    codes = [code for code in content.study.targets if code.kind == kind and code.id in by_ratio]
    codes = [code for code in codes if figure("ratio", code.id) is not None]
    codes = [code for code in codes if tried is not None and ("gap", code.id) in tried.outcomes.columns]
    if tried is None or not codes or len(tried.scenarios) < _TWO:
        return None
    names = _unique([_name(f"{code.id}  {content.label(code)}") for code in codes])
    words = {survives: say(f"figure.class_{'same' if survives else 'other'}", language) for survives in (True, False)}
    marks: list[dict[str, Any]] = []
    plain: list[dict[str, Any]] = []
    rows: list[tuple[str | int | float | None, ...]] = []
    for code, name in zip(codes, names, strict=True):
        curve = tried.curve(code.id)
        drawn = curve.assign(figure=curve["figure"].round(2))[["figure", "survives"]].drop_duplicates()
        marks += [
            {"name": name, "ratio": float(ratio), "class": words[bool(survives)]}
            for ratio, survives in drawn.itertuples(index=False)
        ]
        ratio = figure("ratio", code.id)
        plain.append({"name": name, "ratio": ratio})
        ends = (round(float(curve["figure"].min()), 2), round(float(curve["figure"].max()), 2))
        kept = int(curve["survives"].sum())
        rows.append((code.id, content.label(code), None if ratio is None else round(ratio, 2), *ends, kept, len(curve)))
    kind_word = word("kind", kind, language)
    title = say("figure.curves", language, kind=kind_word)
    description = say("figure.curves_text", language, kind=kind_word, benchmark=benchmark_in_words(content, kind))
    x = {"field": "ratio", "type": "quantitative", "title": say("report.ratio", language), "scale": {"zero": True}}
    colour = {
        "field": "class", "type": "nominal", "title": None,
        "scale": {"domain": [words[True], words[False]], "range": [COLOURS["main"], COLOURS["other"]]},
    }  # fmt: skip
    height = {
        "field": "class",
        "type": "nominal",
        "title": None,
        "scale": {"domain": [words[True], words[False]], "range": [10, 18]},
    }
    spec = _spec(
        description,
        width=420,
        height={"step": 24},
        encoding={"y": _rows(), "x": x},
        layer=[
            {"data": {"values": marks}, "mark": {"type": "tick", "thickness": 1.5, "opacity": 0.8},
             "encoding": {"color": colour, "size": height}},
            {"data": {"values": plain}, "mark": {"type": "point", "filled": False, "size": 85, "strokeWidth": 2,
                                                 "opacity": 1, "color": COLOURS["ink"]}},
        ],
    )  # fmt: skip
    headings = ("code", "label", "ratio", "lowest", "highest", "same_class", "scenarios")
    return Figure(
        id=f"figure-curves-{content.file_name(kind)}", title=title, description=description, spec=spec,
        table=Table(
            id=f"table-curves-{content.file_name(kind)}", caption=title,
            headings=tuple(say(f"report.{name}", language) for name in headings), rows=tuple(rows),
        ),
    )  # fmt: skip


def draw_prompted(content: Content) -> Figure | None:
    """Who touches a code unasked, and who in answer to a question that names it."""
    language, frame = content.language, content.prompted
    frame = frame[frame["units"] > 0]
    if frame.empty:
        return None
    labels = {code.id: content.label(code) for code in content.study.codes}
    names = _unique([_name(f"{labels[str(name)]}") for name in frame.index])
    kinds = [say(f"figure.{part}", language) for part in ("unprompted", "prompted_only")]
    values = [
        {"name": name, "part": kind, "count": int(count), "order": order}
        for order, (kind, column) in enumerate(zip(kinds, ("unprompted", "prompted_only"), strict=True))
        for name, count in zip(names, frame[column], strict=True)
    ]
    unit = word("units", content.coverage.unit, language)
    title, description = say("figure.prompted", language), say("figure.prompted_text", language, unit=unit)
    colour = {"field": "part", "type": "nominal", "title": None, "sort": kinds,
              "scale": {"domain": kinds, "range": [COLOURS["main"], COLOURS["pale"]]}}  # fmt: skip
    spec = _spec(
        description,
        data={"values": values},
        width=420,
        height={"step": 22},
        mark={"type": "bar", "stroke": COLOURS["main"], "strokeWidth": 1},
        encoding={
            "y": _rows(),
            "x": {"field": "count", "type": "quantitative", "stack": True, "title": unit,
                  "axis": {"tickMinStep": 1, "format": "d"}},
            "color": colour,
            "order": {"field": "order", "type": "quantitative"},
        },
    )  # fmt: skip
    headings = (
        *(say(f"report.{part}", language) for part in ("code", "label", "questions", "touching")),
        *kinds,
    )
    rows = tuple(
        (name, labels[name], str(line["questions"]).replace(";", ", "),
         int(line["units"]), int(line["unprompted"]), int(line["prompted_only"]))
        for name, line in zip(map(str, frame.index), frame.to_dict("records"), strict=True)
    )  # fmt: skip
    return Figure(
        id="figure-prompted", title=title, description=description, spec=spec,
        table=Table(id="table-prompted", caption=title, headings=headings, rows=rows),
    )  # fmt: skip


# -- actor groups


def draw_groups(content: Content, kind: str) -> Figure | None:
    """The attention of each actor group to each target of a kind, group by group."""
    language, frame = content.language, content.by_group
    if frame is None:
        return None
    frame = frame[frame["kind"].eq(kind) & frame["assessed"].notna()]
    groups = [group for group in content.study.groups if group.id in set(frame["group"])]
    targets = [code for code in content.study.targets if code.kind == kind and code.id in set(frame["id"])]
    if len(groups) < 2 or not targets:  # noqa: PLR2004 -- one has none beside it
        return None
    cells = {(str(row.group), str(row.id)): row for row in frame.itertuples()}
    names = _unique([_name(content.label(group)) for group in groups])
    columns = _unique([_name(target.id) for target in targets])
    values = []
    for name, group in zip(names, groups, strict=True):
        for column, target in zip(columns, targets, strict=True):
            row: Any = cells[group.id, target.id]
            of = f"{int(row.units)}/{int(row.assessed)}"
            values.append({"name": name, "target": column, "value": flat(row.attention), "text": of})
    kind_word, unit = word("kind", kind, language), word("units", content.coverage.unit, language)
    title = say("figure.groups", language, kind=kind_word)
    description = say("figure.groups_text", language, kind=kind_word, unit=unit)
    spec = _heat(description, values, most=1.0)
    headings = (say("report.group", language), *(target.id for target in targets))
    rows = tuple(
        (name, *(value["text"] for value in values[place * len(targets) : (place + 1) * len(targets)]))
        for place, name in enumerate(content.label(group) for group in groups)
    )
    name = content.file_name(kind)
    return Figure(
        id=f"figure-groups-{name}", title=title, description=description, spec=spec,
        table=Table(id=f"table-groups-{name}", caption=title, headings=headings, rows=rows),
    )  # fmt: skip


def _heat(description: str, values: list[dict[str, Any]], *, most: float) -> dict[str, Any]:
    """A table of cells, darker for more, each with its text in it: ``name``, ``target``, ``value``, ``text``."""
    short = max((len(value["target"]) for value in values), default=0) <= _SHORT
    plain = {"ticks": False, "domain": False}
    top = {"orient": "top", "labelAngle": 0 if short else -45, **plain}
    scale = {"domain": [0, most], "range": list(_SHADES), "interpolate": "rgb"}
    return _spec(
        description,
        data={"values": values},
        width={"step": 46},
        height={"step": 22},
        encoding={
            "y": {**_rows(), "axis": plain},
            "x": {"field": "target", "type": "nominal", "sort": None, "title": None, "axis": top},
        },
        layer=[
            {
                "mark": {"type": "rect", "stroke": COLOURS["ground"], "strokeWidth": 2},
                "encoding": {"color": {"field": "value", "type": "quantitative", "legend": None, "scale": scale}},
            },
            {
                "mark": {"type": "text", "color": _ON_SHADE},
                "encoding": {"text": {"field": "text", "type": "nominal"}},
            },
        ],
    )


# -- the matrix


def draw_map(content: Content, kind: str) -> Figure | None:
    """The gap matrix of a kind of target as a picture; ``None`` where it is too big for a page."""
    matrix, language = content.matrices[kind], content.language
    if not 0 < len(matrix.values) <= _MOST or not 0 < len(matrix.values.columns) <= _MOST // 2:
        return None
    labels = {code.id: content.label(code) for code in content.study.codes}
    names = _unique([_name(labels[str(name)]) for name in matrix.values.index])
    columns = _unique([_name(str(name)) for name in matrix.values.columns])
    marks = matrix.marks()
    values = [
        {"name": name, "target": column, "value": flat(value) or 0, "text": mark}
        for name, row, texts in zip(names, matrix.values.to_numpy(dtype=object), marks, strict=True)
        for column, value, mark in zip(columns, row, texts, strict=True)
    ]
    most = max((value["value"] for value in values), default=1) or 1
    title = content.matrix_title(kind)
    description = f"{title}. {say('report.matrix_legend', language)}"
    spec = _heat(description, values, most=float(most))
    headings = (say("report.theme", language), say("report.code", language), *map(str, matrix.values.columns))
    rows = tuple((labels[str(name)], str(name), *texts) for name, texts in zip(matrix.values.index, marks, strict=True))
    name = content.file_name(kind)
    return Figure(
        id=f"figure-map-{name}", title=title, description=description, spec=spec,
        table=Table(id=f"table-map-{name}", caption=title, headings=headings, rows=rows),
    )  # fmt: skip


# -- three sides


def draw_sides(content: Content) -> Figure | None:
    """Which of input, policy and research have a theme, as an UpSet plot (Lex et al. 2014), strict and lenient."""
    language = content.language
    themes = content.sides[content.sides["kind"].eq("theme")]
    if themes.empty:
        return None
    names = [say(f"report.{side}", language) for side in ("input", "policy", "research")]
    counts = {how: _patterns(themes, how) for how in ("strict", "lenient")}
    unknown = say("word.unknown", language)
    title = say("figure.sides", language)
    told = {how: sum(found.values()) for how, found in counts.items()}
    description = say("figure.sides_text", language, whole=len(themes), strict=told["strict"], lenient=told["lenient"])
    most = max((count for found in counts.values() for count in found.values()), default=1)
    parts = [_upset(found, names, say(f"figure.{how}", language), most) for how, found in counts.items() if found]
    spec = _spec(description, hconcat=parts, spacing=44, resolve={"scale": {"x": "independent", "y": "independent"}})
    headings = (*names, say("figure.strict", language), say("figure.lenient", language))
    patterns = list(dict.fromkeys([*counts["strict"], *counts["lenient"]]))
    yes, no = say("word.yes", language), say("word.no", language)
    rows: list[tuple[str | int | float | None, ...]] = [
        (*(yes if has else no for has in pattern), counts["strict"].get(pattern, 0), counts["lenient"].get(pattern, 0))
        for pattern in patterns
    ]
    rows.append((unknown, None, None, len(themes) - told["strict"], len(themes) - told["lenient"]))
    return Figure(
        id="figure-sides", title=title, description=description,
        spec=spec if parts else _spec(description, data={"values": []}, mark="point"),
        table=Table(id="table-sides-counts", caption=title, headings=headings, rows=tuple(rows)),
    )  # fmt: skip


def _patterns(themes: pd.DataFrame, how: str) -> dict[tuple[bool, ...], int]:
    """How many themes each combination of sides has, most first; themes with a side that can't be told stand apart."""
    found: dict[tuple[bool, ...], int] = {}
    columns = ("input", f"policy_{how}", f"research_{how}")
    for values in zip(*(themes[column] for column in columns), strict=True):
        sides = tuple(flat(value) for value in values)
        if None not in sides:
            found[sides] = found.get(sides, 0) + 1
    return dict(sorted(found.items(), key=lambda pair: (-pair[1], [not has for has in pair[0]])))


def _upset(found: Mapping[tuple[bool, ...], int], names: Sequence[str], title: str, most: int) -> dict[str, Any]:
    order = [str(place) for place in range(len(found))]
    bars = [{"set": place, "count": count} for place, count in zip(order, found.values(), strict=True)]
    dots = [
        {"set": place, "side": name, "has": has}
        for place, pattern in zip(order, found, strict=True)
        for name, has in zip(names, pattern, strict=True)
    ]
    spans = [
        {"set": place, "from": mine[0], "to": mine[-1]}
        for place, pattern in zip(order, found, strict=True)
        if len(mine := [name for name, has in zip(names, pattern, strict=True) if has]) > 1
    ]
    x = {"field": "set", "type": "nominal", "sort": order, "axis": None}
    y = {"type": "nominal", "sort": list(names), "title": None, "axis": {"ticks": False, "domain": False}}
    counts = {"tickMinStep": 1, "format": "d", "tickCount": 4}
    height = {"field": "count", "type": "quantitative", "title": None, "scale": {"domain": [0, most]}, "axis": counts}
    filled = {"condition": {"test": "datum.has", "value": COLOURS["ink"]}, "value": COLOURS["line"]}
    bar_layers = [
        {"mark": {"type": "bar", "color": COLOURS["main"], "width": 18}},
        {"mark": {"type": "text", "baseline": "bottom", "dy": -3}, "encoding": {"text": {"field": "count"}}},
    ]
    dot_layers = [
        {
            "data": {"values": spans},
            "mark": {"type": "rule", "color": COLOURS["ink"], "strokeWidth": 3},
            "encoding": {"x": x, "y": {**y, "field": "from"}, "y2": {"field": "to"}},
        },
        {
            "data": {"values": dots},
            "mark": {"type": "point", "filled": True, "size": 130, "opacity": 1},
            "encoding": {"x": x, "y": {**y, "field": "side"}, "color": filled},
        },
    ]
    step = {"step": 34}
    top = {"data": {"values": bars}, "width": step, "height": 130, "encoding": {"x": x, "y": height}}
    called = {"text": title, "fontSize": 12, "fontWeight": "normal", "color": COLOURS["quiet"], "anchor": "start"}
    return {
        "spacing": 4,
        "title": called,
        "vconcat": [{**top, "layer": bar_layers}, {"width": step, "height": {"step": 24}, "layer": dot_layers}],
    }


# -- how the policy answers


def draw_answers(content: Content) -> Figure | None:
    """The ladder of responses: for each theme how far the policy has it, the themes most called for first."""
    language = content.language
    themes = content.sides[content.sides["kind"].eq("theme") & content.sides["presence"].notna()]
    if themes.empty:
        return None
    themes = themes.sort_values("demand", ascending=False, kind="stable", na_position="last")
    labels = {code.id: content.label(code) for code in content.study.codes}
    shown = themes.head(_MOST)
    names = _unique([_name(labels[str(name)]) for name in shown.index])
    steps = [word("presence", step, language) for step in _PRESENCE]
    weaker = {
        name: say("figure.no_emphasis", language) if not name else word("emphasis", name, language) for name in _SHAPES
    }
    values = [
        {
            "name": name,
            "step": word("presence", str(row.presence), language),
            "emphasis": weaker[flat(row.emphasis) or ""],
            "commitment": word("commitment", str(row.commitment), language) if flat(row.commitment) else "",
            "count": flat(row.speakers) or 0,
        }
        for name, row in zip(names, shown.itertuples(), strict=True)
    ]
    used = [name for name in weaker if any(value["emphasis"] == weaker[name] for value in values)]
    domain = [weaker[name] for name in used]
    unit = word("units", content.coverage.unit, language)
    title, description = say("figure.answers", language), say("figure.answers_text", language, unit=unit)
    shape = {"field": "emphasis", "type": "nominal", "title": None, "sort": domain,
             "scale": {"domain": domain, "range": [_SHAPES[name] for name in used]}}  # fmt: skip
    colours = {"stronger": COLOURS["main"], "equal": COLOURS["ink"], "weaker": COLOURS["other"], "": COLOURS["main"]}
    colour = {**shape, "scale": {"domain": domain, "range": [colours[name] for name in used]}}
    spec = _spec(
        description,
        data={"values": values},
        width=600,
        height={"step": 17},
        encoding={
            "y": _rows(),
            "x": {"field": "step", "type": "nominal", "sort": steps, "scale": {"domain": steps}, "title": None,
                  "axis": {"orient": "top", "labelAngle": 0, "grid": True, "labelLimit": 118}},
        },
        layer=[
            {"mark": {"type": "point", "filled": True, "size": 80, "opacity": 1},
             "encoding": {"shape": shape, "color": colour}},
            {"mark": {"type": "text", "align": "left", "dx": 8, "color": COLOURS["quiet"]},
             "encoding": {"text": {"field": "commitment"}}},
        ],
    )  # fmt: skip
    headings = tuple(
        say(f"report.{name}", language) for name in ("code", "label", "calls", "presence", "emphasis", "commitment")
    )
    rows = tuple(
        (str(row.Index), labels[str(row.Index)], flat(row.speakers),
         word("presence", str(row.presence), language),
         word("emphasis", str(row.emphasis), language) if flat(row.emphasis) else "",
         word("commitment", str(row.commitment), language) if flat(row.commitment) else "")
        for row in themes.itertuples()
    )  # fmt: skip
    return Figure(
        id="figure-answers", title=title, description=description, spec=spec,
        table=Table(id="table-answers", caption=title, headings=headings, rows=rows),
    )  # fmt: skip
