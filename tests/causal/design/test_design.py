"""A design says who is treated, what could be found and what it costs; and it is kept as it was promised."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from causal.design import analyse, design, lift_rows, power, read_design, selection, write_design
from causal.design.file import digest
from causal.design.history import History, read_history
from causal.design.plan import Design
from causal.design.power import Coverage, Power, _of, aa_coverage, found, planted, simulate_power
from causal.design.selection import misfit, others, select
from causal.design.study import promise, refused
from causal.estimators import synthetic_control
from causal.estimators.counterfactual import Counterfactual
from causal.estimators.study import simulate
from mmm.errors import InputError

PERIODS = 4


@pytest.fixture(scope="module", autouse=True)
def few() -> Iterator[None]:
    """Fewer draws and placebos than a design takes: enough for its laws, and quick."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(selection, "DRAWS", 30)
        patch.setattr(power, "ASSIGNMENTS", 3)
        patch.setattr(power, "WINDOWS", 6)
        yield


def _long(kpi: np.ndarray, times: pd.DatetimeIndex) -> pd.DataFrame:
    rows = [
        {"geo": f"geo{geo}", "time": day, "kpi": kpi[geo, place], "tv": 10.0 * (geo + 1)}
        for geo in range(len(kpi))
        for place, day in enumerate(times)
    ]
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def market() -> pd.DataFrame:
    """16 geos, 64 weeks; the design may see the first 60."""
    trial = simulate(16, 64, PERIODS, 0.5, np.random.default_rng(8))
    return _long(trial.kpi, trial.times)


@pytest.fixture(scope="module")
def past(market: pd.DataFrame) -> pd.DataFrame:
    return market[market["time"] < sorted(market["time"].unique())[60]]


@pytest.fixture(scope="module")
def planned(past: pd.DataFrame) -> Design:
    cells = {"heavy-up": 2.0, "go-dark": 0.0}
    return design(past, "tv", PERIODS, cells=cells, share=0.125, exclude=["geo15"], spend="tv", seed=5)


@pytest.fixture(scope="module")
def history(past: pd.DataFrame) -> History:
    return read_history(past, spend="tv")


def test_cells_controls_and_excluded_geos_are_apart_and_complete(planned: Design) -> None:
    groups = [set(cell.geos) for cell in planned.cells] + [set(planned.controls), set(planned.excluded)]
    assert sum(len(group) for group in groups) == 16
    assert set.union(*groups) == {f"geo{number}" for number in range(16)}
    assert all(len(cell.geos) == 2 for cell in planned.cells)
    assert planned.randomised


def test_the_test_begins_when_the_past_ends(planned: Design, past: pd.DataFrame) -> None:
    assert pd.Timestamp(planned.start) == past["time"].max() + pd.Timedelta(weeks=1)
    assert pd.Timestamp(planned.end) == pd.Timestamp(planned.start) + pd.Timedelta(days=27)
    assert planned.measured_until == planned.end


def test_the_cost_is_the_usual_money_times_the_change(planned: Design) -> None:
    """tv costs 10 (g + 1) a week in geo g: twice as much adds it, none of it saves it."""
    up, dark = planned.cells
    weekly = {cell.name: sum(10.0 * (int(geo[3:]) + 1) for geo in cell.geos) for cell in planned.cells}
    assert up.spend_delta == pytest.approx(weekly["heavy-up"] * PERIODS)
    assert dark.spend_delta == pytest.approx(-weekly["go-dark"] * PERIODS)
    assert up.minimum_detectable_return > 0
    assert dark.minimum_detectable_return > 0


def test_a_multiple_of_nothing_is_not_a_test_that_costs_nothing(past: pd.DataFrame) -> None:
    made = design(past.assign(tv=0.0), "tv", PERIODS, cells={"heavy-up": 2.0}, spend="tv", seed=5)
    assert np.isnan(made.cells[0].spend_delta)
    assert np.isnan(made.cells[0].minimum_detectable_return)
    assert any("nothing was spent there before" in note for note in made.notes)


def test_power_grows_with_the_lift_and_reaches_the_wanted_one_at_the_minimum(planned: Design) -> None:
    for cell in planned.cells:
        shares = cell.power_table["power"].to_numpy()
        assert (np.diff(shares) >= 0).all()
        assert shares[0] < 0.3
        smallest = cell.minimum_detectable_lift
        assert cell.power_table.loc[cell.power_table["lift"] >= smallest, "power"].min() >= planned.wanted_power


def test_the_minimum_detectable_lift_is_a_quantile_of_what_placebos_need() -> None:
    seen = Power(np.array([[0.01, 0.02, 0.03, 0.04, np.inf]]))
    assert seen.minimum_detectable(0.8) == 0.04
    assert seen.minimum_detectable(0.9) == np.inf
    assert seen.at(-0.03) == 0.6  # a lift's sign is the design's


def test_a_threshold_is_where_the_test_begins_to_see(history: History) -> None:
    """The smallest lift that is found in one placebo, checked on both of its sides with the analysis's own test."""
    chosen = select(history, (4,), 1)
    flat = np.ones(PERIODS)
    needed = simulate_power(history, chosen.assignments, flat, 0.9).thresholds[:, -1]
    place = int(np.flatnonzero(needed > 0)[0])  # a placebo that is no false alarm
    last = _of(history, chosen.assignments[place], len(history.times), PERIODS)
    assert found(planted(last, float(needed[place]), flat), 1, 0.9)
    assert not found(planted(last, 0.9 * float(needed[place]), flat), 1, 0.9)


def test_an_estimator_that_does_not_cover_may_not_promise(history: History) -> None:
    """A rule that only copies the past's mean has intervals that miss, once sales wander."""
    drifting = History(history.kpi + 40 * np.arange(60) ** 1.5, None, history.geos, history.times)

    def stubborn(target: np.ndarray, controls: np.ndarray, before: np.ndarray) -> Counterfactual:
        return Counterfactual(np.full_like(target, target[before].mean()), np.zeros(len(controls)))

    chosen = select(history, (4,), 1).assignments
    assert "no minimum detectable effect" in aa_coverage(drifting, chosen, PERIODS, 0.9, stubborn).refused
    assert aa_coverage(history, chosen, PERIODS, 0.9).refused == ""


def test_a_design_whose_only_treated_geo_outgrows_the_others_is_refused() -> None:
    """Six windows a market, as everywhere here: a sound design is all but never refused, this one mostly."""
    assert refused("none", 4, seed=1)["refused"] == 0
    growing = refused("grows", 4, seed=1)
    assert growing["refused"] >= 0.5
    assert growing["coverage"] < 0.7


def test_a_refused_design_states_no_effect(past: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("causal.design.plan.aa_coverage", lambda *_: Coverage(0.5, 2.5, 0.9, 8, 100))
    refused = design(past, "tv", PERIODS, spend="tv")
    assert "50%" in refused.refused
    assert np.isnan(refused.cells[0].minimum_detectable_lift)
    assert refused.cells[0].power == ()


@pytest.mark.parametrize("match", ["strata", "pairs"])
def test_no_acceptable_choice_strays_much_farther_than_the_typical_draw_and_seeds_differ(
    history: History, match: str
) -> None:
    one, two = (select(history, (3,), seed, match=match) for seed in (1, 2))  # type: ignore[arg-type]
    scores = [misfit(history, cells) for cells in one.assignments]
    assert scores[0] == one.score
    assert max(scores) <= selection.WORST * one.typical_score
    assert one.assignments[0] != two.assignments[0]


def test_a_geo_that_no_others_follow_stays_out_and_chance_decides_among_the_rest(history: History) -> None:
    kpi = history.kpi.copy()
    kpi[3] *= 1 + 0.5 * np.sin(np.arange(60) / 5)
    odd = replace(history, kpi=kpi)
    treated = [cells[0] for cells in select(odd, (4,), 1).assignments]
    assert not any(3 in cell for cell in treated)
    assert len({row for cell in treated for row in cell}) > 10


def test_included_geos_are_treated_and_end_the_randomisation(history: History) -> None:
    chosen = select(history, (3,), 1, include=("geo7",))
    assert all(history.geos.index("geo7") in cells[0] for cells in chosen.assignments)
    assert not chosen.randomised


def test_cells_never_share_a_geo(history: History) -> None:
    cells = select(history, (3, 2), 1).assignments[0]
    assert [len(cell) for cell in cells] == [3, 2]
    assert set(others(cells, cells[0])) == set(cells[1])
    assert not set(cells[0]) & set(cells[1])


def test_a_design_comes_back_from_its_file_and_a_changed_file_is_refused(planned: Design, tmp_path: Path) -> None:
    path = tmp_path / "test.json"
    stated = write_design(planned, path)
    assert digest(read_design(path)) == stated
    facts = json.loads(path.read_text())
    facts["end"] = "2026-12-31"
    path.write_text(json.dumps(facts))
    with pytest.raises(InputError, match="changed after it was written"):
        read_design(path)


def test_the_analysis_leaves_the_other_cells_out_and_agrees_with_the_estimator(
    planned: Design, market: pd.DataFrame
) -> None:
    up, dark = planned.cells
    during = market["geo"].isin(up.geos) & (market["time"] >= planned.start)
    answers = analyse(market.assign(kpi=market["kpi"] * np.where(during, 1.2, 1.0)), planned)
    assert answers["heavy-up"].lift == pytest.approx(0.2, abs=0.08)
    assert answers["heavy-up"].p_value < 0.1
    assert set(answers["heavy-up"].weights.index) == set(planned.controls)  # type: ignore[union-attr]
    alone = synthetic_control.estimate(
        market, list(dark.geos), planned.start, planned.end, exclude=[*up.geos, *planned.excluded]
    )
    assert answers["go-dark"].att == alone.att
    rows = lift_rows(planned, answers)
    assert rows["spend_delta"].tolist() == [up.spend_delta, dark.spend_delta]
    assert rows["source"].str.contains(digest(planned)[:16]).all()


def test_a_request_that_cannot_be_met_says_everything_that_is_wrong(past: pd.DataFrame) -> None:
    with pytest.raises(InputError) as error:
        design(past, "tv", 0, cells={"same": 1.0}, share=[0.2, 0.3], cooldown=-1)
    assert len(error.value.problems) == 4
    with pytest.raises(InputError, match="known here"):
        design(past, "tv", 4, exclude=["atlantis"])
    with pytest.raises(InputError, match="at most 50%"):
        design(past, "tv", 4, share=0.7)


def test_a_small_market_keeps_its_promise() -> None:
    """Six markets of twelve geos: promise and detection differ by their Monte Carlo error. The long study is opt-in."""
    seen = promise(6, 0.08, geos=12, weeks=52, seed=3)
    assert 0.2 < seen["promised"] < 1.0
    assert abs(seen["promised"] - seen["detected"]) < 3 * seen["gap_se"]
