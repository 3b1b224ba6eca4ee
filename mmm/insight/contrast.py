"""What would have happened otherwise? The difference in expected KPI between two exposures, draw by draw.

    contrast = E[KPI | factual exposure] - E[KPI | counterfactual exposure]

Contribution, ROI, mROI, response curves and predicted lift are all contrasts. The carryover of both worlds is computed
from their own exposure, so a pulse keeps working after it ends.

To ask a new question, build the counterfactual exposure (`panel.exposure` with some cells changed) and call `contrast`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Float

from mmm.model.core import Response, baseline, media_effect, response
from mmm.model.core import effectiveness as drifted
from mmm.model.fit import Model, draws_at_once, model_of, panel_of
from mmm.model.spec import Arrays, Structure, for_sampling, lag_exposure

Sample = dict[str, Array]


def contrast(
    fit: xr.DataTree, factual: xr.DataArray | None, counterfactual: xr.DataArray | None, samples: int | None = None
) -> xr.DataArray:
    """Draws of expected KPI under `factual` minus under `counterfactual` exposure, `chain draw geo time`, in KPI units.

    Each is an `exposure` array like the panel's (any order of dims `geo time channel`), or None for exposure as
    observed. With `samples`
    only that many evenly spaced draws are used, and the result has the dimension `sample`.
    """
    model, panel = model_of(fit), panel_of(fit)
    worlds = [_with_exposure(fit, model, exposure) for exposure in (factual, counterfactual)]
    values = over_draws(_difference, model.structure, draws_of(fit, samples), *worlds)
    return labelled(fit, values, {"geo": panel["geo"].values, "time": panel["time"].values}, samples, "KPI units")


def adstocked_exposure(fit: xr.DataTree, samples: int = 200) -> xr.DataArray:
    """The transformed exposure of `samples` evenly spaced draws, `sample geo time channel`: adstock and saturation,
    effectiveness where it drifts, no coefficient; in single precision."""
    model, panel = model_of(fit), panel_of(fit)
    values = over_draws(_response, model.structure, draws_of(fit, samples), for_sampling(model.arrays))
    coords = {name: panel[name].values for name in ("channel", "time", "geo")}
    return labelled(fit, values, coords, samples, "response").transpose("sample", "geo", "time", "channel")


def effectiveness(fit: xr.DataTree) -> xr.DataArray:
    """How well each channel worked in each period relative to its average, `chain draw time channel`; 1 for channels
    that the study does not let vary."""
    model, panel = model_of(fit), panel_of(fit)
    coords = {name: panel[name].values for name in ("time", "channel")}
    values = over_draws(_effectiveness, model.structure, draws_of(fit), model.arrays)
    return labelled(fit, values, coords, None, "multiple of the channel's average")


def expected_kpi(
    structure: Structure, sample: Sample, arrays: Arrays, own: Response | None = None
) -> Float[Array, "time geo"]:
    """Expected KPI in KPI units under the exposure in `arrays`; `own` is its response where that is known."""
    own = jax.lax.optimization_barrier(response(structure, arrays, sample)) if own is None else own
    linear = baseline(arrays, sample["baseline_coefficient"]) + media_effect(sample["coefficient"], own)
    return (jnp.exp(linear) if structure.link == "log" else linear) * arrays.size


def channel_effect(structure: Structure, sample: Sample, arrays: Arrays) -> Float[Array, "channel time geo"]:
    """Each channel's own contrast against none of it, the others as they are; KPI units.

    With the identity link these add up to all of media. With the log link channels multiply each other: the effects are
    one at a time, and what they miss together is reported, never spread.
    """
    own = response(structure, arrays, sample)
    effect = sample["coefficient"].T[:, None, :] * own
    if structure.link == "log":
        effect = expected_kpi(structure, sample, arrays, own) / arrays.size * -jnp.expm1(-effect)
    return effect * arrays.size


def draws_of(fit: xr.DataTree, samples: int | None = None) -> Sample:
    """Posterior parameters with chains and draws in one leading axis; all of them, or `samples` evenly spaced ones."""
    posterior = fit["posterior"].to_dataset()
    flat = {str(name): values.values.reshape(-1, *values.shape[2:]) for name, values in posterior.data_vars.items()}
    chosen = spaced(posterior.sizes["chain"] * posterior.sizes["draw"], samples)
    return {name: jnp.asarray(values[chosen], dtype=float) for name, values in flat.items()}


def spaced(total: int, samples: int | None) -> np.ndarray:
    """The places of `samples` evenly spaced draws among `total`; all of them where there are no more."""
    return (
        np.arange(total)
        if samples is None or samples >= total
        else np.linspace(0, total - 1, samples).round().astype(int)
    )


def over_draws(question: Callable[..., Any], structure: Structure, draws: Sample, *given: Any) -> Any:
    """`question(structure, sample, *given)` answered for every draw; trees of arrays, with draws in front.

    One program for each question, structure and shape of what is `given`, compiled once a process: a question is a
    function of a module, and reads no array but those it is handed. Draws go through it as many at a time as fit into
    the processor's cache, on all cores.
    """
    batch = draws_at_once(given, len(next(iter(draws.values()))))
    return jax.tree.map(np.asarray, _answers(question, structure, batch, draws, given))


def mean_over_draws(question: Callable[..., Array], structure: Structure, draws: Sample, *given: Any) -> np.ndarray:
    """The mean over draws of what `over_draws` returns, where all of it would not fit into memory."""
    return np.asarray(_sum(question, structure, draws, given)) / len(next(iter(draws.values())))


@partial(jax.jit, static_argnums=(0, 1))
def _sum(question: Callable[..., Array], structure: Structure, draws: Sample, given: Any) -> Array:
    def add(so_far: Array, sample: Sample) -> tuple[Array, None]:
        return so_far + question(structure, sample, *given), None

    first = jax.tree.map(lambda values: values[0], draws)
    shape = jax.eval_shape(partial(question, structure), first, *given)
    return jax.lax.scan(add, jnp.zeros(shape.shape), draws)[0]


@partial(jax.jit, static_argnums=(0, 1, 2))
def _answers(question: Callable[..., Any], structure: Structure, batch: int, draws: Sample, given: Any) -> Any:
    return jax.lax.map(lambda sample: question(structure, sample, *given), draws, batch_size=batch)


def labelled(
    fit: xr.DataTree, values: np.ndarray, coords: dict[str, np.ndarray], samples: int | None, units: str
) -> xr.DataArray:
    """`values` with one leading axis of draws, named: `chain draw` when all draws were used, else `sample`."""
    if samples is not None:
        array = xr.DataArray(values, dims=("sample", *coords), coords={"sample": np.arange(len(values)), **coords})
    else:
        posterior = fit["posterior"].to_dataset()
        lead = {"chain": posterior["chain"].values, "draw": posterior["draw"].values}
        shape = (len(lead["chain"]), len(lead["draw"]), *values.shape[1:])
        array = xr.DataArray(values.reshape(shape), dims=(*lead, *coords), coords={**lead, **coords})
    return array.assign_attrs(units=units)


def _difference(structure: Structure, sample: Sample, factual: Arrays, counterfactual: Arrays) -> Array:
    return (expected_kpi(structure, sample, factual) - expected_kpi(structure, sample, counterfactual)).T


def _response(structure: Structure, sample: Sample, arrays: Arrays) -> Array:
    return response(structure, arrays, sample)


def _effectiveness(structure: Structure, sample: Sample, arrays: Arrays) -> Array:
    if not structure.varying:
        return jnp.ones((len(arrays.mask), len(structure.channels)))
    return drifted(arrays, sample).T


def _with_exposure(fit: xr.DataTree, model: Model, exposure: xr.DataArray | None) -> Arrays:
    if exposure is None:
        return model.arrays
    panel = panel_of(fit)
    values = exposure.broadcast_like(panel["exposure"]).transpose("channel", "time", "geo").to_numpy()
    return model.arrays._replace(lagged_exposure=lag_exposure(panel, values, model.structure.max_lag))
