"""What the priors imply is said in money before a fit, and what was asked for is what is said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from mmm.insight.prior import learning, prior_draws, prior_table, saturation

Handmade = Callable[..., xr.DataTree]

EXPOSURE = {"tv": [[10.0, 0.0, 20.0, 10.0, 5.0, 0.0]], "radio": [[5.0, 5.0, 0.0, 0.0, 5.0, 10.0]]}
PRIORS: dict[str, Any] = {
    "saturation": "michaelis_menten",
    "per_channel": {
        "tv": {"roi_prior": {"median": 2.0, "p95": 5.0}},
        "radio": {
            "contribution_share_prior": {"median": 0.1, "p95": 0.3},
            "half_life_prior": {"median": 0.8, "p95": 1.2},
        },
    },
}


def row(table: pd.DataFrame, subject: str, metric: str) -> pd.Series:
    return table[(table["subject"] == subject) & (table["metric"] == metric)].squeeze()


def market(handmade: Handmade, coefficient: Any = (0.1, 0.1), retention: float = 0.5, **model: Any) -> xr.DataTree:
    given = {"saturation_half_saturation": 1.0}
    return handmade(EXPOSURE, coefficient, value=3.0, retention=retention, model=PRIORS | model, posterior=given)


@pytest.fixture(scope="module")
def panel(handmade: Handmade) -> xr.DataTree:
    return market(handmade)


@pytest.fixture(scope="module")
def table(panel: xr.DataTree) -> pd.DataFrame:
    return prior_table(panel)


def test_the_table_says_what_was_asked_for(table: pd.DataFrame) -> None:
    roi, life = row(table, "tv", "roi"), row(table, "radio", "half_life")
    # 1,000 draws: the sample median is within 4 standard errors, 10 % of log sd 0.56 times 1.25, the p95 within 20 %
    assert roi["median"] == pytest.approx(2.0, rel=0.1)
    assert roi["p95"] == pytest.approx(5.0, rel=0.2)
    assert life["median"] == pytest.approx(0.8, rel=0.05)
    assert life["p95"] == pytest.approx(1.2, rel=0.1)


def test_a_share_of_kpi_is_said_in_money(table: pd.DataFrame) -> None:
    found = row(table, "radio", "contribution")
    assert found["unit"] == "EUR"
    assert found["median"] == pytest.approx(0.1 * 6 * 100.0 * 3.0, rel=0.1)  # a tenth of six periods of 100, at 3 each


def test_the_kpi_of_a_period_is_around_what_is_seen_and_no_reason_to_worry(table: pd.DataFrame) -> None:
    found = row(table, "kpi", "kpi_of_a_period")
    assert found["p05"] < 100.0 < found["p95"]
    assert (table["message"] == "").all()


def test_priors_by_which_media_bring_more_than_everything_are_named(handmade: Handmade) -> None:
    wild = PRIORS["per_channel"] | {"tv": {"roi_prior": {"median": 150.0, "p95": 200.0}}}
    table = prior_table(market(handmade, per_channel=wild))
    (message,) = table.loc[table["message"] != "", "message"]
    assert "it is 100 on average" in message
    assert "more than all of it: check the priors in model.per_channel" in message


def test_half_saturation_at_the_typical_exposure_is_half_of_the_ceiling(panel: xr.DataTree, handmade: Handmade) -> None:
    assert saturation(panel).to_numpy() == pytest.approx(0.5)
    assert saturation(handmade(EXPOSURE, [0.1, 0.1])).to_numpy() == pytest.approx(0.0)  # it has no ceiling


def test_the_same_seed_gives_the_same_prior(panel: xr.DataTree) -> None:
    first, second, third = (prior_draws(panel, seed=seed)["posterior/coefficient"] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, third)


def test_what_the_data_taught_is_the_spread_that_is_gone(handmade: Handmade) -> None:
    # the posterior's log sd is 0.1, the prior's log(2.5) / 1.645
    draws = np.exp(0.1 * np.random.default_rng(0).standard_normal((2, 500)))[..., None, None] * np.ones((1, 2))
    found = learning(market(handmade, draws, retention=0.0)).set_index("channel").loc["tv"]
    assert found["prior_median"] == pytest.approx(2.0, rel=0.1)
    assert found["posterior_p05"] < found["posterior_median"] < found["posterior_p95"]
    assert found["learned"] == pytest.approx(1.0 - 0.1 / (np.log(2.5) / 1.645), abs=0.04)
