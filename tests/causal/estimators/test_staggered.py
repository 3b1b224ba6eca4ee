"""Roll-outs on several dates: by hand, against one date, and where the usual regression gets the sign wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from causal.estimators import did, staggered, to_lift_rows
from mmm.data.lift import read_lift
from mmm.errors import InputError
from tests.causal.estimators.markets import WEEKS, market

DATES = {"geo0": WEEKS[30], "geo1": WEEKS[30], "geo2": WEEKS[44], "geo3": WEEKS[44]}


def rollout(effect: float = 0.0, growth: float = 0.0, seed: int = 0, ahead: float = 0.0) -> pd.DataFrame:
    """Sixteen geos that swing as their size does; four adopt, and `ahead` builds up in the six weeks before they do."""
    numbers = np.arange(16)
    wide = (market(geos=16, seed=seed) - 5 * numbers) * (1 + numbers % 5 / 5)
    for geo, day in DATES.items():
        since = np.arange(60) - WEEKS.get_loc(day)
        wide[geo] += (since >= 0) * (effect + growth * since) + ahead * np.clip(since + 6, 0, 6)
    return wide


def test_a_treated_cell_is_compared_with_untreated_cells_alone() -> None:
    """Sales of 10 everywhere, all weeks 2 higher from the fourth on; a gains 5 from the fourth, b 1 from the fifth."""
    kpi = {"a": [10, 10, 10, 17, 17], "b": [10, 10, 10, 12, 13], "c": [10, 10, 10, 12, 12]}
    wide = pd.DataFrame(kpi, index=WEEKS[:5], dtype=float)
    found = staggered.estimate(wide, {"a": WEEKS[3], "b": WEEKS[4]})
    assert found.att == pytest.approx((5 + 5 + 1) / 3)
    assert found.expected == pytest.approx(36)
    assert [each.att for each in staggered.by_date(wide, {"a": WEEKS[3], "b": WEEKS[4]})] == pytest.approx([5, 1])


def test_growing_effects_that_turn_the_usual_regressions_sign() -> None:
    """Every geo gains, more with every week; late adopters are compared with early ones, and seem to lose."""
    weeks, first = 60, np.repeat([6, 50, 60], [10, 9, 1])
    since = np.arange(weeks) - first[:, None]
    gains = np.where(since >= 0, 1.0 + since, 0.0)
    kpi = 100 + np.sin(np.arange(weeks)) + gains
    wide = pd.DataFrame(kpi.T, index=WEEKS, columns=[f"geo{i:02d}" for i in range(20)])
    assert two_way_regression(kpi, since >= 0) < -1
    found = staggered.estimate(wide, {wide.columns[geo]: WEEKS[first[geo]] for geo in range(19)})
    assert found.att == pytest.approx(gains[since >= 0].mean())


def test_one_date_and_geos_of_one_size_are_difference_in_differences() -> None:
    wide = market(geos=12, effect=3.0)
    wide *= 100 / wide.iloc[:-4].mean()
    found = staggered.estimate(wide, {"geo0": WEEKS[-4], "geo1": WEEKS[-4]})
    plain = did.estimate(wide, ["geo0", "geo1"], WEEKS[-4], WEEKS[-1])
    assert found.att == pytest.approx(plain.att)
    assert found.lift == pytest.approx(plain.lift)
    assert found.window == plain.window


def test_an_effect_is_found_and_the_answer_is_consistent_with_itself() -> None:
    for effect in (0.0, 4.0):
        found = staggered.estimate(rollout(effect), DATES)
        assert found.att == pytest.approx(effect, abs=0.8)
        assert found.interval[0] <= found.att <= found.interval[1]
        assert (found.interval[0] <= 0 <= found.interval[1]) == (found.p_value >= 0.1)
    assert found.p_value < 0.01
    assert found.cells == 2 * 30 + 2 * 16


def test_other_units_give_the_same_answer_in_other_units() -> None:
    euros, cents = (staggered.estimate(scale * rollout(2.0), DATES) for scale in (1.0, 100.0))
    assert cents.p_value == euros.p_value
    np.testing.assert_allclose(cents.interval, 100 * np.array(euros.interval), rtol=1e-3)


def test_four_geos_cannot_reject_anything() -> None:
    """One of four adopts: a quarter of all orders give it the date."""
    found = staggered.estimate(rollout()[["geo0", "geo5", "geo6", "geo7"]], {"geo0": WEEKS[30]})
    assert found.p_value > 0.2
    assert found.interval == (-np.inf, np.inf)


def test_each_date_has_its_row_of_the_lift_table(tmp_path: Path) -> None:
    wide = rollout(4.0)
    answers = staggered.by_date(wide, DATES, WEEKS[55])
    rows = pd.concat([to_lift_rows(each, "tv", 100.0, experiment=f"wave {n}") for n, each in enumerate(answers)])
    rows.to_csv(tmp_path / "lift.csv", index=False)
    coords = {"geo": list(wide), "time": wide.index.values, "channel": ["tv"]}
    panel = xr.DataTree.from_dict({"panel": xr.Dataset({"kpi": (("geo", "time"), wide.to_numpy().T)}, coords)})
    lift = read_lift(tmp_path / "lift.csv", panel)
    assert lift["geos"].tolist() == [("geo0", "geo1"), ("geo2", "geo3")]
    assert lift["start"].tolist() == [WEEKS[30], WEEKS[44]]
    assert (lift["measured_until"] == WEEKS[55]).all()
    whole = staggered.estimate(wide, DATES, WEEKS[55])
    assert lift["lift"].sum() == pytest.approx(whole.incremental)
    with pytest.raises(InputError, match="neither geos nor days"):
        to_lift_rows(whole, "tv", 100.0, experiment="all waves")


def test_the_event_study_follows_the_effect_and_sees_nothing_before_it() -> None:
    table, p_value = staggered.event_study(rollout(effect=4.0, growth=0.5, seed=2), DATES, leads=6)
    assert table.loc[0:3, "effect"].mean() == pytest.approx(4.75, abs=1)
    assert table.loc[12:15, "effect"].mean() == pytest.approx(10.75, abs=1)
    assert (table.loc[1:, "p_value"] < 0.1).all()
    assert table.loc[0, "cells"] == 4
    assert table.loc[20, "cells"] == 2
    assert p_value > 0.1


def test_a_difference_that_builds_up_before_the_adoption_is_seen() -> None:
    table, p_value = staggered.event_study(rollout(ahead=0.5), DATES, leads=6)
    assert p_value < 0.01
    assert table.loc[-1, "p_value"] < 0.01


def test_what_cannot_be_compared_is_refused() -> None:
    few = rollout()[["geo0", "geo1", "geo2", "geo3"]]
    with pytest.raises(InputError, match=r"from 2024-11-04 on every geo is treated.*`until`"):
        staggered.estimate(few, DATES)
    assert staggered.estimate(few, DATES, WEEKS[43]).cells == 2 * 14
    with pytest.raises(InputError, match="too few cells before them"):
        staggered.event_study(rollout(), DATES, leads=28)
    with pytest.raises(InputError, match="`adopted` is empty"):
        staggered.estimate(rollout(), {})
    with pytest.raises(InputError, match="no geo 'geo00'"):
        staggered.estimate(rollout(), DATES | {"geo00": WEEKS[30]})


def two_way_regression(kpi: np.ndarray, treated: np.ndarray) -> float:
    """The coefficient of a treatment dummy beside geo and period effects (Frisch and Waugh)."""
    left, right = (
        values - values.mean(0) - values.mean(1, keepdims=True) + values.mean() for values in (kpi, 1.0 * treated)
    )
    return float((left * right).sum() / (right**2).sum())
