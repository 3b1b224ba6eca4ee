"""What would have happened otherwise? The difference in expected KPI between two exposures, draw by draw.

    contrast = E[KPI | factual exposure] - E[KPI | counterfactual exposure]

Contribution, ROI, mROI, response curves and predicted lift are all contrasts. The carryover of both worlds is computed
from their own exposure, so a pulse keeps working after it ends.

To ask a new question, build the counterfactual exposure (`panel.exposure` with some cells changed) and call `contrast`.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Float

from mmm.model.core import baseline, media_effect, response
from mmm.model.core import effectiveness as drifted
from mmm.model.fit import BATCH, Model, model_of, panel_of
from mmm.model.spec import Arrays, lag_exposure

Sample = dict[str, Array]


def contrast(
    fit: xr.DataTree, factual: xr.DataArray | None, counterfactual: xr.DataArray | None, samples: int | None = None
) -> xr.DataArray:
    """Draws of expected KPI under `factual` minus under `counterfactual` exposure, `chain draw geo time`, in KPI units.

    Each is an `exposure` array like the panel's (any order of dims `geo time channel`), or None for exposure as
    observed. With `samples`
    only that many evenly spaced draws are used, and the result has the dimension `sample`.
    """
    model = model_of(fit)
    worlds = [_with_exposure(fit, model, exposure) for exposure in (factual, counterfactual)]

    def difference(sample: Sample) -> Array:
        first, second = (expected_kpi(model, arrays, sample) for arrays in worlds)
        return (first - second).T

    panel = panel_of(fit)
    values = over_draws(difference, draws_of(fit, samples))
    return labelled(fit, values, {"geo": panel["geo"].values, "time": panel["time"].values}, samples, "KPI units")


def adstocked_exposure(fit: xr.DataTree, samples: int = 200) -> xr.DataArray:
    """The transformed exposure of `samples` evenly spaced draws, `sample geo time channel`: adstock and saturation,
    effectiveness where it drifts, no coefficient."""
    model = model_of(fit)
    values = over_draws(
        lambda sample: response(model.structure, model.arrays, sample).transpose(2, 1, 0), draws_of(fit, samples)
    )
    panel = panel_of(fit)
    coords = {name: panel[name].values for name in ("geo", "time", "channel")}
    return labelled(fit, values, coords, samples, "response")


def effectiveness(fit: xr.DataTree) -> xr.DataArray:
    """How well each channel worked in each period relative to its average, `chain draw time channel`; 1 for channels
    that the study does not let vary."""
    model, panel = model_of(fit), panel_of(fit)
    coords = {name: panel[name].values for name in ("time", "channel")}

    def multiples(sample: Sample) -> Array:
        if not model.structure.varying:
            return jnp.ones([len(values) for values in coords.values()])
        return drifted(model.arrays, sample).T

    return labelled(fit, over_draws(multiples, draws_of(fit)), coords, None, "multiple of the channel's average")


def expected_kpi(model: Model, arrays: Arrays, sample: Sample) -> Float[Array, "time geo"]:
    """Expected KPI in KPI units under the exposure in `arrays`."""
    linear = baseline(arrays, sample["baseline_coefficient"])
    linear += media_effect(sample["coefficient"], response(model.structure, arrays, sample))
    return (jnp.exp(linear) if model.structure.link == "log" else linear) * arrays.size


def channel_effect(model: Model, arrays: Arrays, sample: Sample) -> Float[Array, "channel time geo"]:
    """Each channel's own contrast against none of it, the others as they are; KPI units.

    With the identity link these add up to all of media. With the log link channels multiply each other: the effects are
    one at a time, and what they miss together is reported, never spread.
    """
    effect = sample["coefficient"].T[:, None, :] * response(model.structure, arrays, sample)
    if model.structure.link == "log":
        effect = expected_kpi(model, arrays, sample) / arrays.size * -jnp.expm1(-effect)
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


def over_draws(question: Callable[[Sample], Array], draws: Sample) -> np.ndarray:
    """`question` answered for every draw, in one compiled program and batches that fit into memory."""
    return np.asarray(jax.jit(lambda inputs: jax.lax.map(question, inputs, batch_size=BATCH))(draws))


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


def _with_exposure(fit: xr.DataTree, model: Model, exposure: xr.DataArray | None) -> Arrays:
    if exposure is None:
        return model.arrays
    panel = panel_of(fit)
    values = exposure.broadcast_like(panel["exposure"]).transpose("channel", "time", "geo").to_numpy()
    return model.arrays._replace(lagged_exposure=lag_exposure(panel, values, model.structure.max_lag))
