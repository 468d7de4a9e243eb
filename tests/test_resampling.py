"""Drawing units block by block: against scipy's distributions, against a plain loop, and for any division of work."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from policygap import draws, resampling
from policygap.draws import MOST_UNITS, draw_counts
from policygap.resampling import Sums, add_blocks, draw_sums, gather_sums, leave_out_each, make_sums

Array = np.ndarray[Any, Any]


def cells(units: int, columns: int, chance: float, amounts: int, seed: int = 0) -> tuple[Array, Array, Array]:
    """So large a part of all cells, with so many different amounts."""
    stream = np.random.default_rng(seed)
    unit, column = np.nonzero(stream.random((units, columns)) < chance)
    return unit, column, (1 + stream.integers(0, amounts, len(unit))) / 3


def made(sizes: tuple[int, ...], columns: int = 5, chance: float = 0.3, amounts: int = 3) -> Sums:
    """Sums of strata of these sizes."""
    strata = np.repeat(np.arange(len(sizes)), sizes)
    return make_sums(*cells(len(strata), columns, chance, amounts), columns=columns, strata=strata)


def same(one: Array, other: Array) -> bool:
    return np.ascontiguousarray(one).tobytes() == np.ascontiguousarray(other).tobytes()


# -- how often a unit is drawn


@pytest.mark.parametrize(("size", "others"), [(2, 1), (20, 14), (255, 100), (256, 100), (1000, 300), (4096, 41)])
def test_how_often_some_of_the_units_are_drawn_is_binomial_as_scipy_has_it(size: int, others: int) -> None:
    counts = draw_counts(np.random.default_rng(size), size, np.full(3000, size))
    assert (counts.sum(axis=0) == size).all()
    found = counts[:others].sum(axis=0, dtype=int)
    law = scipy.stats.binom(size, others / size)
    edges = np.unique(law.ppf(np.linspace(0.05, 0.95, 10)))
    expected = np.diff(np.concatenate([[0], law.cdf(edges), [1]])) * 3000
    observed = np.bincount(np.searchsorted(edges, found), minlength=len(expected))
    kept = expected > 0
    assert scipy.stats.chisquare(observed[kept], expected[kept]).pvalue > 1e-4
    assert observed[~kept].sum() == 0


@pytest.mark.parametrize("size", [300, 4096])
def test_how_often_one_unit_is_drawn_is_binomial_too(size: int) -> None:
    counts = draw_counts(np.random.default_rng(1), size, np.full(1000, size))
    observed = np.bincount(np.minimum(counts.ravel(), 7), minlength=8)
    law = scipy.stats.binom.pmf(np.arange(7), size, 1 / size)
    expected = np.append(law, 1 - law.sum()) * counts.size
    assert scipy.stats.chisquare(observed, expected).pvalue > 1e-4


@pytest.mark.parametrize("size", [256, 512, 1024, 2048, 4096])
def test_what_is_dealt_from_the_table_are_poisson_counts(size: int) -> None:
    table, ends = draws.make_table(size)  # no run is long enough to see a table that is a little wrong
    pairs = draws.pairs_of_counts().view(np.uint16).reshape(-1, 2)
    expected = scipy.stats.poisson.pmf(pairs, 1 - 4 / size**0.5).prod(axis=1)
    assert np.diff(ends / 65536, prepend=0) == pytest.approx(expected, abs=1e-13)
    sure = table != 0xFFFFFFFF
    assert (~sure).sum() < 100
    for place in (0.0, 1 - 1e-9):  # wherever in its part a number lies, it stands for the same pair
        outcome = np.searchsorted(ends, np.arange(65536)[sure] + place, side="right")
        assert (draws.pairs_of_counts()[outcome] == table[sure]).all()


@given(size=st.integers(1, MOST_UNITS), more=st.lists(st.integers(-300, 300), min_size=1, max_size=9))
@settings(deadline=None)
def test_every_replicate_has_its_draws(size: int, more: list[int]) -> None:
    wanted = np.maximum(size + np.array(more), 0)
    counts = draw_counts(np.random.default_rng(0), size, wanted)
    assert counts.shape == (size, len(wanted))
    assert (counts.sum(axis=0, dtype=int) == wanted).all()


# -- parts that add


@given(
    sizes=st.lists(st.sampled_from([1, 2, 7, 300, MOST_UNITS, 9000]), min_size=1, max_size=4),
    spread=st.booleans(),
    workers=st.integers(1, 4),
    chance=st.randoms(use_true_random=False),
)
@settings(deadline=None, max_examples=15)
def test_any_division_of_the_blocks_in_any_order_adds_to_the_same(
    sizes: list[int], spread: bool, workers: int, chance: Any
) -> None:
    sums = made(tuple(sizes))
    varies = np.linspace(0.3, 1, len(sizes) * sums.columns).reshape(len(sizes), -1) if spread else None
    whole = add_blocks(sums, 5, 1, varies, threads=1)
    numbers = list(range(sums.blocks))
    chance.shuffle(numbers)
    parts = [add_blocks(sums, 5, 1, varies, blocks=numbers[worker::workers]) for worker in range(workers)]
    chance.shuffle(parts)
    assert same(np.add.reduce(parts), whole)
    assert (whole % 1 == 0).all()


@pytest.mark.parametrize("columns", [5, 400])
@pytest.mark.parametrize("spread", [False, True])
def test_any_number_of_threads_gives_the_same(columns: int, spread: bool) -> None:
    sums = made((9000, 5000, 3), columns, 0.01)
    varies = np.full((3, columns), 0.9) if spread else None
    one, *others = (draw_sums(sums, 1500, 3, varies, threads=threads) for threads in (1, 2, 5))
    assert all(same(one, other) for other in others)


def test_what_goes_wrong_in_a_thread_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(resampling, "draw_counts", fail)
    with pytest.raises(MemoryError):
        add_blocks(made((9000,)), 5, 1, threads=2)


@pytest.mark.parametrize(
    ("units", "columns", "chance", "amounts"),
    [(4096, 300, 0.01, 1), (4096, 300, 0.01, 5), (4096, 3, 0.5, 2), (4000, 40, 0.1, 100_000), (700, 60, 0.02, 2)],
)
def test_sums_are_those_of_a_plain_loop_in_whole_numbers(units: int, columns: int, chance: float, amounts: int) -> None:
    sums, n = make_sums(*cells(units, columns, chance, amounts), columns=columns, strata=np.zeros(units, int)), 1100
    stream = np.random.default_rng(np.random.SeedSequence(5, spawn_key=(1, 0)))
    step = (1 << 22) // units
    times = np.concatenate(
        [draw_counts(stream, units, np.full(min(step, n - first), units)) for first in range(0, n, step)], axis=1
    )
    amount = sums.block(0, units).astype(np.int64)
    drawn = draw_sums(sums, n, 5)
    for replicate in (0, 1, n // 2, n - 1):
        once = [int(count) for count in times[:, replicate]]
        of_each = [sum(int(adds) * count for adds, count in zip(column, once, strict=True)) for column in amount.T]
        assert drawn[replicate].tolist() == of_each


def test_both_ways_to_add_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []
    for name in ("_sums_by_cell", "_product"):
        way = getattr(resampling.Cells, name)  # which way is taken shows nowhere else

        def tell(self: object, counts: Array, name: str = name, way: Any = way) -> Any:
            taken.append(name)
            return way(self, counts)

        monkeypatch.setattr(resampling.Cells, name, tell)
    draw_sums(made((4096,), 300, 0.01, 2), 2, 1)
    draw_sums(made((4096,), 3, 0.5, 2), 2, 1)
    assert taken == ["_sums_by_cell", "_product"]


# -- the form in which it is kept


@given(
    seed=st.integers(0, 9), parts=st.integers(1, 5), units=st.integers(1, 40), batch=st.sampled_from([1, 7, 1 << 19])
)
@settings(deadline=None)
def test_cells_in_any_order_and_parts_are_kept_the_same(seed: int, parts: int, units: int, batch: int) -> None:
    stream = np.random.default_rng(seed)
    strata = stream.integers(0, 3, units)
    _, strata = np.unique(strata, return_inverse=True)
    unit, column, value = cells(units, 6, 0.4, 3, seed)
    order = stream.permutation(len(unit))
    pieces = [(unit[some], column[some], value[some]) for some in np.array_split(order, parts)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resampling, "_GATHERED", batch)
        sums = gather_sums(pieces, columns=6, strata=strata)
    dense = np.zeros((units, 6))
    np.add.at(dense, (unit, column), value)
    expected = dense[np.argsort(strata, kind="stable")]
    assert sums.block(0, units) / sums.scale == pytest.approx(expected)
    assert sums.total / sums.scale == pytest.approx(dense.sum(axis=0))
    assert sums.strata == tuple(np.bincount(strata))


def test_nothing_at_all_is_drawn_without_ado() -> None:
    none = np.zeros(0, dtype=int)
    for strata in (none, np.zeros(4, dtype=int)):
        sums = make_sums(none, none, np.zeros(0), columns=2, strata=strata)
        assert draw_sums(sums, 3, 1).tolist() == [[0, 0]] * 3
    assert draw_sums(make_sums(none, none, np.zeros(0), columns=0, strata=none), 3, 1).shape == (3, 0)


def test_leaving_out_is_in_order_and_may_be_stopped() -> None:
    sums = made((5000,))
    every = np.concatenate(list(leave_out_each(sums, np.copy)))
    assert (every == sums.total - sums.block(0, 5000)).all()
    first = next(iter(leave_out_each(sums, np.copy)))
    assert (first == every[: len(first)]).all()


# -- what intervals come of it


@pytest.mark.parametrize("units", [20, 200, 1_000, 10_000, 100_000])
def test_intervals_of_a_share_are_as_wide_as_exact_binomial_ones(units: int) -> None:
    """Of four shares on average, so that chance in drawing is well under the two percent that are asked."""
    shares, n = (0.1, 0.3, 0.5, 0.8), 20_000 if units < 10_000 else 6_000
    touching = [np.arange(round(share * units)) for share in shares]
    unit, column = np.concatenate(touching), np.repeat(np.arange(4), [len(of) for of in touching])
    sums = make_sums(unit, column, np.ones(len(unit)), columns=4, strata=np.zeros(units, dtype=int))
    found = draw_sums(sums, n, 11) / sums.scale
    ratios = []
    for place, share in enumerate(shares):
        # an even number between 0 and 1 is added to the draws and to the law, so that steps do not matter
        spread = np.random.default_rng(place).random(n)
        low, high = np.quantile(found[:, place] + spread, [0.025, 0.975])
        ratios.append((high - low) / (_smooth(0.975, units, share) - _smooth(0.025, units, share)))
        assert found[:, place].var() == pytest.approx(units * share * (1 - share), rel=0.06)
    assert np.mean(ratios) == pytest.approx(1, abs=0.02)


def _smooth(part: float, units: int, share: float) -> float:
    """Where a binomial number, plus an even number between 0 and 1, has this part below it."""
    law = scipy.stats.binom
    whole = int(law.ppf(part, units, share))
    return whole + float((part - law.cdf(whole - 1, units, share)) / law.pmf(whole, units, share))


def test_with_few_units_independent_weights_would_be_too_wide() -> None:
    units, touching = 20, 16
    sums = make_sums(
        np.arange(touching), np.zeros(touching, int), np.ones(touching), columns=1, strata=np.zeros(units, int)
    )
    drawn = draw_sums(sums, 20_000, 1).ravel() / sums.scale
    poisson = np.random.default_rng(1).poisson(touching, 20_000)
    exact = units * 0.8 * 0.2
    assert drawn.var() == pytest.approx(exact, rel=0.05)
    assert poisson.var() > 4 * exact


def test_each_block_has_a_stream_of_its_own() -> None:
    units = 2 * MOST_UNITS  # two blocks that hold the same
    unit = np.arange(0, units, 2)
    sums = make_sums(unit, unit // MOST_UNITS, np.ones(len(unit)), columns=2, strata=np.arange(units) // MOST_UNITS)
    drawn = draw_sums(sums, 50, 1)
    assert not same(drawn[:, 0], drawn[:, 1])
