"""What identification says is true where the truth can be computed: densities, tipping points, reweighted priors."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import pandas as pd
import pytest
import xarray as xr
from arviz_stats.base import array_stats
from numpyro import handlers
from scipy import stats

import mmm
from mmm.data import panel_from_frame
from mmm.data.simulate import DEFAULT_CHANNELS, simulate
from mmm.insight.density import log_likelihood, log_prior
from mmm.insight.identify import SCALED, TRUSTED_K, _tip, prior_driven, sensitivity, tipping
from mmm.insight.predictive import predictive
from mmm.insight.prior import prior_draws
from mmm.media.saturation import BURR
from mmm.model import sample
from mmm.model.fit import model_of, study_of
from mmm.model.likelihood import component_parameters, component_sites, mix_model
from mmm.model.spec import Arrays, Structure


def panel(geos: int = 1) -> xr.DataTree:
    made = simulate(seed=2, weeks=60, geos=geos, channels=DEFAULT_CHANNELS[:2])
    return panel_from_frame(made.frame, mmm.load_study({**made.study(), "model": {"max_lag": 4}}))


@pytest.fixture(scope="module")
def market() -> xr.DataTree:
    return panel()


@pytest.fixture(scope="module")
def believed(market: xr.DataTree) -> xr.DataTree:
    return prior_draws(market, draws=300)


@pytest.mark.parametrize("geos", [1, 3])
def test_the_log_prior_is_that_of_the_model(geos: int) -> None:
    believed = prior_draws(panel(geos), draws=30)
    model = model_of(believed)
    draw = 7
    key = jax.random.split(jax.random.key(0), 30)[draw]
    with handlers.trace() as sites, handlers.seed(rng_seed=key):
        mix_model(model.structure, model.arrays, collapse=False)
    of_media = ("adstock_", "saturation_", "log_share", "roi_spread")
    alike = ("_common", "_own")
    media = {name: site for name, site in sites.items() if name.startswith(of_media) and site["type"] == "sample"}
    single = [site for name, site in media.items() if not name.endswith(alike)]
    wanted = sum(float(site["fn"].log_prob(site["value"]).sum()) for site in single)
    slope = jnp.asarray(believed["posterior/saturation_slope"].values[0, draw])
    wanted += float(BURR.priors["slope"].log_prob(slope))
    assert float(log_prior(believed)[0, draw]) == pytest.approx(wanted, rel=1e-5)


def test_a_period_of_many_geos_is_a_multivariate_normal() -> None:
    made = simulate(seed=2, weeks=30, geos=3, channels=DEFAULT_CHANNELS[:1])
    tree = panel_from_frame(made.frame, mmm.load_study({**made.study(), "model": {"max_lag": 2}}))
    fit = prior_draws(tree, draws=3)
    posterior = fit["posterior"].to_dataset()
    fit["posterior"] = xr.DataTree(
        posterior.assign(shock=posterior["shock"] * 0 + 0.1, sigma=posterior["sigma"] * 0 + 0.2)
    )
    model = model_of(fit)
    found = log_likelihood(fit).isel(chain=0)
    mean = predictive(fit)[0].transpose("sample", "time", "geo").to_numpy() / np.asarray(model.arrays.size)
    kpi = np.asarray(model.arrays.kpi)
    covariance = 0.04 * np.eye(3) + 0.01
    wanted = [[stats.multivariate_normal.logpdf(kpi[t], mean[s, t], covariance) for t in range(30)] for s in range(3)]
    np.testing.assert_allclose(found, wanted, rtol=1e-6)


def test_a_hidden_cause_of_the_tipping_strength_moves_the_effect_that_far() -> None:
    # A hidden cause made to explain the share that `_tip` names, of channel and KPI both: including it in the
    # regression moves the coefficient by the share `needed`.
    rng = np.random.default_rng(0)
    n, needed = 400, 0.4
    others = np.column_stack([np.ones(n), rng.normal(size=n)])
    channel = rng.normal(size=n) + others[:, 1]
    kpi = channel + others[:, 1] + 3.0 * rng.normal(size=n)

    def residual(values: np.ndarray, columns: np.ndarray) -> np.ndarray:
        return values - columns @ np.linalg.lstsq(columns, values, rcond=None)[0]

    left = residual(channel, others)
    slope = float(left @ residual(kpi, others) / (left @ left))
    kpi = kpi + (1 - slope) * channel  # the estimate without the cause is 1
    share, _, like = _tip(kpi, channel, others, {}, needed)
    assert like == ""
    noise = residual(kpi, np.column_stack([others, channel]))
    unit = [part / np.linalg.norm(part) for part in (left, noise)]
    free = residual(rng.normal(size=n), np.column_stack([others, channel, kpi]))
    free /= np.linalg.norm(free)
    along = np.sqrt(share)  # correlation with the channel
    across = np.sqrt((1 - share) * share)  # then with the KPI given the channel
    cause = along * unit[0] + across * unit[1] + np.sqrt(1 - along**2 - across**2) * free
    with_cause = np.column_stack([channel, others, cause])
    moved = np.linalg.lstsq(with_cause, kpi, rcond=None)[0][0]
    assert abs(1 - moved) == pytest.approx(needed, rel=1e-6)


def test_a_measured_cause_is_the_yardstick() -> None:
    rng = np.random.default_rng(1)
    n = 300
    weak, strong = rng.normal(size=(2, n))
    channel = 0.1 * weak + 1.0 * strong + rng.normal(size=n)
    kpi = channel + 0.1 * weak + 2.0 * strong + rng.normal(size=n)
    others = np.column_stack([np.ones(n), weak, strong])
    share, multiple, like = _tip(kpi, channel, others, {"weak": 1, "strong": 2}, 0.5)
    assert like == "strong"
    assert 0 < multiple < 1
    assert 0 < share < 1
    harder = _tip(kpi, channel, others, {"weak": 1, "strong": 2}, 0.9)
    assert harder[0] > share
    assert harder[1] > multiple


def test_priors_count_where_there_is_nothing_else(believed: xr.DataTree) -> None:
    # Draws of the prior: the prior alone decides, so scaling it moves the ROI and its sensitivity is above 0.05.
    found = sensitivity(believed).set_index("channel")
    assert (found["prior_sensitivity"] > 0.05).all()
    assert set(found.index) == {"tv", "search"}
    # a log-normal ROI that counts more is narrower, and its mean lower
    assert (found["roi_weaker_prior"] > found["roi_stronger_prior"]).all()


@pytest.mark.slow
def test_a_prior_that_counts_more_is_what_a_fit_under_it_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Importance weights on the draws of one fit against the draws of another, on a panel of three geos."""
    tree = panel(geos=3)
    study = study_of(tree)
    study = study.model_copy(update={"fit": study.fit.model_copy(update={"warmup": 300, "draws": 500})})
    found = sensitivity(mmm.fit(tree, study)).set_index("channel")
    assert (found["pareto_k"] < TRUSTED_K).all()

    def counted_more(structure: Structure, arrays: Arrays, collapse: bool = True) -> None:
        with handlers.trace() as sites:
            mix_model(structure, arrays, collapse)
        media = component_parameters(structure, {name: site["value"] for name, site in sites.items()})
        total = sum(sites[name]["fn"].log_prob(sites[name]["value"]) for name in ("log_share", "roi_spread"))
        for group, _, name, prior in component_sites(structure):
            total += prior.log_prob(media[name][jnp.asarray(group.channels)]).sum()
        numpyro.factor("counted_more", (SCALED - 1.0) * total)

    monkeypatch.setattr("mmm.model.sample.mix_model", counted_more)
    sample._program.cache_clear()
    returns = mmm.roi(mmm.fit(tree, study))
    sample._program.cache_clear()
    for name in found.index:
        draws = returns.sel(channel=name).to_numpy()
        error = float(array_stats.mcse(draws, method="mean", chain_axis=0, draw_axis=1))
        apart = float(draws.mean()) - found.loc[name, "roi_stronger_prior"]
        print(f"\n{name}: {draws.mean():.3f}, reweighted {apart:+.3f}, one error {error:.3f}", end="")
        assert abs(apart) < 5 * error  # 3.5 standard errors of the difference of two such means


def test_a_channel_below_break_even_has_nothing_to_tip(believed: xr.DataTree) -> None:
    at_any = tipping(believed, break_even=1e9).set_index("channel")
    assert (at_any[["tipping_share", "tipping_multiple"]] == 0).all(axis=None)
    far = tipping(believed, break_even=1e-9).set_index("channel")
    assert (far["tipping_share"] > 0).all()
    assert set(far["like"]) <= {"price_index", "competitor_pressure", "promo_depth"}


def test_a_channel_that_stays_at_its_own_prior_is_told(market: xr.DataTree) -> None:
    study = study_of(market)
    own = {"tv": {"roi_prior": {"median": 1.0, "p95": 2.0}}}
    study = study.model_copy(update={"model": type(study.model).model_validate({"per_channel": own})})
    rows = prior_driven(pd.DataFrame({"channel": ["tv", "search"], "learned": [0.03, 0.03]}), study)
    assert rows["subject"].tolist() == ["tv"]
    assert rows["result"].tolist() == ["caution"]
    assert "3% of the uncertainty" in rows["message"].item()
