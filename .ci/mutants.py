"""Mutation testing of the modules that pyproject.toml names under tool.mutmut: survivors and the score go out.

The score is the share of mutants that the tests notice, by a failure or by running on and on, among those that were
tried. Arguments are names of mutants to try, with wildcards: `policygap.decisions*`. What was tried before is not tried
again until its function or the tests change.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter

NOTICED = ("killed", "timeout", "segfault", "caught by type check")
TRIED = (*NOTICED, "survived", "no tests", "suspicious")


def main(arguments: list[str]) -> str | None:
    """Run mutmut and say what went wrong, or nothing."""
    mutmut = [sys.executable, "-m", "mutmut"]
    done = subprocess.run([*mutmut, "run", "--max-children", str(os.cpu_count() or 1), *arguments], check=False)
    if done.returncode:
        return "mutmut could not run; do the tests pass without it?"
    listed = subprocess.run([*mutmut, "results", "--all", "true"], check=True, capture_output=True, text=True).stdout
    results = [line.strip().rpartition(": ")[::2] for line in listed.splitlines() if ": " in line]
    tried = [(name, outcome) for name, outcome in results if outcome in TRIED]
    print("\nNot noticed (.venv/bin/python -m mutmut show NAME prints one):")
    for name, outcome in tried:
        if outcome not in NOTICED:
            print(f"  {name}: {outcome}")
    print(f"\n{'module':<24}{'mutants':>8}{'noticed':>9}{'score':>8}")
    for module in sorted({_module(name) for name, _ in tried}):
        _print_score(module, [outcome for name, outcome in tried if _module(name) == module])
    _print_score("all", [outcome for _, outcome in tried])
    untried = Counter(outcome for _, outcome in results if outcome not in TRIED)
    for outcome, number in sorted(untried.items()):
        print(f"{number} mutants: {outcome}")
    return None


def _module(name: str) -> str:
    # A mutant is called policygap.gaps.x_find_gaps__mutmut_1 or policygap.gaps.xǁGapǁtrace__mutmut_1.
    return name.rpartition(".x")[0]


def _print_score(what: str, outcomes: list[str]) -> None:
    noticed = sum(outcome in NOTICED for outcome in outcomes)
    score = f"{noticed / len(outcomes):.1%}" if outcomes else "-"
    print(f"{what:<24}{len(outcomes):>8}{noticed:>9}{score:>8}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
