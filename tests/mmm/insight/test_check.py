"""Each check lets a healthy fit pass, and can fail: one illness at a time, everything else as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from mmm.insight.check import COLUMNS, check, convergence, identification, ridges, sampler, shared_spend, slips
from mmm.insight.contribution import contribution
from mmm.insight.evidence import Evidence, Row
from mmm.insight.predictive import predictive
from mmm.insight.residual import residuals
from mmm.model.fit import panel_of, study_of

Handmade = Callable[..., xr.DataTree]
Ask = Callable[[Evidence], Iterator[Row]]

PERIODS, CHAINS, DRAWS = 60, 4, 300
SIGMA = 0.05


@pytest.fixture(scope="module")
def healthy(handmade: Handmade) -> xr.DataTree:
    """A market of known truth, and a posterior that scatters a little around that truth."""
    random = np.random.default_rng(5)
    seen = random.uniform(0.0, 2.0, (2, PERIODS))
    truth = np.array([0.2, 0.1])
    kpi = 1.0 + truth @ (seen / seen.mean(axis=1, keepdims=True)) + SIGMA * random.normal(size=PERIODS)
    size = kpi.mean()
    scatter = np.exp(0.1 * random.normal(size=(CHAINS, DRAWS, 1, 2)))
    return handmade(
        {"tv": seen[:1].tolist(), "radio": seen[1:].tolist()}, truth / size * scatter,
        baseline=1.0 / size, sigma=SIGMA / size * np.exp(0.05 * random.normal(size=(CHAINS, DRAWS))),
        kpi=100.0 * kpi[None, :], model={"adstock": "none"},
    )  # fmt: skip


@pytest.fixture(scope="module")
def evidence(healthy: xr.DataTree) -> Evidence:
    expected, predicted = predictive(healthy)
    return Evidence(
        healthy, study_of(healthy), panel_of(healthy), contribution(healthy).sum("geo"), expected, predicted
    )


def ask(question: Ask, evidence: Evidence) -> pd.DataFrame:
    return pd.DataFrame(list(question(evidence)), columns=COLUMNS).set_index(["check", "subject"])


def with_contribution(evidence: Evidence, channel: str, values: Any) -> Evidence:
    """The same evidence with other draws of one channel's contribution, `(chain, draw)`."""
    changed = evidence.contribution.copy(deep=True)
    changed.loc[{"channel": channel}] = np.broadcast_to(values, (CHAINS, DRAWS))
    return replace(evidence, contribution=changed)


def with_kpi(evidence: Evidence, change: Any) -> Evidence:
    return replace(evidence, panel=evidence.panel.assign(kpi=evidence.panel["kpi"] + np.asarray(change, dtype=float)))


def test_a_healthy_fit_passes_every_check_and_needs_no_message(healthy: xr.DataTree) -> None:
    table = check(healthy)
    assert list(table.columns) == COLUMNS
    assert table.loc[table["result"] != "pass"].to_dict("records") == []
    assert set(table["message"]) == {""}
    assert {"r_hat", "effective_draws", "divergences", "mode", "relative_width", "learning", "ridge",
            "residual_autocorrelation", "interval_coverage", "extreme_periods"} <= set(table["check"])  # fmt: skip


def test_chains_that_disagree_fail(evidence: Evidence) -> None:
    draws = evidence.contribution.sel(channel="tv").values
    apart = ask(convergence, with_contribution(evidence, "tv", draws * np.array([1.0, 1.0, 1.0, 3.0])[:, None]))
    assert apart.loc[("r_hat", "tv"), "result"] == "fail"
    assert "tv: R-hat" in apart.loc[("r_hat", "tv"), "message"]
    assert apart.loc[("r_hat", "radio"), "result"] == "pass"


def test_chains_that_disagree_a_little_are_a_caution(evidence: Evidence) -> None:
    draws = evidence.contribution.sel(channel="tv").values
    shift = 0.3 * draws.std() * np.array([1.0, 0.0, 0.0, -1.0])[:, None]
    assert (
        ask(convergence, with_contribution(evidence, "tv", draws + shift)).loc[("r_hat", "tv"), "result"] == "caution"
    )


def test_draws_that_hardly_move_are_few(evidence: Evidence) -> None:
    steps = np.random.default_rng(0).normal(size=(CHAINS, DRAWS))
    slow, slower = np.zeros((2, CHAINS, DRAWS))
    for t in range(1, DRAWS):
        slow[:, t] = 0.7 * slow[:, t - 1] + steps[:, t]
        slower[:, t] = 0.97 * slower[:, t - 1] + steps[:, t]
    for values, result in ((slow, "caution"), (slower, "fail")):
        found = ask(convergence, with_contribution(evidence, "tv", 500.0 + values))
        assert found.loc[("effective_draws", "tv"), "result"] == result
        assert "effective draws of 400" in found.loc[("effective_draws", "tv"), "message"]


@pytest.mark.parametrize(("diverged", "result"), [(1, "pass"), (12, "caution"), (60, "fail")])
def test_divergences_are_counted(evidence: Evidence, diverged: int, result: str) -> None:
    flags = (np.arange(CHAINS * DRAWS) < diverged).reshape(CHAINS, DRAWS)
    fit = evidence.fit.copy()
    fit["sample_stats"] = xr.DataTree(xr.Dataset({"diverging": (("chain", "draw"), flags)}))
    assert ask(sampler, replace(evidence, fit=fit)).loc[("divergences", "sampler"), "result"] == result


def test_a_quick_fit_is_never_more_than_a_caution(evidence: Evidence) -> None:
    quick = evidence.study.model_copy(update={"fit": evidence.study.fit.model_copy(update={"mode": "quick"})})
    found = ask(sampler, replace(evidence, study=quick)).loc[("mode", "sampler")]
    assert found["result"] == "caution"
    assert "fit.mode: full" in found["message"]


def test_a_channel_as_wide_as_its_prior_has_taught_nothing(evidence: Evidence) -> None:
    wide = 500.0 * np.exp(np.random.default_rng(1).normal(0.0, 0.9, (CHAINS, DRAWS)))
    found = ask(identification, with_contribution(evidence, "tv", wide))
    assert found.loc[("relative_width", "tv"), "result"] == "caution"
    assert "Treat its ROI as unknown" in found.loc[("relative_width", "tv"), "message"]
    assert found.loc[("learning", "tv"), "result"] == "caution"
    assert "mostly the prior's" in found.loc[("learning", "tv"), "message"]
    assert found.loc[("learning", "radio"), "result"] == "pass"


def test_a_channel_with_a_prior_of_its_own_is_not_asked_what_it_learned(evidence: Evidence) -> None:
    own = evidence.study.model_validate(
        evidence.study.canonical()
        | {
            "model": evidence.study.canonical()["model"]
            | {"per_channel": {"tv": {"roi_prior": {"median": 1.0, "p95": 3.0}}}}
        }
    )
    found = ask(identification, replace(evidence, study=own))
    assert ("learning", "tv") not in found.index
    assert ("learning", "radio") in found.index


def test_channels_that_trade_off_are_named_together(evidence: Evidence) -> None:
    tv = evidence.contribution.sel(channel="tv").values
    noise = 0.2 * tv.std() * np.random.default_rng(2).normal(size=tv.shape)
    found = ask(ridges, with_contribution(evidence, "radio", 2 * tv.mean() - tv + noise))
    assert found.index.tolist() == [("ridge", "tv / radio")]
    assert found.iloc[0]["result"] == "caution"
    assert "their sum is known better than either" in found.iloc[0]["message"]


def test_budgets_that_follow_something_unmeasured_are_named(evidence: Evidence) -> None:
    wander = np.random.default_rng(3).normal(size=(2, PERIODS))
    apart, shared = np.exp(wander), np.exp(wander[:1] + 0.5 * wander)

    def found(paths: np.ndarray) -> pd.Series:
        spend = evidence.panel["spend"].copy(data=paths.T[None, :, :])
        return ask(shared_spend, replace(evidence, panel=evidence.panel.assign(spend=spend))).iloc[0]

    assert found(shared)["statistic"] == pytest.approx(0.9, abs=0.1)
    assert found(shared)["result"] == "caution"
    assert "something moves all budgets" in found(shared)["message"]
    assert found(apart)["result"] == "pass"


def test_one_channel_alone_has_nothing_to_trade_off_with(evidence: Evidence) -> None:
    alone = replace(evidence, panel=evidence.panel.sel(channel=["tv"]))
    assert ask(ridges, alone).empty


def test_residuals_with_a_memory_are_a_caution(evidence: Evidence) -> None:
    wave = 15.0 * np.sin(2 * np.pi * np.arange(PERIODS) / 20)
    found = ask(residuals, with_kpi(evidence, wave)).loc[("residual_autocorrelation", "kpi")]
    assert found["result"] == "caution"
    assert found["statistic"] > 0.3


def test_a_baseline_that_bends_freely_does_not_make_noise_look_like_memory(evidence: Evidence) -> None:
    """White noise under a regression on 24 waves: its fitted residuals swing, the noise of its posterior does not."""
    random = np.random.default_rng(8)
    angle = 2 * np.pi * np.arange(PERIODS) / PERIODS
    waves = np.linalg.qr(np.stack([f(k * angle) for k in range(1, 13) for f in (np.sin, np.cos)], axis=-1))[0]
    noise = 5.0 * random.normal(size=PERIODS)
    samples = evidence.expected.sizes["sample"]
    scores = waves.T @ noise + 5.0 * random.normal(size=(samples, waves.shape[1]))
    expected = evidence.expected.copy(data=100.0 + (scores @ waves.T)[:, None, :])
    kpi = evidence.panel["kpi"].copy(data=np.broadcast_to(100.0 + noise, evidence.panel["kpi"].shape))
    given = replace(evidence, expected=expected, panel=evidence.panel.assign(kpi=kpi))
    fitted = given.residual[0]
    assert np.corrcoef(fitted[:-1], fitted[1:])[0, 1] < -0.3
    found = ask(residuals, given).loc[("residual_autocorrelation", "kpi")]
    assert abs(found["statistic"]) < 0.2
    assert found["result"] == "pass"


@pytest.mark.parametrize(("memory", "result"), [(0.0, "pass"), (0.2, "caution")])
def test_over_many_regions_a_little_memory_is_no_chance(evidence: Evidence, memory: float, result: str) -> None:
    geos = 40
    noise = np.random.default_rng(2).normal(size=(geos, PERIODS))
    for t in range(1, PERIODS):
        noise[:, t] += memory * noise[:, t - 1]
    labels = {"geo": [f"g{i}" for i in range(geos)]}
    expected = evidence.expected.isel(geo=[0] * geos).assign_coords(labels)
    panel = evidence.panel.isel(geo=[0] * geos).assign_coords(labels)
    kpi = panel["kpi"].copy(data=expected.mean("sample").transpose(*panel["kpi"].dims).values + 5.0 * noise)
    given = replace(evidence, expected=expected, panel=panel.assign(kpi=kpi))
    assert next(iter(residuals(given)))[4] == result


@pytest.mark.parametrize(("times", "why"), [(0.2, "too narrow"), (4.0, "too wide")])
def test_intervals_that_cover_too_little_or_too_much_are_a_caution(evidence: Evidence, times: float, why: str) -> None:
    noise = evidence.predicted - evidence.expected
    found = ask(residuals, replace(evidence, predicted=evidence.expected + times * noise))
    assert found.loc[("interval_coverage", "kpi"), "result"] == "caution", why


def test_an_extreme_period_is_named_by_its_date(evidence: Evidence) -> None:
    spike = np.where(np.arange(PERIODS) == 9, 80.0, 0.0)
    found = ask(residuals, with_kpi(evidence, spike)).loc[("extreme_periods", "kpi")]
    assert found["result"] == "caution"
    assert "2024-03-04" in found["message"]
    assert "more" not in found["message"].split("Check")[0]


def test_many_extreme_periods_are_counted_after_the_first_five(evidence: Evidence) -> None:
    spikes = np.where(np.arange(PERIODS) % 8 == 0, 80.0, 0.0)
    message = ask(residuals, with_kpi(evidence, spikes)).loc[("extreme_periods", "kpi"), "message"]
    assert "2024-01-01" in message
    assert "and 3 more" in message


def test_a_missing_kpi_is_left_out(evidence: Evidence) -> None:
    hole = np.where(np.arange(PERIODS) == 9, np.nan, 0.0)
    assert (ask(residuals, with_kpi(evidence, hole))["result"] == "pass").all()


def test_a_period_ten_times_all_others_is_named(evidence: Evidence) -> None:
    assert [row[4] for row in slips(evidence)] == ["pass"]
    exposure = evidence.panel["exposure"].copy(deep=True)
    exposure.loc[{"channel": "tv", "time": exposure["time"][20]}] = 10.0 * float(exposure.sel(channel="tv").max())
    (found,) = slips(replace(evidence, panel=evidence.panel.assign(exposure=exposure)))
    assert found[1] == "tv"
    assert found[4] == "caution"
    assert found[2] > 9.0
    assert "on 2024-05-20" in found[5]
