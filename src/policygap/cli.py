"""Words of a command line come in; text, files and an exit code go out: 0 done, 1 the study has problems, 2 usage."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from . import __version__
from .errors import PolicyGapError, Problem, UsageError, printable

__all__ = ["main"]

DONE, PROBLEMS, USAGE = 0, 1, 2
DEFAULT_STUDY, DEFAULT_OUT = "smabystrategi", "policygap-report"
TABLE_FORMATS = ("github", "csv", "json")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv
        The words after the program's name; ``None``: those it was called with.

    Returns
    -------
    int
        0 done, 1 the study has problems, 2 wrong usage.

    Examples
    --------
    >>> main(["check", "smabystrategi"])
    smabystrategi: no problems
    0
    """
    try:
        arguments = _parser().parse_args(argv)
        return int(arguments.run(arguments))
    except UsageError as error:
        return _complain(error, USAGE)
    except PolicyGapError as error:
        return _complain(error, PROBLEMS)
    except BrokenPipeError:
        # Whoever read our output has gone: nothing is left to say, and Python must not say it at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except KeyboardInterrupt:
        return 130


def _complain(error: PolicyGapError, code: int) -> int:
    for problem in error.problems:
        print(problem, file=sys.stderr)
    return code


class _Parser(argparse.ArgumentParser):
    """A parser whose complaint is one line."""

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {printable(message)}; see {self.prog} --help", file=sys.stderr)
        raise SystemExit(USAGE)


# -- the words


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="policygap",
        description="What a consultation asked for, a policy answers and research recommended, and where they part.",
    )
    parser.add_argument("--version", action="version", version=f"policygap {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Parser)

    report = _command(
        commands, "report", _report, "what an analyst needs first, and the full files", default=DEFAULT_STUDY
    )
    report.add_argument("--out", metavar="DIR", default=DEFAULT_OUT, help=f"folder of the full files ({DEFAULT_OUT})")
    report.add_argument("--lang", metavar="LANG", default="en", help="language of words and labels: en or nb")
    report.add_argument(
        "--formats", metavar="F", default="html,xlsx,docx,figures,md,csv", help="which, by commas (%(default)s)"
    )
    report.add_argument(
        "--quick", action="store_true", help="without trying how firm the findings are, which takes a while"
    )
    report.add_argument("--seed", type=int, default=0, metavar="N", help="of what is drawn at random (0)")
    report.add_argument("--force", action="store_true", help="write into a folder that holds other things")
    _counting(report)

    _command(commands, "check", _check, "every problem of a study, with file, row and column")

    matrix = _command(commands, "matrix", _matrix, "the evidence where two axes meet")
    matrix.add_argument(
        "--rows",
        default="theme",
        metavar="R",
        help="theme, target, a kind of target, group, speaker, question, addressee",
    )
    matrix.add_argument("--columns", default="focus_area", metavar="C", help="as for --rows")
    matrix.add_argument("--values", metavar="V", help="statements, speakers, share, class or links")
    _formats(matrix, (*TABLE_FORMATS, "html"))
    _counting(matrix)

    coverage = _command(commands, "coverage", _coverage, "attention and demand of every code")
    coverage.add_argument("--by", choices=("group",), help="break down by actor group")
    _formats(coverage)
    _counting(coverage)

    gaps = _command(commands, "gaps", _gaps, "named mismatches between input, policy and research")
    gaps.add_argument("--addressee", metavar="A", help="only calls to this addressee")
    gaps.add_argument("--all", action="store_true", help="every class, not the mismatches alone")
    gaps.add_argument(
        "--tables", metavar="FILE", action="append", default=[], help="a decision table in TOML, by its name"
    )
    _formats(gaps)
    _counting(gaps)

    for name, run, about in (
        ("sides", _sides, "input, policy and research, theme by theme"),
        ("speakers", _speakers, "who speaks, as whom, about how much"),
        ("conflicts", _conflicts, "codes with explicit codings both for and against"),
        ("claims", _claims, "the sources' own conclusions: holds, fails, or not computable"),
    ):
        command = _command(commands, name, run, about)
        _formats(command)
        _counting(command)

    for name, run, about in (
        ("quotes", _quotes, "telling statements about a code, across groups"),
        ("examples", _examples, "what is already done"),
        ("trace", _trace, "the statements behind a cell, with locators"),
    ):
        command = _command(commands, name, run, about)
        command.add_argument("--theme", metavar="T", help="a theme's id")
        command.add_argument("--target", metavar="A", help="a target's id")
        if name == "quotes":
            command.add_argument("--n", type=int, default=3, help="how many at most (3)")
        if name == "trace":
            command.add_argument("--speaker", metavar="S", help="an actor's or group's id")
        _formats(command)
        _counting(command)

    agreement = _command(commands, "agreement", _agreement, "how far coders agree, code by code", default=DEFAULT_STUDY)
    agreement.add_argument("--coders", metavar="C", help="two or more, by commas (all)")
    agreement.add_argument("--reading", metavar="R", default="main", help="main or alternative")
    agreement.add_argument(
        "--show", choices=("codes", "kinds", "pairs", "disagreements"), default="codes", help="which table (codes)"
    )
    agreement.add_argument("--n", type=int, default=1000, metavar="N", help="draws for the intervals of alpha (1000)")
    agreement.add_argument("--seed", type=int, default=0, metavar="N", help="of the draws (0)")
    _formats(agreement)

    _add_uncertainty(commands)
    _add_files(commands)
    return parser


def _add_uncertainty(commands: Any) -> None:
    """The commands that say how sure one can be."""
    robustness = _command(
        commands, "robustness", _robustness, "how firm each gap and claim is when choices change", default=DEFAULT_STUDY
    )
    robustness.add_argument("--seed", type=int, default=0, metavar="N", help="of what is drawn at random (0)")
    robustness.add_argument(
        "--together", type=int, default=200, metavar="N", help="scenarios in which several choices change (200)"
    )
    robustness.add_argument("--dimensions", metavar="D", help="which kinds of choice, by commas (all that apply)")
    robustness.add_argument("--lang", metavar="LANG", default="en", help="language of the sentences: en or nb")
    robustness.add_argument(
        "--show", choices=("findings", "effects", "scenarios"), default="findings", help="which table (findings)"
    )
    _formats(robustness)
    _counting(robustness)

    intervals = _command(
        commands,
        "intervals",
        _intervals,
        "how far every figure moves when the units are drawn anew",
        default=DEFAULT_STUDY,
    )
    intervals.add_argument("--n", type=int, default=2000, metavar="N", help="how many draws (2000)")
    intervals.add_argument("--seed", type=int, default=0, metavar="N", help="of the draws (0)")
    intervals.add_argument("--level", type=float, default=0.95, metavar="L", help="between 0 and 1 (0.95)")
    intervals.add_argument("--lang", metavar="LANG", default="en", help="language of what is said of them: en or nb")
    _formats(intervals)
    _counting(intervals)


def _add_files(commands: Any) -> None:
    """The commands that write studies."""
    about = "write a study as a folder (a Data Package), a workbook, a graph or another program's file"
    convert = commands.add_parser("convert", help=about, description=f"{about.capitalize()}.")
    _study(convert, metavar="IN")
    convert.add_argument("out", metavar="OUT", help="a folder, or a file whose ending names the format")
    convert.add_argument("--to", metavar="FORMAT", help="the format, where the ending does not tell")
    stamp = "write into each coding which text it judges, so that diff and check can tell when that has changed"
    convert.add_argument("--stamp", action="store_true", help=stamp)
    convert.set_defaults(run=_convert)

    about = "what changed between two studies: gaps opened and closed, codings, nouns, coverage"
    diff = commands.add_parser("diff", help=about, description=f"Print {about}.")
    diff.add_argument("old", metavar="OLD", help="the earlier study: a bundled id, a folder, or a file")
    _study(diff, metavar="NEW")
    shows = ("summary", "gaps", "codings", "nouns", "coverage", "stale")
    diff.add_argument("--show", choices=shows, default="summary", help="which table (summary)")
    _formats(diff)
    _counting(diff)
    diff.set_defaults(run=_diff)

    about = "give codes to the texts of a CSV or Parquet file by rules"
    classify = commands.add_parser("classify", help=about, description=f"{about.capitalize()}.")
    classify.add_argument("rules", metavar="RULES", help="a .toml file, a quanteda .yml or a LIWC .dic")
    classify.add_argument(
        "input", metavar="INPUT", help="a .csv, .tsv, .txt or .parquet file, or a folder of documents"
    )
    classify.add_argument("-o", "--out", metavar="OUT", required=True, help="a .csv or .parquet file to write")
    classify.add_argument("--column", metavar="C", help="the column of texts (the only one, or text)")
    classify.add_argument("--id", metavar="C", help="a column to repeat beside each code")
    classify.add_argument("--split", metavar="S", default="paragraph", help="documents into: paragraph, sentence, ...")
    classify.add_argument("--lang", metavar="LANG", default="nb", help="the documents' language, for sentences (nb)")
    classify.add_argument("--workers", metavar="N", type=int, help="how many threads give codes (as many as cores)")
    classify.add_argument("--processes", action="store_true", help="let these be processes instead of threads")
    classify.set_defaults(run=_classify)

    _add_review(commands)

    about = "how binding the sentences of a policy text are, with the words that decided"
    commitment = commands.add_parser("commitment", help=about, description=f"Print {about}.")
    commitment.add_argument(
        "file", metavar="FILE", help="a document (txt, md, html, docx, pdf, ...) or a folder of them"
    )
    commitment.add_argument("--lang", metavar="LANG", help="language of the text: nb, nn or en (guessed)")
    commitment.add_argument("--show", choices=("levels", "sentences"), default="levels", help="which table (levels)")
    _formats(commitment)
    commitment.set_defaults(run=_commitment)

    new = commands.add_parser("new", help="write a small study of your own to start from, or what a new coder needs")
    new.add_argument("dir", metavar="DIR", help="a folder that is new or empty, or a new .xlsx")
    new.add_argument("--from", dest="source", metavar="STUDY", help="start from this study instead of a small one")
    new.add_argument("--codebook-only", action="store_true", help="its codebook and statements, to be coded blind")
    new.set_defaults(run=_new)


def _add_review(commands: Any) -> None:
    """The commands by which people look over what rules suggest."""
    about = "let people decide on what rules suggest, and see how good the rules are"
    review = commands.add_parser("review", help=about, description=f"{about.capitalize()}.")
    steps = review.add_subparsers(dest="step", required=True, metavar="STEP", parser_class=_Parser)

    about = "write a workbook with a row for each code that rules suggest, to be decided on"
    step = steps.add_parser("export", help=about, description=f"{about.capitalize()}.")
    _study_and_rules(step)
    step.add_argument("-o", "--out", metavar="OUT", required=True, help="the .xlsx to write; none is ever replaced")
    step.add_argument("--lang", metavar="LANG", help="language of labels, e.g. nb")
    step.add_argument("--all", action="store_true", help="also statements for which the rules found nothing")
    step.set_defaults(run=_review_export)

    about = "add what people decided in the workbook to the study"
    step = steps.add_parser("import", help=about, description=f"{about.capitalize()}.")
    _study(step)
    step.add_argument("review", metavar="REVIEW", help="the workbook")
    step.add_argument(
        "-o", "--out", metavar="OUT", required=True, help="where to write the study: a folder or an .xlsx"
    )
    step.add_argument("--by", metavar="NAME", help="who decided, where the workbook does not say")
    step.add_argument("--revise", action="store_true", help="let people take back what they decided earlier")
    step.set_defaults(run=_review_import)

    about = "how good rules are, against a person's codings of statements that they were not written on"
    step = steps.add_parser("evaluate", help=about, description=f"Print {about}.")
    _study_and_rules(step)
    step.add_argument("--against", metavar="C", help="the coder who is taken to be right (the study's default)")
    step.add_argument(
        "--split",
        type=float,
        metavar="SHARE",
        help="written on the share that split_statements chooses (the file says)",
    )
    step.add_argument(
        "--show", choices=("kinds", "codes", "errors", "patterns"), default="kinds", help="which table (kinds)"
    )
    step.add_argument("--n", type=int, default=1000, metavar="N", help="draws for the intervals of alpha (1000)")
    step.add_argument("--seed", type=int, default=0, metavar="N", help="of the draws (0)")
    _formats(step)
    step.set_defaults(run=_review_evaluate)


def _study_and_rules(command: argparse.ArgumentParser) -> None:
    _study(command)
    command.add_argument("rules", metavar="RULES", help="a bundled id, a .toml file, a quanteda .yml or a LIWC .dic")
    command.add_argument("--column", metavar="C", default="text", help="the column of statements they read (text)")


def _command(
    commands: Any, name: str, run: Callable[[argparse.Namespace], int], about: str, *, default: str | None = None
) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=about, description=f"Print {about}.")
    _study(command, default=default)
    command.set_defaults(run=run)
    return command


def _study(command: argparse.ArgumentParser, *, metavar: str = "STUDY", default: str | None = None) -> None:
    """The study that a command reads."""
    command.add_argument(
        "study",
        metavar=metavar,
        default=default,
        nargs="?" if default else None,
        help="a bundled id, a folder, an .xlsx, or another program's file" + (f" ({default})" if default else ""),
    )
    group = command.add_argument_group("files of other programs")
    group.add_argument("--mapping", metavar="FILE", help="a .toml that says which codes are themes and targets")
    group.add_argument(
        "--max-mb", type=int, metavar="N", help="read so many MB at most (1000 of archives, 250 of others)"
    )


def _formats(command: argparse.ArgumentParser, formats: Sequence[str] = TABLE_FORMATS) -> None:
    command.add_argument("--format", choices=formats, default="github", help=f"{', '.join(formats)} (github)")


def _counting(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("what counts")
    group.add_argument("--unit", metavar="U", help="speaker, actor, statement or theme")
    group.add_argument("--weights", metavar="W", default="equal", help="equal, group, population, or a numeric column")
    group.add_argument(
        "--kinds", metavar="K", default="call", help="statement kinds that count as demand, by commas (call)"
    )
    group.add_argument("--basis", metavar="B", default="coder", help="coding bases that count, by commas (coder)")
    group.add_argument("--coder", metavar="C", help="whose codings count, by commas")
    group.add_argument("--reading", metavar="R", default="main", help="main or alternative")
    group.add_argument("--voices", metavar="V", help="statement voices that count, by commas (all but synthesis)")
    group.add_argument("--restated", action="store_true", help="count statements that restate another too")
    group.add_argument("--counting", metavar="C", default="fractional", help="in shares: fractional or full")


def _words(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(word.strip() for word in text.split(",") if word.strip())


def _choices(arguments: argparse.Namespace) -> Any:
    from .choices import Choices  # loaded when a command needs it, so that --help is quick

    return Choices(
        unit=arguments.unit,
        weights=arguments.weights,
        kinds=_words(arguments.kinds) or (),
        basis=_words(arguments.basis),
        coder=_words(arguments.coder),
        reading=arguments.reading,
        voices=_words(arguments.voices),
        restated=arguments.restated,
        counting=arguments.counting,
    )


def _read(arguments: argparse.Namespace) -> Any:
    from .study import read_study  # as above

    return read_study(arguments.study, mapping=arguments.mapping, limits=_limits(arguments))


def _limits(arguments: argparse.Namespace) -> Any:
    from .io.limits import Limits

    most = arguments.max_mb
    return Limits() if most is None else Limits.of_megabytes(most)


# -- what each command does
# Every command loads what it needs and no more, so that --help and --version stay quick.


def _report(arguments: argparse.Namespace) -> int:
    from .report import gather_content, render_text
    from .report.files import check_place, write_content

    wanted = check_place(arguments.out, arguments.formats.split(","), force=arguments.force)
    content = gather_content(
        _read(arguments),
        arguments.lang,
        _choices(arguments),
        robustness=not arguments.quick,
        seed=arguments.seed,
        progress=_progress_bar(),
    )
    files = write_content(content, arguments.out, formats=wanted, force=arguments.force, steps=_show_progress)
    terminal = sys.stdout.isatty()
    width = min(shutil.get_terminal_size((100, 24)).columns, 120)
    blocks = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    colour = terminal and "NO_COLOR" not in os.environ
    _print(render_text(content, width=width, colour=colour, blocks=blocks, folder=str(files[0])), end="")
    return DONE


def _show_progress(steps: Sequence[str]) -> Iterable[str]:
    """The steps one by one, with a bar for whoever sits at a terminal and has tqdm."""
    if not sys.stderr.isatty():
        return steps
    try:
        from tqdm import tqdm
    except ImportError:
        return steps
    return tqdm(steps, file=sys.stderr, leave=False, bar_format="{l_bar}{bar}| {n}/{total} {elapsed}")


_REMARKED = ("reading", "stale")  # what an author of the files can do something about


def _check(arguments: argparse.Namespace) -> int:
    study = _read(arguments)
    for notice in study.notices:
        if notice.kind in _REMARKED:
            print(printable(str(notice)), file=sys.stderr)
    _print(f"{printable(arguments.study)}: no problems")
    return DONE


def _matrix(arguments: argparse.Namespace) -> int:
    from .matrices import build_matrix

    matrix = build_matrix(_read(arguments), arguments.rows, arguments.columns, arguments.values, _choices(arguments))
    if arguments.format in ("json", "csv"):
        return _emit(matrix.to_long(), arguments.format)
    from .escaping import for_markdown

    cells = [[name, *row] for name, row in zip(matrix.values.index, matrix.marks(), strict=True)]
    headings = [matrix.rows, *matrix.values.columns]
    escape: Callable[[str], str] = str if arguments.format == "html" else for_markdown
    _tabulate(
        [[escape(str(cell)) for cell in row] for row in cells],
        [escape(str(name)) for name in headings],
        arguments.format,
    )
    return DONE


def _coverage(arguments: argparse.Namespace) -> int:
    import pandas as pd

    from .coverage import measure_coverage

    coverage = measure_coverage(_read(arguments), _choices(arguments), by=arguments.by)
    if coverage.breakdown is not None:
        return _emit(coverage.breakdown, arguments.format)
    themes = coverage.themes.assign(kind="theme")
    return _emit(pd.concat([coverage.targets, themes]).reset_index(names="id"), arguments.format)


def _gaps(arguments: argparse.Namespace) -> int:
    import pandas as pd

    from .coverage import measure_coverage
    from .decisions import read_table
    from .gaps import find_gaps

    tables = {table.name: table for table in map(read_table, arguments.tables)}
    coverage = measure_coverage(_read(arguments), _choices(arguments))
    gaps = find_gaps(coverage, addressee=arguments.addressee, tables=tables)
    lines = [gap.to_dict() for gap in gaps if gap.is_gap or arguments.all]
    if arguments.format == "github":
        lines = [{name: line[name] for name in ("kind", "subject", "sentence")} for line in lines]
    columns = list(dict.fromkeys(name for line in lines for name in line)) or ["kind", "subject", "sentence"]
    return _emit(pd.DataFrame(lines, columns=columns), arguments.format)


def _sides(arguments: argparse.Namespace) -> int:
    from .sides import compare_sides

    return _emit(compare_sides(_read(arguments), _choices(arguments)).reset_index(), arguments.format)


def _speakers(arguments: argparse.Namespace) -> int:
    from .tracing import list_speakers

    return _emit(list_speakers(_read(arguments), _choices(arguments)), arguments.format)


def _conflicts(arguments: argparse.Namespace) -> int:
    from .tracing import find_conflicts

    return _emit(find_conflicts(_read(arguments), _choices(arguments)), arguments.format)


def _claims(arguments: argparse.Namespace) -> int:
    from .claims import check_claims

    return _emit(check_claims(_read(arguments), _choices(arguments)).reset_index(), arguments.format)


def _agreement(arguments: argparse.Namespace) -> int:
    from .agreement import measure_agreement

    agreement = measure_agreement(
        _read(arguments), _words(arguments.coders), reading=arguments.reading, n=arguments.n, seed=arguments.seed
    )
    table = getattr(agreement, arguments.show)
    return _emit(table.reset_index() if arguments.show in ("codes", "kinds") else table, arguments.format)


def _robustness(arguments: argparse.Namespace) -> int:
    from .robustness import measure_robustness

    dimensions = _words(arguments.dimensions)
    if dimensions == ():
        fix = "name some, or leave the option out"
        raise UsageError([Problem(file="dimensions", what="the list is empty", fix=fix)])
    tried = measure_robustness(
        _read(arguments),
        _choices(arguments),
        dimensions=dimensions,
        together=arguments.together,
        seed=arguments.seed,
        progress=_progress_bar(),
    )
    if not tried.complete:
        print(f"interrupted after {len(tried.scenarios)} scenarios", file=sys.stderr)
    for sentence in tried.explain_untried(arguments.lang):
        print(printable(sentence), file=sys.stderr)
    if arguments.show == "effects":
        return _emit(tried.effects(), arguments.format)
    if arguments.show == "scenarios":
        outcomes = tried.outcomes.set_axis([f"{kind} {name}" for kind, name in tried.outcomes.columns], axis="columns")
        return _emit(tried.scenarios.join(outcomes).reset_index(names="scenario"), arguments.format)
    table = tried.findings.assign(
        sentence=[
            tried.sentence(kind, name, arguments.lang)
            for kind, name in zip(tried.findings["type"], tried.findings["id"], strict=True)
        ]
    )
    if arguments.format == "github":
        table = table[["type", "id", "outcome", "verdict", "sentence"]]
    return _emit(table, arguments.format)


def _progress_bar() -> Callable[[int, int], Any] | None:
    """What draws a bar for whoever sits at a terminal and has tqdm."""
    if not sys.stderr.isatty():
        return None
    try:
        from tqdm import tqdm
    except ImportError:
        return None
    bar = tqdm(file=sys.stderr, leave=False, bar_format="{l_bar}{bar}| {n}/{total} {elapsed}<{remaining}")

    def show(done: int, total: int) -> None:
        bar.total = total
        bar.update(done - bar.n)

    return show


def _intervals(arguments: argparse.Namespace) -> int:
    from .uncertainty import bootstrap

    drawn = bootstrap(_read(arguments), _choices(arguments), n=arguments.n, seed=arguments.seed, level=arguments.level)
    table = drawn.intervals
    if arguments.format == "github":
        for sentence in (drawn.name(arguments.lang), *drawn.explain(arguments.lang)):
            _print(sentence)
        _print("")
        table = table.drop(columns=["kind", "assessed"])
    return _emit(table, arguments.format)


def _quotes(arguments: argparse.Namespace) -> int:
    from .tracing import select_quotes

    where = {"theme": arguments.theme, "target": arguments.target}
    return _emit(select_quotes(_read(arguments), _choices(arguments), n=arguments.n, **where), arguments.format)


def _examples(arguments: argparse.Namespace) -> int:
    from .tracing import list_examples

    where = {"theme": arguments.theme, "target": arguments.target}
    return _emit(list_examples(_read(arguments), _choices(arguments), **where), arguments.format)


def _trace(arguments: argparse.Namespace) -> int:
    from .tracing import trace

    where = {"theme": arguments.theme, "target": arguments.target, "speaker": arguments.speaker}
    return _emit(trace(_read(arguments), choices=_choices(arguments), **where), arguments.format)


_DRAWN = ("themes", "targets", "links")


def _convert(arguments: argparse.Namespace) -> int:
    from .evidence import collect_evidence
    from .graph import build_graph
    from .io.formats import find_format
    from .onward import EVIDENCE, GRAPHS, write_evidence, write_graph

    study, out = _read(arguments), Path(arguments.out)
    if arguments.stamp:
        from .comparison import stamp_codings

        study = stamp_codings(study)
    other = arguments.to or find_format(out, reading=False)
    if not other and out.suffix.lower() in GRAPHS and not out.is_dir():
        write_graph(build_graph(study), out)
        others = [f"{name} ({len(frame)})" for name, frame in study.tables.items() if len(frame) and name not in _DRAWN]
        if others:
            print(f"A graph holds codes and how often they meet, and not {', '.join(others)}.", file=sys.stderr)
        return DONE
    if not other and out.suffix.lower() == EVIDENCE and not out.is_dir():
        write_evidence(collect_evidence(study), out)
        return DONE
    for loss in study.write(out, format=arguments.to):
        print(printable(loss), file=sys.stderr)
    return DONE


def _diff(arguments: argparse.Namespace) -> int:
    from .comparison import diff_studies
    from .study import read_study

    old = read_study(arguments.old, mapping=arguments.mapping, limits=_limits(arguments))
    diff = diff_studies(old, _read(arguments), _choices(arguments))
    if arguments.show != "summary":
        return _emit(getattr(diff, arguments.show), arguments.format)
    if not diff and arguments.format == "github":
        _print("nothing changed")
        return DONE
    _emit(diff.summary(), arguments.format)
    for name, shown in (
        ("gaps", ["subject", "old", "new", "change", "because"]),
        ("stale", ["statement", "code", "coder"]),
    ):
        frame = getattr(diff, name)
        if arguments.format == "github" and len(frame):
            _print("")
            _emit(frame[shown], arguments.format)
    return DONE


def _classify(arguments: argparse.Namespace) -> int:
    from .rules.files import classify_file
    from .rules.reading import read_rules
    from .rules.working import count_cores

    rules = read_rules(arguments.rules)
    for finding in rules.check().to_dict("records"):
        print(printable(f"{arguments.rules}, rule {finding['code']!r}: {finding['told']}"), file=sys.stderr)
    done = classify_file(
        rules,
        arguments.input,
        arguments.out,
        column=arguments.column,
        id=arguments.id,
        split=arguments.split,
        language=arguments.lang,
        progress=_progress_bar(),
        workers=count_cores() if arguments.workers is None else arguments.workers,
        apart=arguments.processes,
    )
    for problem in done.problems:
        print(problem, file=sys.stderr)
    _print(f"{done.coded:,} of {done.rows:,} texts have {done.codes:,} codes: {printable(arguments.out)}")
    return PROBLEMS if done.problems else DONE


def _review_export(arguments: argparse.Namespace) -> int:
    from .review import export_review
    from .rules.reading import read_rules

    study, rules = _read(arguments), read_rules(arguments.rules)
    options = {"column": arguments.column, "everything": arguments.all, "language": arguments.lang}
    rows = export_review(study, rules, arguments.out, **options)
    decided = int(rows["decision"].notna().sum())
    _print(f"{len(rows):,} rows, {decided:,} of them decided already: {printable(arguments.out)}")
    return DONE


def _review_import(arguments: argparse.Namespace) -> int:
    from .review import import_review

    study = _read(arguments)
    reviewed = import_review(study, arguments.review, by=arguments.by, revise=arguments.revise)
    reviewed.write(arguments.out)
    more = len(reviewed.codings) - len(study.codings)
    _print(f"{more:+,} rows of codings, {len(reviewed.codings):,} in all: {printable(arguments.out)}")
    return DONE


def _review_evaluate(arguments: argparse.Namespace) -> int:
    from .evaluation import evaluate_rules, split_statements
    from .rules.reading import read_rules

    study, rules = _read(arguments), read_rules(arguments.rules)
    written_on = None if arguments.split is None else split_statements(study, arguments.split)
    options = {"against": arguments.against, "column": arguments.column, "n": arguments.n, "seed": arguments.seed}
    found = evaluate_rules(study, rules, written_on=written_on, **options)
    if arguments.format == "github":
        _print(found.explain())
        _print("")
    table = getattr(found, arguments.show)
    return _emit(table.reset_index() if arguments.show in ("kinds", "codes") else table, arguments.format)


def _commitment(arguments: argparse.Namespace) -> int:
    from .commitment import measure_commitment
    from .documents import read_documents

    documents = read_documents(arguments.file)
    for problem in documents.problems:
        print(problem, file=sys.stderr)
    if documents.problems and documents.texts.empty:
        return PROBLEMS
    found = measure_commitment(documents, arguments.lang)
    if arguments.format == "github":
        guessed = "" if arguments.lang else f" (language guessed: {found.language})"
        _print(found.explain() + guessed)
        _print("")
    return _emit(getattr(found, arguments.show), arguments.format)


def _new(arguments: argparse.Namespace) -> int:
    from .starting import start_study

    for line in start_study(arguments.dir, source=arguments.source, codebook_only=arguments.codebook_only):
        _print(line)
    return DONE


# -- tables to standard output


def _print(text: str, end: str = "\n") -> None:
    """Print what the terminal's encoding can hold, and a mark for what it can't."""
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "replace").decode(encoding), end=end)


def _emit(table: Any, form: str) -> int:
    """Print a frame as GitHub's Markdown, CSV, or JSON (an array of flat objects)."""
    import json

    from .escaping import flat, for_markdown
    from .report.files import to_csv

    if form == "csv":
        _print(to_csv(table), end="")
        return DONE
    rows = [{name: flat(cell) for name, cell in row.items()} for row in table.to_dict("records")]
    if form == "json":
        _print(json.dumps(rows, ensure_ascii=False, indent=1))
        return DONE
    shown = [[_short(row[name], for_markdown) for name in table.columns] for row in rows]
    _tabulate(shown, list(table.columns), form)
    return DONE


def _short(value: Any, escape: Callable[[str], str]) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else escape(str(value))


def _tabulate(rows: Iterable[Iterable[object]], headings: Sequence[str], form: str) -> None:
    from tabulate import tabulate

    _print(tabulate([list(row) for row in rows], headers=list(headings), tablefmt=form, disable_numparse=True))
