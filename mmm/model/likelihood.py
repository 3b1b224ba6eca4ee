"""What is the joint density? Priors and likelihood in NumPyro; reads like the model section of a paper.

    log contribution share ~ MultivariateNormal(common ROI, spread across channels)
    coefficient[g,c] = share[c] / typical effect[c] * exp(geo spread[c] * z[g,c]),   sum over g of z[g,c] = 0
    typical effect[c] = sum over the panel of response[c,t,g] exp(geo spread[c] * z[g,c]) / KPI
    response[c,t,g] = saturation_c( adstock_c( exposure[c,.,g] ) / usual[c,g]^habit )[t]
    KPI[t,g] / size[g] ~ Normal(baseline + media + shock[t], sigma)        (or Student t, or negative binomial)

With several geos a period's shock is shared by all of them, `Normal(0, shock)`: weather, news and holidays do not stop
at borders, and taking what they do in fifty geos for fifty observations makes every interval too narrow.

Do geos of one size saturate at the same exposure (habit 0), or each at the same multiple of what it is used to
(habit 1)? Tools of the field assume the one or the other; here the data say.

A channel's strength is parametrised by its share of KPI, not by its coefficient: that is what data and analysts know
about, and it takes the ridge between coefficient and saturation out of the sampler's way. With several geos it is the
share of the whole panel, whatever the geos' own effects: that all of them rise at once is no direction of its own.

One description, two ways: where the linear block is Gaussian it is integrated out (`mmm.model.collapse`), elsewhere, or
with `collapse=False`, it is sampled. Both give the same posterior; a test holds that.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from jaxtyping import Array, Float
from scipy.linalg import helmert

from mmm.media.component import Alike
from mmm.model.block import centre_of_scales, column_scales, sample_scales
from mmm.model.calibrate import observe_lift
from mmm.model.collapse import Noise, collapsed_log_density
from mmm.model.core import Parameters, baseline, effect_of_share, media_effect, response
from mmm.model.drift import centre_of_drift, drift_weights, sample_drift
from mmm.model.spec import MEDIA_SHARE, ROI_SPREAD, Arrays, Group, Structure

SIGMA_SCALE = 0.5
"""Half-normal scale of the residual standard deviation, relative to the mean KPI."""
SHOCK_SCALE = 0.2
"""Half-normal scale of the standard deviation of a period's shock to all geos, relative to the mean KPI."""
GEO_SPREAD_SCALE = 0.3
"""Half-normal scale of the standard deviation of a channel's log coefficient across geos."""


def mix_model(structure: Structure, arrays: Arrays, collapse: bool = True) -> None:
    """The NumPyro model of `structure` given `arrays`."""
    parameters = sample_media(structure, arrays)
    media = media_effect(parameters["coefficient"], parameters["response"])
    if arrays.lift is not None and structure.link == "identity":
        observe_lift(structure, arrays, arrays.lift, parameters)
    sd = design_sd(structure, arrays)
    if structure.collapses and collapse:
        noise = Noise(numpyro.sample("sigma", dist.HalfNormal(SIGMA_SCALE)), _sample_shock(structure))
        numpyro.factor("kpi", collapsed_log_density(arrays, arrays.kpi - media, sd, noise))
        return
    with numpyro.plate("column", sd.shape[0]):
        offset = numpyro.sample("baseline_offset", dist.Normal(0.0, 1.0))
    linear = baseline(arrays, design_mean(structure, arrays) + sd * offset) + media
    shock = _sample_shock(structure)
    if shock is not None:
        with numpyro.plate("period", arrays.mask.shape[0]):
            linear = linear + (shock * numpyro.sample("shock_offset", dist.Normal(0.0, 1.0)))[:, None]
    if arrays.lift is not None and structure.link == "log":
        observe_lift(structure, arrays, arrays.lift, parameters, linear)
    _observe(structure, arrays, jnp.exp(linear) if structure.link == "log" else linear)


def sample_media(structure: Structure, arrays: Arrays) -> dict[str, Array]:
    """Media parameters from their priors: component parameters by channel, `share`, `coefficient`, and the
    `response`."""
    parameters = _sample_components(structure)
    shapes = response(structure, arrays, parameters)
    share, relative = jnp.exp(_sample_log_share(arrays)), None
    geos = len(structure.geos)
    if geos > 1:
        with numpyro.plate("channel_of_spread", len(structure.channels)):
            spread = numpyro.sample("geo_spread", dist.HalfNormal(GEO_SPREAD_SCALE))
        contrasts = numpyro.plate("contrast", geos - 1, dim=-2)
        with contrasts, numpyro.plate("channel_in_geo", len(structure.channels), dim=-1):
            contrast = numpyro.sample("geo_contrast", dist.Normal(0.0, spread**arrays.centring))
        relative = _relative(arrays, spread, contrast)
    coefficient = _coefficient(structure, arrays, parameters, shapes, share, relative)
    return {**parameters, "share": share, "coefficient": coefficient, "response": shapes}


def prior_centre(structure: Structure, arrays: Arrays, collapse: bool = True) -> dict[str, Array]:
    """A typical value of every sampled parameter, where chains start."""
    channels, geos, columns = len(structure.channels), len(structure.geos), arrays.design.sd.shape[0]
    centre = {"log_share": arrays.prior_mean, "roi_spread": jnp.exp(ROI_SPREAD[0])}
    for group, key, _, prior in component_sites(structure):
        if isinstance(prior, Alike):
            centre |= {f"{key}_common": jnp.zeros(()), f"{key}_own": jnp.zeros(len(group.channels))}
        else:
            centre[key] = jnp.full(len(group.channels), _typical(prior))
    centre |= centre_of_scales(structure.blocks) | centre_of_drift(structure.drift)
    if geos > 1:
        centre |= {
            "geo_spread": jnp.full(channels, 0.5 * GEO_SPREAD_SCALE),
            "geo_contrast": jnp.zeros((geos - 1, channels)),
        }
        centre["shock"] = jnp.asarray(0.25 * SHOCK_SCALE)
        centre["habit"] = jnp.asarray(0.5)
    if not (structure.collapses and collapse):
        centre["baseline_offset"] = jnp.zeros(columns)
        if geos > 1:
            centre["shock_offset"] = jnp.zeros(arrays.mask.shape[0])
    if structure.likelihood == "negative_binomial":
        return centre | {"concentration": jnp.asarray(20.0)}
    if structure.likelihood == "student_t":
        centre["degrees_of_freedom"] = jnp.asarray(10.0)
    return centre | {"sigma": jnp.asarray(0.2 * SIGMA_SCALE)}


def _typical(prior: dist.Distribution) -> Float[Array, ""]:
    """The median where NumPyro knows it, else the mean where there is one."""
    try:
        return jnp.asarray(prior.icdf(0.5))
    except (NotImplementedError, ImportError):
        return jnp.where(jnp.isfinite(prior.mean), prior.mean, 1.0)


def owners(structure: Structure) -> dict[str, tuple[int, ...]]:
    """The sampled parameters that are each a channel's own, and the channel of each of their entries."""
    everyone = tuple(range(len(structure.channels)))
    own = {"log_share": everyone} | ({"geo_spread": everyone} if len(structure.geos) > 1 else {})
    for group, key, _, prior in component_sites(structure):
        own[f"{key}_own" if isinstance(prior, Alike) else key] = group.channels
    return own


def design_sd(structure: Structure, arrays: Arrays) -> Float[Array, " column"]:
    """Prior standard deviation of every design column, learned block scales included."""
    return column_scales(structure.blocks, sample_scales(structure.blocks)) * arrays.design.sd


def design_mean(structure: Structure, arrays: Arrays) -> Float[Array, " column"]:
    """Prior mean of every design column; an intercept of 1 is 0 on the log scale."""
    mean = arrays.design.mean
    return mean - 1.0 * (mean == 1.0) if structure.link == "log" else mean


def coefficient_of(structure: Structure, arrays: Arrays, draw: Parameters) -> Float[Array, "geo_or_one channel"]:
    """The coefficients that belong to one draw of the sampled parameters."""
    parameters = component_parameters(structure, draw)
    shapes = response(structure, arrays, parameters)
    relative = _relative(arrays, draw["geo_spread"], draw["geo_contrast"]) if "geo_spread" in draw else None
    return _coefficient(structure, arrays, parameters, shapes, jnp.exp(draw["log_share"]), relative)


def component_parameters(structure: Structure, draw: Parameters) -> dict[str, Array]:
    """`adstock_<name>` and `saturation_<name>` by channel, NaN where a channel's component has no such parameter;
    `habit` where there are several geos, and `drift` where channels drift."""
    merged: dict[str, Array] = {}
    for group, key, name, prior in component_sites(structure):
        if isinstance(prior, Alike):
            own = prior.values(draw[f"{key}_common"], draw[f"{key}_own"], _centred(structure))
        else:
            own = draw[key]
        if len(group.channels) == len(structure.channels):
            merged[name] = own
        else:
            values = merged.get(name, jnp.full(len(structure.channels), jnp.nan))
            merged[name] = values.at[jnp.asarray(group.channels)].set(own)
    if "habit" in draw:
        merged["habit"] = draw["habit"]
    if structure.varying:
        merged["drift"] = drift_weights(structure.drift, structure.varying, len(structure.channels), draw)
    return merged


def _relative(
    arrays: Arrays, spread: Float[Array, " channel"], contrast: Float[Array, "geo_less_one channel"]
) -> Float[Array, "geo channel"]:
    """How strong a channel is in each geo, to be scaled so that all of them together bring its share: logs that sum to
    0, as many contrasts as are free, and scattered as independent ones are around their mean."""
    contrasts = jnp.asarray(helmert(len(contrast) + 1))
    return jnp.exp(spread ** (1.0 - arrays.centring) * (contrasts.T @ contrast))


def _coefficient(
    structure: Structure,
    arrays: Arrays,
    parameters: Parameters,
    shapes: Float[Array, "channel time geo"],
    share: Float[Array, " channel"],
    relative: Float[Array, "geo channel"] | None,
) -> Float[Array, "geo_or_one channel"]:
    level = (share / effect_of_share(structure, arrays, parameters, shapes, relative))[None, :]
    return level if relative is None else level * relative


def _sample_components(structure: Structure) -> dict[str, Array]:
    draw: dict[str, Array] = {}
    for group, key, _, prior in component_sites(structure):
        site, own = key, prior
        if isinstance(prior, Alike):
            site, common = f"{key}_own", numpyro.sample(f"{key}_common", prior.common)
            draw[f"{key}_common"], own = common, prior.own_given(common, _centred(structure))
        with numpyro.plate(f"channels_of_{key}", len(group.channels)):
            draw[site] = numpyro.sample(site, own)
    if len(structure.geos) > 1:
        draw["habit"] = numpyro.sample("habit", dist.Uniform(0.0, 1.0))
    draw |= sample_drift(structure.drift)
    return component_parameters(structure, draw)


def _centred(structure: Structure) -> bool:
    """Whether what channels share is sampled in each of them: with several geos a channel's own data say much."""
    return len(structure.geos) > 1


class ComponentSite(NamedTuple):
    """A parameter of the components of a group: its key among what is sampled, and its name in a fit's posterior."""

    group: Group
    key: str
    name: str
    prior: dist.Distribution


def component_sites(structure: Structure) -> Iterator[ComponentSite]:
    """Every parameter of every group's components, in the order in which they are sampled."""
    for group in structure.groups:
        for kind, component in (("adstock", group.adstock), ("saturation", group.saturation)):
            for name, prior in component.priors.items():
                yield ComponentSite(group, f"{kind}_{name}_{group.key}", f"{kind}_{name}", prior)


def _sample_log_share(arrays: Arrays) -> Float[Array, " channel"]:
    """Pooled channels share the (integrated out) media share and differ by `roi_spread`; the others have their own
    prior."""
    spread = numpyro.sample("roi_spread", dist.LogNormal(*ROI_SPREAD))
    variance = jnp.where(arrays.pooled, spread**2, arrays.prior_sd**2)
    common = MEDIA_SHARE[1] * arrays.pooled[:, None]
    return numpyro.sample("log_share", dist.LowRankMultivariateNormal(arrays.prior_mean, common, variance))


def _sample_shock(structure: Structure) -> Float[Array, ""] | None:
    return numpyro.sample("shock", dist.HalfNormal(SHOCK_SCALE)) if len(structure.geos) > 1 else None


def _observe(structure: Structure, arrays: Arrays, mean: Float[Array, "time geo"]) -> None:
    inside = arrays.mask > 0
    if structure.likelihood == "negative_binomial":
        concentration = numpyro.sample("concentration", dist.LogNormal(3.0, 1.5))
        counted: dist.Distribution = dist.NegativeBinomial2(mean * arrays.size, concentration)
        numpyro.sample("kpi", counted.mask(inside), obs=jnp.round(arrays.kpi * arrays.size))
        return
    sigma = numpyro.sample("sigma", dist.HalfNormal(SIGMA_SCALE))
    if structure.likelihood == "student_t":
        degrees = numpyro.sample("degrees_of_freedom", dist.Gamma(2.0, 0.1))
        noise: dist.Distribution = dist.StudentT(degrees, mean, sigma)
    else:
        noise = dist.Normal(mean, sigma)
    numpyro.sample("kpi", noise.mask(inside), obs=arrays.kpi)
