"""Rule files and files of texts: what is read, written and refused, with the place of every problem."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import policygap as pg
from policygap.cli import main
from policygap.rules import sources
from policygap.rules.files import classify_file
from policygap.rules.reading import parse_rules

RULES = """
name = "travel"
version = "2"
language = "en"

[[rules]]
code = "bus"
any = ["bus*", "light rail"]
none = ["business*"]

[[rules]]
code = "tax"
near = { patterns = ["tax*", "rail"], words = 4 }
note = "only where it is about rail"
"""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "travel.toml"
    path.write_text(RULES, encoding="utf-8")
    return path


# -- TOML


def test_a_rule_file_is_read(rules: Path) -> None:
    found = pg.read_rules(rules)
    assert (found.coder, found.language, found.codes) == ("travel 2", "en", ("bus", "tax"))
    assert found.classify(["Light rail!", "a business bus", "tax the rail"]).values.tolist() == [[0, "bus"], [2, "tax"]]


def test_every_problem_of_a_rule_file_has_its_line_and_column() -> None:
    text = (
        'name = "x"\nversjon = "2"\nrule = 3\n'
        '[[rules]]\ncode = "A"\nany = ["ok*", "*", "by*plan", ""]  # "*" here\nani = ["x"]\n'
        '[[rules]]\ncode = "A"\nall = ["x", 3]\n'
        '[[rules]]\ncode = "B"\nnear = { patterns = ["a"], words = 0, more = 1 }\n'
        '[[rules]]\nnone = []\n[[rules]]\ncode = 4\nany = "x"\n'
    )
    with pytest.raises(pg.UsageError) as error:
        parse_rules(text, "r.toml")
    assert str(error.value).splitlines() == [
        "r.toml, line 2, column 1: the rule set has no key 'versjon'; did you mean 'version'?",
        "r.toml, line 3, column 1: the rule set has no key 'rule'; did you mean 'rules'?",
        "r.toml, line 7, column 1: a rule has no key 'ani'; did you mean 'any'?",
        "r.toml, line 6, column 16: a * by itself matches every word; write the letters that words start or end with",
        "r.toml, line 6, column 23: 'by*plan' has a * within a word; write * at the start or end of a word alone",
        "r.toml, line 6, column 32: the pattern is empty; write a word, or take the pattern out",
        "r.toml, line 8, column 1: 3 is no text; write it in quotation marks",
        "r.toml, line 9, column 8: the code 'A' has a rule already; put their patterns into one rule",
        'r.toml, line 11, column 1: near takes patterns and words, and nothing else; write near = { patterns = ["one",'
        ' "other"], words = 5 }',
        'r.toml, line 11, column 1: near.words = 0 is no whole number of 1 or more; write near = { patterns = ["one",'
        ' "other"], words = 5 }',
        'r.toml, line 11, column 1: near takes two different patterns or more; write near = { patterns = ["one",'
        ' "other"], words = 5 }',
        'r.toml, line 14, column 1: the rule has no pattern; write any = ["word"]',
        'r.toml, line 14, column 1: the rule has no code; write code = "the id of a theme or target"',
        "r.toml, line 17, column 1: code = 4 is not text in quotation marks",
        "r.toml, line 18, column 1: any = 'x' is not a list",
        'r.toml, line 16, column 1: the rule has no code; write code = "the id of a theme or target"',
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name = ", "it is not TOML (Invalid value (at end of document))"),
        ('name = "x"', "it has no rules"),
        ("rules = 3", "rules = 3 is not a list"),
        ("rules = [3]", "3 is no rule"),
        ('[[rules]]\ncode = "A"\nany = ["a"]\nnear = 3', "near = 3 is not a table"),
    ],
)
def test_what_is_no_rule_file_is_refused(text: str, said: str) -> None:
    with pytest.raises(pg.UsageError) as error:
        parse_rules(text, "r.toml")
    assert said in str(error.value)


def test_a_hundred_thousand_patterns_are_read_and_found() -> None:
    words = [f"w{number:x}{'*' * (number % 3 == 0)}" for number in range(100_000)]
    listed = ", ".join(f'"{word}"' for word in words)
    found = parse_rules(f'[[rules]]\ncode = "A"\nany = [{listed}]', "many.toml")
    assert found.name == "many"
    assert found.classify(["x w1869e y", "w1869f", "wzz"])["text"].tolist() == [0, 1]


def test_files_that_can_not_be_read_say_why(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes('name = "blåbær"'.encode("latin-1"))
    for name, said in (("none.toml", "No such file"), ("latin.toml", "it is not UTF-8, but seems to be Windows-1252")):
        with pytest.raises(pg.UsageError, match=said):
            pg.read_rules(tmp_path / name)


def test_a_combination_and_a_strange_ending_are_not_written(tmp_path: Path) -> None:
    both = pg.Rule("x", any=["a"]) & pg.Rule("x", any=["b"])
    with pytest.raises(pg.UsageError, match="a combination has no place in a file"):
        pg.write_rules(pg.RuleSet(name="r", rules=[both]), tmp_path / "r.toml")
    with pytest.raises(pg.UsageError, match=r"no rule file that ends in '\.json'"):
        pg.write_rules(pg.RuleSet(name="r", rules=[pg.Rule("x", any=["a"])]), tmp_path / "r.json")
    assert not list(tmp_path.iterdir())


# -- dictionaries of other tools

QUANTEDA = """
transport:
  - bus*
  - "light rail"
  - water: [ferry, ferries]
tax: [levy, "*tax"]
"""

LIWC = "%\n1\ttransport\n2\ttax\n%\nbus*\t1\nlight rail\t1\ntoll road*\t1\t2\n"


def test_dictionaries_are_read_and_written_back(tmp_path: Path) -> None:
    for name, text, codes in (
        ("q.yml", QUANTEDA, ("tax", "transport", "transport.water")),
        ("l.dic", LIWC, ("tax", "transport")),
    ):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        found = pg.read_rules(path)
        assert found.codes == codes
        again = tmp_path / f"again-{name}"
        pg.write_rules(found, again)
        assert pg.read_rules(again).rules == found.rules
    assert pg.read_rules(tmp_path / "l.dic").classify(["a Toll Roads b"])["code"].tolist() == ["tax", "transport"]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("q.yml", "a: ['b?s']", "line 1, column 5: 'b?s' has a ? for any letter"),
        ("q.yml", "a:\n  - ok\n  - by*plan", "line 3, column 5: 'by*plan' has a * within a word"),
        ("q.yml", "a: &x [b]\nc: *x", "it has YAML aliases"),
        ("q.yml", "a: [", "it is not YAML"),
        ("q.yml", "[a, b]", "it is no dictionary"),
        ("q.yml", "", "it is no dictionary"),
        ("q.yml", "a: []", "it has no entries"),
        ("q.yml", "a: !!python/object/apply:os.system ['true']", ""),
        ("l.dic", "bus 1", "it is no LIWC dictionary"),
        ("l.dic", "%\n1 a\n%\nkind (of)\t1", "line 4: 'kind (of)\\t1' has a condition"),
        ("l.dic", "%\n1 a\n%\nbus*\t2", "line 4: no category has the number 2"),
        ("l.dic", "%\n1 a\n1 b\nc\n%\nbus", "line 3: the category '1 b' stands there already"),
        ("l.dic", "%\n1 a\n%\n*\t1", "line 4: a * by itself"),
    ],
)
def test_what_a_dictionary_can_not_mean_here_is_refused_by_entry(
    name: str, text: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    if not said:
        assert pg.read_rules(tmp_path / name).classify(["true"])["code"].tolist() == ["a"]  # a word, and nothing run
        return
    with pytest.raises(pg.UsageError) as error:
        pg.read_rules(tmp_path / name)
    assert said in str(error.value)


def test_rules_that_a_dictionary_can_not_hold_are_named(tmp_path: Path) -> None:
    rules = pg.RuleSet(name="r", rules=[pg.Rule("x", any=["*a"]), pg.Rule("y", any=["b"], none=["c"])])
    for name, said in (
        ("r.dic", "rule 'y': a LIWC dictionary can't hold"),
        ("r.yml", "rule 'y': a quanteda dictionary"),
    ):
        with pytest.raises(pg.UsageError, match=said):
            pg.write_rules(rules, tmp_path / name)
    with pytest.raises(pg.UsageError, match="can't hold the pattern '\\*a'"):
        pg.write_rules(pg.RuleSet(name="r", rules=rules.rules[:1]), tmp_path / "r.dic")


# -- what can't be meant


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"any": ["bus", "buses"]}, []),
        ({"any": ["bus*", "buses"]}, ["'buses' is found by 'bus*' already"]),
        (
            {"any": ["*us*", "*bus*", "bus"]},
            ["'*bus*' is found by '*us*' already", "'bus' is found by '*bus*' already"],
        ),
        ({"any": ["light rail", "rail"]}, ["'light rail' is found by 'rail' already"]),
        ({"any": ["bus", "BUS"]}, ["any has 'BUS' more than once"]),
        ({"all": ["bus*", "buses"]}, ["'bus*' asks for nothing that 'buses' does not"]),
        ({"all": ["buses"], "none": ["bus*"]}, ["the rule can't fire: it takes 'buses', which 'bus*' in none forbids"]),
        ({"any": ["buses"], "none": ["bus*"]}, ["the rule can't fire: none forbids every pattern of any"]),
        ({"any": ["buses", "x"], "none": ["bus*"]}, ["'buses' can't make the rule fire: 'bus*' in none forbids it"]),
        ({"none": ["bus"]}, ["the rule fires on every text without its words, also where nothing is said"]),
        (
            {"near": {"patterns": ["a b c", "d"], "words": 2}},
            ["the rule can't fire: 'a b c' has more words than the 2 that near allows"],
        ),
        ({"any": ["bus*"], "none": ["business"]}, []),
    ],
)
def test_patterns_that_can_not_be_meant_are_told(given: dict[str, Any], found: list[str]) -> None:
    rules = pg.RuleSet(name="r", rules=[pg.Rule("x", **given)])
    assert rules.check()["told"].tolist() == found


def test_rules_that_do_what_others_do_and_strange_codes_are_told(smabystrategi: pg.Study) -> None:
    rules = [
        pg.Rule("housing", any=["house*", "flat"]),
        pg.Rule("town-capacity", any=["flat", "HOUSE*"]),
        pg.Rule("A", any=["houses"], none=["white"]),
        pg.Rule("B", any=["x"], all=["flat"]),
        pg.Rule("hosing", any=["y", "flat"]),
    ]
    found = pg.RuleSet(name="r", rules=rules).check(smabystrategi)
    assert set(found[["code", "what", "other"]].itertuples(index=False, name=None)) >= {
        ("town-capacity", "equal", "housing"),
        ("A", "shadowed", "housing"),
        ("B", "shadowed", "housing"),
        ("hosing", "unknown", "housing"),
    }
    assert not ((found["code"] == "hosing") & (found["what"] == "shadowed")).any()


# -- codings


def test_rules_suggest_codings_that_a_study_takes(smabystrategi: pg.Study) -> None:
    rules = pg.RuleSet(name="try", rules=[pg.Rule("housing", any=["hous*", "dwelling*"]), pg.Rule("E", any=["rail*"])])
    more = smabystrategi.with_codings(rules.suggest(smabystrategi))
    mine = more.codings[more.codings["coder"] == "try 1"]
    assert set(mine["basis"]) == {"rule"}
    hits = mine[mine["code"].notna()]
    texts = smabystrategi.statements.set_index("id")["text"]
    for statement, code in hits[["statement", "code"]].itertuples(index=False):
        assert ("hous" if code == "housing" else "rail") in texts[statement].lower() or "dwelling" in texts[statement]
    looked = mine.groupby("statement", observed=True).size()
    assert set(looked.index) == set(smabystrategi.statements["id"])  # each was looked at for themes and for areas
    assert len(mine[mine["code"].isna()]) == sum(
        len(texts) - hits[hits["code"] == code]["statement"].nunique() for code in ("housing", "E")
    )
    in_norwegian = rules.suggest(smabystrategi, column="text_nb")
    assert len(in_norwegian) >= len(texts)
    before = pg.measure_coverage(smabystrategi).targets
    pd.testing.assert_frame_equal(pg.measure_coverage(more).targets, before)  # a suggestion is no judgement


def test_codes_and_columns_that_a_study_does_not_have_are_refused(smabystrategi: pg.Study) -> None:
    rules = pg.RuleSet(name="try", rules=[pg.Rule("hosing", any=["a"]), pg.Rule("E", any=["b"])])
    with pytest.raises(pg.UsageError, match=r"rule 'hosing': the study has no such code; did you mean 'housing'\?"):
        rules.suggest(smabystrategi)
    with pytest.raises(pg.UsageError, match="statements have no column 'txt'; did you mean 'text'"):
        rules.suggest(smabystrategi, column="txt")


# -- files of texts

ROWS = [
    ("ann", "More buses, tax on rail"),
    ("=cmd", "Light\nrail"),
    ("bo", ""),
    ("çé", "business bus"),
    ("", "tax rail"),
]
FOUND = [[0, "ann", "bus"], [0, "ann", "tax"], [1, "=cmd", "bus"], [4, "", "tax"]]


def as_csv(path: Path, *, separator: str = ",", encoding: str = "utf-8") -> Path:
    with path.open("w", newline="", encoding=encoding) as stream:
        writer = csv.writer(stream, delimiter=separator)
        writer.writerows([("who", "text"), *ROWS])
    return path


@pytest.mark.parametrize("batch", [2, 100_000])
@pytest.mark.parametrize(
    ("name", "separator", "encoding"),
    [("a.csv", ",", "utf-8"), ("a.csv", ";", "utf-8-sig"), ("a.tsv", "\t", "utf-16"), ("a.txt", ";", "cp1252")],
)
def test_texts_of_csv_files_get_codes(  # noqa: PLR0917
    name: str, separator: str, encoding: str, batch: int, rules: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "_ROWS", batch)
    source = as_csv(tmp_path / name, separator=separator, encoding=encoding)
    done = classify_file(pg.read_rules(rules), source, tmp_path / "out.csv", column="text", id="who")
    assert (done.rows, done.coded, done.codes) == (5, 3, 4)
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as stream:
        lines = list(csv.reader(stream))
    assert lines == [
        ["text", "who", "code"],
        *([str(row), who.replace("=cmd", "'=cmd"), code] for row, who, code in FOUND),
    ]


@pytest.mark.parametrize("out", ["out.csv", "out.parquet"])
def test_parquet_goes_in_and_out(out: str, rules: Path, tmp_path: Path) -> None:
    frame = pd.DataFrame(ROWS, columns=["who", "text"])
    frame.assign(number=1).to_parquet(tmp_path / "in.parquet")
    classify_file(pg.read_rules(rules), tmp_path / "in.parquet", tmp_path / out, id="who")
    found = pd.read_parquet(tmp_path / out) if out.endswith("parquet") else pd.read_csv(tmp_path / out).fillna("")
    assert found.assign(who=found["who"].str.lstrip("'")).values.tolist() == FOUND
    again = tmp_path / f"again-{out}"
    classify_file(pg.read_rules(rules), tmp_path / "in.parquet", again, id="who")
    assert again.read_bytes() == (tmp_path / out).read_bytes()


def test_a_folder_of_documents_gets_codes_and_bad_ones_are_told(
    rules: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "letters"
    folder.mkdir()
    (folder / "a.txt").write_text("More buses.\n\nNothing. And light rail.", encoding="utf-8")
    (folder / "b.pdf").write_bytes(b"%PDF-1.7 and nothing")
    out = tmp_path / "o.csv"
    assert main(["classify", str(rules), str(folder), "-o", str(out), "--split", "sentence", "--lang", "en"]) == 1
    assert out.read_text(encoding="utf-8").splitlines() == [
        "text,source,locator,code",
        "0,a.txt,¶ 1,bus",
        "2,a.txt,¶ 2,bus",
    ]
    said = capsys.readouterr()
    assert "2 of 3 texts have 2 codes" in said.out
    assert said.err.startswith("b.pdf: ")


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_parts_of_a_table_are_read_as_one(rules: Path, tmp_path: Path, ending: str) -> None:
    frame = pd.DataFrame({"who": ["ann", "bo", "cy"], "text": ["More buses", None, "Bus"]})
    parts, whole = tmp_path / "parts", tmp_path / f"whole.{ending}"
    (parts / "year=2024").mkdir(parents=True)
    (parts / "_SUCCESS").touch()
    for path, rows in (
        (whole, frame),
        (parts / f"a.{ending}", frame[:1]),
        (parts / f"year=2024/b.{ending}", frame[1:]),
    ):
        if ending == "csv":
            rows.to_csv(path, index=False)
        else:
            rows.to_parquet(path)
    told: list[tuple[int, int]] = []
    for source, out in ((whole, "one.csv"), (parts, "many.csv")):
        done = classify_file(
            pg.read_rules(rules),
            source,
            tmp_path / out,
            id="who",
            progress=lambda done, size: told.append((done, size)),
        )
        assert (done.rows, done.coded) == (3, 2)
    assert (tmp_path / "many.csv").read_text(encoding="utf-8").split() == ["text,who,code", "0,ann,bus", "2,cy,bus"]
    assert (tmp_path / "many.csv").read_bytes() == (tmp_path / "one.csv").read_bytes()
    assert told[-1] == (2000, 2000)


def test_a_part_without_the_column_is_named_and_nothing_written(rules: Path, tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    for name, header in (("a", "id,text"), ("b", "id,answer_1,answer_2"), ("c", "x,y")):
        (tmp_path / f"parts/{name}.csv").write_text(f"{header}\n1,bus\n", encoding="utf-8")
    with pytest.raises(pg.UsageError, match=r"b\.csv") as error:
        classify_file(pg.read_rules(rules), tmp_path / "parts", tmp_path / "o.csv")
    assert len(error.value.problems) == 2
    assert not (tmp_path / "o.csv").exists()


def test_documents_have_no_column_to_repeat(rules: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.txt").write_text("More buses.", encoding="utf-8")
    with pytest.raises(pg.UsageError, match="--id"):
        classify_file(pg.read_rules(rules), tmp_path / "in", tmp_path / "o.csv", id="who")


def test_the_command_classifies_and_tells_what_rules_can_not_mean(
    rules: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules.write_text(RULES.replace('"light rail"', '"light rail", "buses"'), encoding="utf-8")
    source = as_csv(tmp_path / "a.csv")
    assert main(["classify", str(rules), str(source), "-o", str(tmp_path / "o.csv")]) == 0
    said = capsys.readouterr()
    assert "3 of 5 texts have 4 codes" in said.out
    assert "rule 'bus': 'buses' is found by 'bus*' already" in said.err


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["a.csv", "-o", "o.csv", "--column", "txt"], "there is no column 'txt' for --column; did you mean 'text'?"),
        (["a.csv", "-o", "o.csv", "--id", "hwo"], "there is no column 'hwo' for --id; did you mean 'who'?"),
        (["b.csv", "-o", "o.csv"], "it is not clear which column holds the texts; name it with --column; it has a, b"),
        (["a.json", "-o", "o.xml"], "a file that ends in '.json' is not read"),
        (["no.csv", "-o", "o.csv"], "it can't be read or written: no such file or directory"),
        (["no.parquet", "-o", "o.csv"], "no.parquet"),
        (["bad.parquet", "-o", "o.csv"], "it is no Parquet file"),
        (["a.csv", "-o", "nowhere/o.csv"], "it can't be read or written: no such file or directory"),
    ],
)
def test_the_command_refuses_in_one_line_and_writes_nothing(  # noqa: PLR0917
    given: list[str], said: str, rules: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    as_csv(tmp_path / "a.csv")
    (tmp_path / "b.csv").write_text("a,b\n1,2\n")
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 and nothing")
    before = sorted(tmp_path.iterdir())
    assert main(["classify", str(rules), *given]) == 2
    assert said in capsys.readouterr().err
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("rows", [1, 3, 30_000])
def test_a_quote_that_is_never_closed_is_named_and_nothing_is_written(tmp_path: Path, rows: int) -> None:
    lines = ["id,text", *(f"{number},a bus" for number in range(rows)), '9,"an open one, with a bus', "10,a bus"]
    (tmp_path / "answers.csv").write_text("\n".join(lines), encoding="utf-8")
    rules = pg.RuleSet(name="travel", rules=[pg.Rule("bus", any=["bus"])])
    pg.write_rules(rules, tmp_path / "rules.toml")
    command = ["classify", str(tmp_path / "rules.toml"), str(tmp_path / "answers.csv"), "-o", str(tmp_path / "out.csv")]
    with pytest.raises(pg.UsageError, match=f"answers.csv, row {rows + 2}: a quote is opened here and never closed"):
        classify_file(rules, tmp_path / "answers.csv", tmp_path / "out.csv")
    assert main(command) == 2
    assert not (tmp_path / "out.csv").exists()
