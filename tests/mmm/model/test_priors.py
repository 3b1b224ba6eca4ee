"""A prior in the analyst's language is that prior: what was asked for as median and p95 comes out as median and p95."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

from mmm.media import load_component
from mmm.media.adstock import half_life, normalised_weights
from mmm.model.core import media_effect, response
from mmm.model.fit import Model, model_of
from mmm.model.likelihood import coefficient_of, component_parameters
from mmm.model.priors import with_half_life
from mmm.study import InputError, Prior, StudyError

Market = Callable[..., xr.DataTree]

SHORT = {"max_lag": 8, "trend": {"kind": "none"}, "seasonality": {"order": 0}}


def of_tv(**priors: Any) -> dict[str, Any]:
    return SHORT | {"per_channel": {"tv": priors}}


def implied_half_lives(name: str, prior: Prior, max_lag: int) -> np.ndarray:
    adstock = with_half_life(name, prior, max_lag)
    keys = jax.random.split(jax.random.key(1), len(adstock.priors))
    drawn = {at: own.sample(key, (20_000,)) for key, (at, own) in zip(keys, adstock.priors.items(), strict=True)}
    return np.asarray(half_life(jax.jit(jax.vmap(lambda one: normalised_weights(adstock, max_lag, one)))(drawn)))


@pytest.mark.parametrize("name", ["auto", "geometric", "binomial"])
@pytest.mark.parametrize(("median", "p95"), [(1.5, 4.0), (3.0, 5.0)])
def test_a_half_life_prior_has_the_half_life_that_was_asked_for(name: str, median: float, p95: float) -> None:
    lives = implied_half_lives(name, Prior(median=median, p95=p95), 26)
    # 20,000 draws: four standard errors of the two probabilities are 0.014 and 0.006
    assert (lives < median).mean() == pytest.approx(0.5, abs=0.014)
    assert (lives < p95).mean() == pytest.approx(0.95, abs=0.006)


def test_a_kernel_s_other_parameter_keeps_its_prior() -> None:
    default = load_component("adstock", "auto")
    own = with_half_life("auto", Prior(median=2.0, p95=5.0), 26)
    assert own.priors["peak"] is default.priors["peak"]
    assert with_half_life("auto", None, 26) is default


@pytest.mark.parametrize(
    ("name", "median", "p95", "said"),
    [
        ("delayed", 1.0, 2.0, "cannot be kept by adstock 'delayed': use one of auto, geometric"),
        ("auto", 0.4, 2.0, "out of reach"),
        ("auto", 2.0, 14.0, "with max_lag 26 less than 13.5. Raise model.max_lag"),
        ("auto", 3.0, 3.02, "too narrow for a kernel whose peak is free"),
    ],
)
def test_what_a_kernel_cannot_have_is_refused(name: str, median: float, p95: float, said: str) -> None:
    with pytest.raises(InputError, match=said):
        with_half_life(name, Prior(median=median, p95=p95), 26)


def test_a_channel_with_a_half_life_of_its_own_is_a_group_of_its_own(market: Market) -> None:
    tree = market(model=of_tv(half_life_prior={"median": 1.0, "p95": 2.0}))
    first, second = model_of(tree).structure.groups
    assert (first.channels, second.channels) == ((0,), (1,))
    assert first.adstock.function is second.adstock.function
    assert model_of(tree).structure == model_of(tree).structure


def test_a_share_prior_is_a_prior_of_the_share(market: Market) -> None:
    arrays = model_of(market(model=of_tv(contribution_share_prior={"median": 0.1, "p95": 0.3}))).arrays
    assert np.exp(arrays.prior_mean[0]) == pytest.approx(0.1)
    assert np.exp(arrays.prior_mean[0] + 1.6448536 * arrays.prior_sd[0]) == pytest.approx(0.3)
    assert np.asarray(arrays.pooled).tolist() == [False, True]


def test_organic_media_may_have_a_share_prior(market: Market) -> None:
    model = SHORT | {"per_channel": {"mail": {"contribution_share_prior": {"median": 0.05, "p95": 0.1}}}}
    arrays = model_of(market(model=model, data={"organic": {"mail": {"exposure": "mails"}}})).arrays
    assert np.exp(arrays.prior_mean[2]) == pytest.approx(0.05)


def shape_of(model: Model) -> dict[str, jax.Array]:
    """Parameters of two channels that carry over and saturate."""
    every = {"adstock_retention": 0.5, "saturation_half_saturation": 0.8}
    return {f"{name}_0": jnp.full(2, value) for name, value in every.items()}


def test_an_mroi_prior_is_the_return_on_the_next_unit_of_money(market: Market) -> None:
    own = of_tv(mroi_prior={"median": 0.7, "p95": 2.0}) | {"adstock": "geometric", "saturation": "michaelis_menten"}
    tree = market(model=own)
    model = model_of(tree)
    structure, arrays, _ = model
    draw = shape_of(model) | {"log_share": arrays.prior_mean}  # every share at its median

    def money(multiple: float) -> float:
        scaled = arrays._replace(lagged_exposure=arrays.lagged_exposure.at[0].multiply(multiple))
        shapes = response(structure, scaled, component_parameters(structure, draw))
        return float((media_effect(coefficient_of(structure, arrays, draw), shapes) * arrays.size).sum())

    spend = float(tree["panel/spend"].sel(channel="tv").sum())
    assert (money(1.001) - money(0.999)) / (0.002 * spend) == pytest.approx(0.7, rel=1e-5)


@pytest.mark.parametrize(
    ("priors", "said"),
    [
        ({"roi_prior": (1, 2), "contribution_share_prior": (0.1, 0.2)}, "are priors of the same thing, how strong"),
        ({"roi_prior": (1, 2), "mroi_prior": (1, 2)}, "roi_prior and mroi_prior are priors of the same thing"),
        ({"contribution_share_prior": (10, 20)}, "write 10 % as 0.1"),
    ],
)
def test_priors_that_cannot_be_kept_are_refused_in_the_study(
    market: Market, priors: dict[str, tuple[float, float]], said: str
) -> None:
    with pytest.raises(StudyError, match=said):
        market(model=of_tv(**{name: {"median": low, "p95": high} for name, (low, high) in priors.items()}))


def test_what_costs_nothing_has_no_return(market: Market) -> None:
    model = SHORT | {"per_channel": {"mail": {"roi_prior": {"median": 1, "p95": 2}}}}
    with pytest.raises(StudyError, match="mail costs nothing: give it a contribution_share_prior"):
        market(model=model, data={"organic": {"mail": {"exposure": "mails"}}})
