"""A component is found by its name, and says what is wrong with itself."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

from mmm.media import Saturation, load_component
from mmm.media.adstock import AUTO, GEOMETRIC
from mmm.media.component import Alike, Exposure, Scalar
from mmm.media.saturation import HILL, TANH
from mmm.study import InputError


def log_growth(exposure: Exposure, *, reach: Scalar) -> Exposure:
    """Diminishing returns without a ceiling."""
    return jnp.log1p(exposure / reach)


def test_a_short_name_is_one_of_ours() -> None:
    assert load_component("adstock", "geometric") is GEOMETRIC
    assert load_component("adstock", "auto") is AUTO
    assert load_component("saturation", "logistic") is TANH


def test_an_import_path_is_anybodys() -> None:
    assert load_component("saturation", "mmm.media.saturation:HILL") is HILL


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"model.adstock: 'geometrical' is not one of .*geometric.*negative_binomial"):
        load_component("adstock", "geometrical")


def test_an_adstock_is_no_saturation() -> None:
    with pytest.raises(InputError, match=r"nor an import path `package.module:NAME` of Saturation"):
        load_component("saturation", "mmm.media.adstock:GEOMETRIC")


def test_a_module_that_is_not_installed_is_said_to_be_so() -> None:
    with pytest.raises(InputError, match=r"cannot import 'no_such_package.curves'.*is it installed"):
        load_component("saturation", "no_such_package.curves:MINE")


def test_a_parameter_without_a_prior_is_refused() -> None:
    with pytest.raises(TypeError, match="every keyword-only argument needs one prior"):
        Saturation(log_growth, {})
    with pytest.raises(TypeError, match=r"log_growth has the parameters \['reach'\] but priors for \['depth'\]"):
        Saturation(log_growth, {"depth": dist.LogNormal(0.0, 0.5)})


def test_a_component_knows_its_name_and_parameters() -> None:
    component = Saturation(log_growth, {"reach": dist.LogNormal(0.0, 0.5)})
    assert component.name == "log_growth"
    assert component.parameters == ("reach",)
    assert float(component(jnp.asarray(1.0), reach=jnp.asarray(1.0))) == pytest.approx(0.6931, abs=1e-4)


def test_channels_that_are_alike_differ_less_than_the_prior_is_wide() -> None:
    prior = Alike(0.2, 0.3, 0.4)
    drawn = np.log(prior.sample(jax.random.key(1), (20_000,)))
    assert np.median(drawn) == pytest.approx(0.2, abs=0.02)
    assert np.quantile(np.abs(drawn - 0.2), 0.999) > 3.0 * np.quantile(np.abs(drawn - 0.2), 0.9)
    values = np.log(prior.values(jnp.asarray(1.0), jnp.array([-1.0, 0.0, 2.0])))
    assert values == pytest.approx([0.2 + 0.3 - 0.4, 0.2 + 0.3, 0.2 + 0.3 + 0.8])


def test_the_joint_density_of_alike_channels_has_their_common_part_integrated_out() -> None:
    prior, value = Alike(0.2, 0.3, 0.4), jnp.array([1.0, 1.5, 4.0])
    common = jnp.linspace(-60.0, 60.0, 60_001)
    own = (jnp.log(value) - 0.2 - 0.3 * common[:, None]) / 0.4
    given = (prior.own.log_prob(own) - jnp.log(0.4) - jnp.log(value)).sum(axis=1) + prior.common.log_prob(common)
    integral = float(jnp.log(jnp.trapezoid(jnp.exp(given), common)))
    assert float(prior.log_prob(value)) == pytest.approx(integral, abs=5e-3)
