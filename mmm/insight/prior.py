"""What did we believe before the data? The priors of a study, said in money, and how far the data moved them.

    prior_table(panel)      # before a fit: subject, metric, unit, p05, median, p95, message
    learning(fit)           # after it: each paid channel's ROI, prior and posterior side by side

`prior_draws(panel)` is a fit whose draws come from the prior, so every question of `mmm.insight` can be asked of it
(`roi`, `contribution`, `response_curves`, ...) and is answered by the same code. The baseline, the noise and the media
are drawn independently, as the model has it: experiments and KPI do not enter, beyond the KPI's mean, which scales.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Array, Float
from numpyro import handlers

from mmm.insight.contrast import Sample, draws_of, labelled, over_draws
from mmm.insight.contribution import contribution
from mmm.insight.predictive import predictive
from mmm.insight.returns import half_life, mroi, roi
from mmm.model.core import components_of
from mmm.model.fit import labelled_draws, model_of, panel_of, study_of
from mmm.model.likelihood import mix_model
from mmm.model.sample import Draws
from mmm.model.spec import Arrays, Structure, for_sampling
from mmm.study import INTERVAL, Study

DRAWS = 1000
"""Draws from the prior: a 5 % quantile of 1,000 is the true 4 to 6 % quantile."""
CEILING = 1e9
"""Exposure, in typical ones, at which a curve that has a ceiling has reached it."""
ABSURD = 2.0
"""Implied KPI, in multiples of the observed one, above which priors are absurd: media alone would bring all."""
COLUMNS = ["subject", "metric", "unit", "p05", "median", "p95", "message"]


def prior_table(panel: xr.DataTree, study: Study | None = None, *, draws: int = DRAWS, seed: int = 0) -> pd.DataFrame:
    """What the priors imply for each channel, all paid media and the KPI of a period, in the study's money.

    `saturation` is the share of its ceiling that a channel reaches at its typical exposure, 0 where there is none.
    The message of the last row is empty unless the KPI that is implied is absurd.
    """
    prior = prior_draws(panel, study, draws=draws, seed=seed)
    currency = study_of(prior).currency
    money, returns = contribution(prior, as_value=True).sum("geo"), roi(prior)
    paid = returns["channel"].values
    metrics = [
        ("contribution", currency, money),
        ("roi", f"{currency} per {currency}", returns),
        ("mroi", f"{currency} per {currency}", mroi(prior)),
        ("half_life", "periods", half_life(prior)),
        ("saturation", "share of the ceiling", saturation(prior)),
        ("contribution", currency, money.sel(channel=paid).sum("channel").expand_dims(channel=["all paid media"])),
    ]
    rows = [
        (str(name), metric, unit, *_quantiles(values.sel(channel=name).to_numpy()), "")
        for metric, unit, values in metrics
        for name in values["channel"].values
    ]
    order = {str(name): place for place, name in enumerate(money["channel"].values)}
    rows = sorted(rows, key=lambda row: order.get(row[0], len(order)))
    return pd.DataFrame([*rows, _kpi_row(prior)], columns=COLUMNS)


def learning(fit: xr.DataTree, *, draws: int = DRAWS, seed: int = 0) -> pd.DataFrame:
    """How far the data moved each paid channel's ROI: its prior and posterior range, and the share of the prior's
    spread (log scale) that is gone."""
    rows = []
    before, after = roi(prior_draws(fit, draws=draws, seed=seed)), roi(fit)
    for name in after["channel"].values:
        prior, posterior = (values.sel(channel=name).to_numpy().ravel() for values in (before, after))
        if np.isfinite(posterior).all():
            gone = 1.0 - np.log(posterior).std() / np.log(prior).std()
            rows.append((str(name), *_quantiles(prior), *_quantiles(posterior), float(gone)))
    names = [f"{when}_{what}" for when in ("prior", "posterior") for what in ("p05", "median", "p95")]
    return pd.DataFrame(rows, columns=["channel", *names, "learned"])


def prior_draws(panel: xr.DataTree, study: Study | None = None, *, draws: int = DRAWS, seed: int = 0) -> xr.DataTree:
    """The panel with draws of the study's prior as its `/posterior`, one chain of `draws`."""
    study = study or study_of(panel)
    tree = xr.DataTree.from_dict({"/panel": panel["panel"].to_dataset()})
    tree.attrs = dict(panel.attrs) | {"study": study.model_dump_json(), "seed": seed}
    model = model_of(tree)

    values = _sampled(model.structure, jax.random.split(jax.random.key(seed), draws), model.arrays)
    none = jnp.zeros((1, draws))
    sampled = Draws({name: value[None] for name, value in values.items()}, none > 0, none, none)
    model = model._replace(arrays=for_sampling(model.arrays))
    tree["posterior"] = xr.DataTree(labelled_draws(model, sampled, seed))
    return tree


@partial(jax.jit, static_argnums=0)
def _sampled(structure: Structure, keys: Array, arrays: Arrays) -> dict[str, Array]:
    """Every sampled site of the model, one draw a key."""

    def one(key: Array) -> dict[str, Array]:
        with handlers.trace() as sites, handlers.seed(rng_seed=key):
            mix_model(structure, arrays, collapse=False)
        return {
            name: site["value"] for name, site in sites.items() if site["type"] == "sample" and not site["is_observed"]
        }

    return jax.vmap(one)(keys)


def saturation(fit: xr.DataTree) -> xr.DataArray:
    """The share of its ceiling that each channel reaches at its typical exposure, `chain draw channel`; 0 without
    one."""
    structure = model_of(fit).structure
    values = over_draws(_saturation, structure, draws_of(fit))
    return labelled(fit, values, {"channel": np.asarray(structure.channels)}, None, "share of ceiling")


def _saturation(structure: Structure, sample: Sample) -> Float[Array, " channel"]:
    values, levels = jnp.zeros(len(structure.channels)), jnp.asarray([1.0, CEILING])
    for group in structure.groups:
        members = jnp.asarray(group.channels)
        _, own = components_of(group, sample, members)
        typical, ceiling = jax.vmap(lambda p, g=group: g.saturation(levels, **p), axis_size=len(group.channels))(own).T
        values = values.at[members].set(jnp.where(ceiling > 2.0, 0.0, typical / ceiling))
    return values


def _kpi_row(prior: xr.DataTree) -> tuple[str, str, str, float, float, float, str]:
    """Range of the KPI of one period, all geos together, noise included."""
    panel = panel_of(prior)
    observed = panel["kpi"].sel(time=panel["in_window"]).sum("geo", skipna=False).to_numpy()
    low, median, high = _quantiles(predictive(prior)[1].sum("geo").to_numpy())
    typical = float(np.nanmean(observed))
    message = (
        f"Before the data are seen, the priors put a period's KPI at {median:,.0f}; it is {typical:,.0f} on average. "
        "They let media alone bring more than all of it: check the priors in model.per_channel against the table, and "
        "the units of spend and KPI."
    )
    return "kpi", "kpi_of_a_period", "KPI units", low, median, high, message if median > ABSURD * typical else ""


def _quantiles(values: np.ndarray) -> tuple[float, float, float]:
    low, median, high = np.quantile(values, [INTERVAL[0], 0.5, INTERVAL[1]])
    return float(low), float(median), float(high)
