"""The bundled study from end to end: read, count, decide, trace, check, report."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import policygap as pg


def main() -> None:
    study = pg.read_study("smabystrategi")
    print(f"Study\n  {study.title}\n  {study!r}")

    # Who touches which focus area, of all speakers whose statements were assessed for focus areas.
    coverage = pg.measure_coverage(study)
    print("\nAttention")
    for name, row in coverage.targets[coverage.targets["kind"] == "focus_area"].iterrows():
        print(f"  {name} {row['units']:>2} of {row['assessed']} speakers, {row['attention']:.0%}; {row['label']}")

    # Themes and proposals against what the policy answers, each in exactly one class.
    gaps = [gap for gap in pg.find_gaps(coverage) if gap.is_gap]
    print("\nGaps")
    for gap in gaps[:5]:
        print(f"  {gap.kind}: {gap.sentence()}")

    # Behind every figure stand statements, and where they are found.
    first = gaps[0]
    print(f"\nBehind the first\n  {first.label}")
    for row in pg.trace(study, first).head(3).itertuples():
        print(f"  {row.statement} ({row.speaker}, {row.locator}): {row.text}")

    # What the source itself concludes, checked where it can be.
    claims = pg.check_claims(study)
    print("\nClaims")
    for verdict, number in claims["verdict"].value_counts().sort_index().items():
        print(f"  {verdict}: {number}")

    # Everything as files; here into a folder that goes away again.
    with TemporaryDirectory() as folder:
        pg.write_report(study, folder, robustness=False)  # left out: it counts the study in hundreds of other ways
        names = sorted(path.name for path in Path(folder).iterdir())
    print(f"\nReport\n  {', '.join(names)}")


if __name__ == "__main__":
    main()
