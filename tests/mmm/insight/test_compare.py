"""Comparison of models: densities by hand, the better model found, and weights that a few periods cannot fool."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

import mmm
from mmm.data import panel_from_frame
from mmm.errors import InputError
from mmm.insight.compare import compare, loo, rolling_density, stack
from mmm.study import Study

WEEKS, DRAWS, SIGMA = 80, (2, 400), 0.1


def study() -> Study:
    return mmm.load_study(
        {
            "study": "level", "currency": "EUR",
            "data": {"source": "x.csv", "time": "week", "kpi": {"column": "sales"},
                     "channels": {"tv": {"spend": "tv"}}},
            "model": {"adstock": "none", "saturation": "none", "max_lag": 0, "trend": {"kind": "none"},
                      "seasonality": {"order": 0}},
        }
    )  # fmt: skip


def market() -> xr.DataTree:
    noise = np.random.default_rng(1).normal(size=WEEKS)
    frame = pd.DataFrame(
        {
            "week": pd.date_range("2024-01-01", periods=WEEKS, freq="W-MON"),
            "sales": 100 * (1 + SIGMA * (noise - noise.mean())),
            "tv": np.arange(WEEKS) % 7 + 1.0,
        }
    )
    return panel_from_frame(frame, study())


def fitted(tree: xr.DataTree, level: float = 1.0, spread: float = SIGMA / np.sqrt(WEEKS)) -> xr.DataTree:
    """A posterior of a level around `level` and a known sigma: what the model without media would give."""
    fit = tree.copy()
    levels = level + spread * np.random.default_rng(2).normal(size=(*DRAWS, 1))
    fit["posterior"] = xr.DataTree(
        xr.Dataset(
            {
                "coefficient": (("chain", "draw", "geo", "channel"), np.zeros((*DRAWS, 1, 1))),
                "baseline_coefficient": (("chain", "draw", "column"), levels),
                "sigma": (("chain", "draw"), np.full(DRAWS, SIGMA)),
            },
            coords={"chain": np.arange(2), "draw": np.arange(400)},
        )
    )
    fit.attrs |= {"seed": 1}
    return fit


def test_leaving_one_out_agrees_with_the_exact_answer() -> None:
    # Flat prior of the level, known sigma: given the others, y_t is normal around their mean, of variance
    # sigma^2 (1 + 1 / (n - 1)).
    tree = market()
    found = loo(fitted(tree))
    kpi = tree["panel/kpi"].values[0] / 100
    others = (kpi.sum() - kpi) / (WEEKS - 1)
    exact = stats.norm.logpdf(kpi, others, SIGMA * np.sqrt(1 + 1 / (WEEKS - 1)))
    np.testing.assert_allclose(found.pointwise, exact, atol=0.02)
    assert found.elpd == pytest.approx(exact.sum(), abs=0.2)
    assert found.doubtful == 0
    assert found.error == pytest.approx(np.sqrt(WEEKS) * exact.std(), rel=0.05)


def geo_panel(kpi: np.ndarray, sigma: float, shock: float) -> xr.DataTree:
    """A posterior of a level in each geo, `kpi` `(time, geo)`, with known noise of cells and of what they share."""
    weeks, geos = kpi.shape
    frame = pd.DataFrame(
        {
            "week": np.tile(pd.date_range("2024-01-01", periods=weeks, freq="W-MON"), geos),
            "geo": np.repeat([f"geo{index}" for index in range(geos)], weeks),
            "sales": 100 * kpi.T.ravel(),
            "tv": np.tile(np.arange(weeks) % 7 + 1.0, geos),
        }
    )
    national = study()
    fit = panel_from_frame(frame, national.model_copy(update={"data": national.data.model_copy(update={"geo": "geo"})}))
    together = sigma**2 * np.eye(geos) + shock**2
    levels = np.random.default_rng(4).multivariate_normal(kpi.mean(axis=0), together / weeks, size=(2, 1000))
    parameters = {
        "coefficient": (("chain", "draw", "geo", "channel"), np.zeros((2, 1000, geos, 1))),
        "baseline_coefficient": (("chain", "draw", "column"), levels),
        "sigma": (("chain", "draw"), np.full((2, 1000), sigma)),
        "shock": (("chain", "draw"), np.full((2, 1000), shock)),
    }
    fit["posterior"] = xr.DataTree(xr.Dataset(parameters, coords={"chain": np.arange(2), "draw": np.arange(1000)}))
    fit.attrs |= {"seed": 1}
    return fit


def geo_kpi(sigma: float, shock: float) -> np.ndarray:
    rng = np.random.default_rng(3)
    noise = sigma * rng.normal(size=(WEEKS, 3)) + shock * rng.normal(size=(WEEKS, 1))
    return 1 + noise - noise.mean(axis=0)


def test_leaving_a_period_of_several_geos_out_agrees_with_the_exact_answer() -> None:
    # Flat priors of the levels: given the other periods, the geos of one are normal around their means, with the
    # covariance of a period's noise times 1 + 1 / (n - 1), shock included.
    sigma, shock = 0.08, 0.05
    kpi = geo_kpi(sigma, shock)
    found = loo(geo_panel(kpi, sigma, shock))
    others = (kpi.sum(axis=0) - kpi) / (WEEKS - 1)
    together = (sigma**2 * np.eye(3) + shock**2) * (1 + 1 / (WEEKS - 1))
    exact = np.array([stats.multivariate_normal.logpdf(kpi[t], others[t], together) for t in range(WEEKS)])
    np.testing.assert_allclose(found.pointwise, exact, atol=0.05)
    assert found.elpd == pytest.approx(exact.sum(), abs=0.3)
    assert found.doubtful == 0


def test_a_period_that_carries_the_fit_is_doubtful_and_no_other() -> None:
    sigma, shock = 0.08, 0.05
    kpi = geo_kpi(sigma, shock)
    kpi[40] += [60 * sigma, 0.0, 0.0]
    kpi /= kpi.mean(axis=0)
    found = loo(geo_panel(kpi, sigma, shock))
    assert np.flatnonzero(found.pareto_k > 0.7).tolist() == [40]
    assert found.doubtful == 1


def test_the_better_model_comes_first_and_gets_the_weight() -> None:
    tree = market()
    table = compare({"off": fitted(tree, level=1.15), "right": fitted(tree)})
    assert table["model"].tolist() == ["right", "off"]
    assert table["difference"].tolist()[0] == 0.0
    assert table["difference"].tolist()[1] < -4 * table["error"].tolist()[1]
    assert table["weight"].tolist()[0] > 0.8
    assert table["weight"].sum() == pytest.approx(1.0)


def test_models_of_different_periods_are_not_compared() -> None:
    tree = market()
    short = tree.copy()
    short["panel"] = xr.DataTree(tree["panel"].to_dataset().isel(time=slice(0, 60)))
    with pytest.raises(InputError, match="different periods"):
        compare({"all": fitted(tree), "some": fitted(short)})


def test_rolling_origins_ask_for_what_followed_and_hide_it() -> None:
    tree, seen = market(), []

    def fit(part: xr.DataTree, _: Study) -> xr.DataTree:
        seen.append(part["panel"].sizes["time"])
        return fitted(part, spread=0.0)

    found = rolling_density(tree, study(), [60, 70], 5, fit)
    assert seen == [60, 70]
    kpi = tree["panel/kpi"].values[0]
    wanted = [stats.norm.logpdf(kpi[n : n + 5] / kpi[:n].mean(), 1.0, SIGMA) for n in (60, 70)]
    np.testing.assert_allclose(found, np.concatenate(wanted), rtol=1e-9)


def test_weights_are_equal_without_evidence_and_follow_it_with_enough() -> None:
    rng = np.random.default_rng(3)
    alike = rng.normal(size=5)
    assert stack({"a": alike, "b": alike}) == pytest.approx({"a": 0.5, "b": 0.5}, abs=1e-6)
    few, many = (stack({"a": np.zeros(n), "b": np.full(n, -1.0)})["a"] for n in (2, 500))
    assert 0.5 < few < 0.7
    assert many > 0.95
    assert stack({"only": alike}) == {"only": 1.0}


def test_models_that_are_each_right_in_half_of_the_periods_share_the_weight() -> None:
    half = np.where(np.arange(200) % 2 == 0, 0.0, -3.0)
    weights = stack({"even": half, "odd": -3.0 - half})
    assert weights["even"] == pytest.approx(0.5, abs=0.02)
