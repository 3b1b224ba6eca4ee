"""A channel in a region is one more curve: the same budget, limits and certificate, with a geo beside each channel."""

from __future__ import annotations

import pandas as pd
import pytest
import xarray as xr

from mmm.plan.geo import _places, allocate_by_geo
from mmm.plan.reference import reference_of
from mmm.plan.scenario import allocate
from tests.mmm.plan.test_allocate import with_plan


def test_with_one_region_the_plan_is_that_of_the_channels(fitted: xr.DataTree) -> None:
    fit = with_plan(fitted, groups=[{"channels": ["paid_search", "paid_social"], "max_share": 0.55}])
    verdicts = pd.DataFrame({"channel": ["tv"], "label": ["conflicted"]})
    one, other = allocate_by_geo(fit, verdicts=verdicts), allocate(fit, verdicts=verdicts)
    pd.testing.assert_frame_equal(one.scenarios, other.scenarios)
    assert set(one.allocation.geo) == {"national"}
    pd.testing.assert_frame_equal(one.allocation.assign(geo="all"), other.allocation)
    assert one.finance.loc[one.finance.channel == "all", "geo"].eq("all").all()


def test_a_national_channel_is_bought_once_for_all_regions() -> None:
    assert _places(True, ["north", "south"]) == [("national", [0, 1])]
    assert _places(False, ["north", "south"]) == [("north", [0]), ("south", [1])]


@pytest.mark.slow
def test_a_plan_by_region_keeps_a_national_channel_whole() -> None:
    import mmm
    from mmm.data import panel_from_frame
    from mmm.data.simulate import simulate

    market = simulate(seed=3, weeks=60, geos=3)
    whole = market.frame.groupby("week")["tv_spend"].transform("sum")
    asked = market.study()
    asked["data"]["channels"]["tv"] = {"spend": "tv_spend", "national": True}
    asked["fit"] = {"chains": 2, "draws": 50, "warmup": 100}
    study = mmm.load_study(asked)
    fit = mmm.fit(panel_from_frame(market.frame.assign(tv_spend=whole), study), study)
    plan = allocate_by_geo(fit)
    rows = plan.allocation[plan.allocation.scenario == "hold"]
    assert set(rows.loc[rows.channel == "tv", "geo"]) == {"national"}
    assert rows.loc[rows.channel == "search", "geo"].nunique() == 3
    assert rows.loc[rows.channel == "tv", "current_spend"].item() == pytest.approx(
        float(
            fit["panel/spend"]
            .sel(channel="tv")
            .isel(time=slice(-len(reference_of(fit, study.plan.horizon).rows), None))
            .sum()
        )
    )


@pytest.mark.slow
def test_regions_share_the_budget_with_a_certificate() -> None:
    import mmm
    from mmm.data import panel_from_frame
    from mmm.data.simulate import simulate

    market = simulate(seed=3, weeks=104, geos=4)
    study = mmm.load_study(market.study())
    short = study.fit.model_copy(update={"chains": 2, "draws": 50, "warmup": 100})
    fit = mmm.fit(panel_from_frame(market.frame, study), study.model_copy(update={"fit": short}))
    plan = allocate_by_geo(fit)
    recommended = plan.allocation[plan.allocation.scenario == "recommended"]
    assert recommended.geo.nunique() == 4
    assert recommended.recommended_spend.sum() == pytest.approx(recommended.current_spend.sum(), rel=1e-6)
    assert recommended.multiple.between(recommended.lower - 1e-9, recommended.upper + 1e-9).all()
    assert plan.scenarios.set_index("scenario").loc["recommended"].optimality_gap < 1e-3
