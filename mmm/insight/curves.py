"""What would a channel bring at another level of spend? Response curves: its whole flighting times one multiple.

    curve[c](m) = value of E[KPI | m times c's exposure] - value of E[KPI | none of it],   other channels as they are

Over the study's window, or over a horizon after the data: then the adstock state at its start is warm (what was spent
before still works, and is not counted), and the carryover that lands after its end is. Channels whose effectiveness
drifts stay as effective as they were last.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Float

from mmm.insight.contrast import Sample, draws_of, expected_kpi, over_draws
from mmm.insight.contribution import summed, window_weight
from mmm.model.core import response, response_to_multiples
from mmm.model.fit import Model, model_of, panel_of
from mmm.model.spec import Arrays, Structure, for_sampling, lag_exposure, scale_frequency

SAMPLES = 1000
"""Draws behind a curve: evenly spaced over chains."""
MULTIPLES = tuple(np.round(np.linspace(0.0, 2.0, 21), 2))


def response_curves(
    fit: xr.DataTree,
    multiples: Float[np.ndarray, " multiple"] | tuple[float, ...] = MULTIPLES,
    *,
    horizon: xr.Dataset | None = None,
    by_geo: bool = False,
    as_value: bool = True,
    samples: int = SAMPLES,
) -> xr.DataArray:
    """Contribution of every paid channel at each multiple of its exposure, `sample [geo] channel multiple`.

    `horizon` has the reference `exposure` (and `frequency` where the panel has it) and `value_per_kpi` for the periods
    after the data, in the panel's dims; None means the study's window. Money, or KPI units with `as_value=False`.
    """
    model, panel = model_of(fit), panel_of(fit)
    base, scaled, weight = _window(fit, model, as_value) if horizon is None else _horizon(fit, model, horizon, as_value)
    paid, grid = np.flatnonzero(panel["paid"].values), np.asarray(multiples, dtype=float)
    world = for_sampling(base), scaled.astype(jnp.float32), weight, for_sampling(model.arrays), jnp.asarray(grid)
    values = over_draws(_curves, model.structure, draws_of(fit, samples), *world)[:, :, paid]
    coords = {"geo": panel["geo"].values, "channel": panel["channel"].values[paid], "multiple": grid}
    array = xr.DataArray(
        values, dims=("sample", *coords), coords=coords, attrs={"units": "money" if as_value else "KPI units"}
    )
    return array if by_geo else array.sum("geo", keep_attrs=True)


def _curves(
    structure: Structure, sample: Sample, base: Arrays, scaled: Array, weight: Array, observed: Arrays, grid: Array
) -> Float[Array, "geo channel multiple"]:
    """What each multiple brings beyond none of it, other exposure as in `base`."""
    own, coefficient = response_to_multiples(structure, base, scaled, sample), sample["coefficient"].T[:, None, :]
    level = _level(structure, sample, observed, weight) if structure.link == "log" else base.size

    def at(multiple: Array) -> Array:
        shape = own(multiple)
        if structure.link == "identity":
            return summed(shape, weight * level) * sample["coefficient"]
        return (level * jnp.expm1(coefficient * shape) * weight).sum(axis=1).T

    return jnp.moveaxis(jax.lax.map(at, grid) - at(jnp.zeros(())), 0, -1)


def _level(structure: Structure, sample: Sample, observed: Arrays, weight: Array) -> Float[Array, "channel period geo"]:
    """With a log link, expected KPI without each channel, which the channel then multiplies: as it was in each period
    of the window, or on average for periods after it."""
    own = response(structure, observed, sample)
    level = expected_kpi(structure, sample, observed, own) * jnp.exp(-sample["coefficient"].T[:, None, :] * own)
    return level if level.shape[1:] == weight.shape else level.mean(axis=1, keepdims=True)


def _window(fit: xr.DataTree, model: Model, as_value: bool) -> tuple[Arrays, Array, Array]:
    """The study's window: exposure inside it is scaled, earlier exposure stays."""
    panel = panel_of(fit)
    exposure = panel["exposure"].transpose("channel", "time", "geo").to_numpy()
    inside = exposure * panel["in_window"].to_numpy()[:, None]
    scaled = lag_exposure(panel, inside, model.structure.max_lag)
    fixed = model.arrays._replace(lagged_exposure=model.arrays.lagged_exposure - scaled)
    return fixed, scaled, window_weight(fit, as_value)


def _horizon(fit: xr.DataTree, model: Model, horizon: xr.Dataset, as_value: bool) -> tuple[Arrays, Array, Array]:
    """History that still works, the horizon, and the periods after it in which its carryover lands."""
    panel = panel_of(fit)
    rows = slice(max(panel.sizes["time"] - model.structure.max_lag, 0), None)

    def extended(past: np.ndarray, future: np.ndarray) -> np.ndarray:
        return np.concatenate([past, future, np.zeros((len(past), model.structure.max_lag, past.shape[2]))], axis=1)

    def cube(source: xr.Dataset, name: str) -> np.ndarray:
        return source[name].transpose("channel", "time", "geo").to_numpy()

    past, future = cube(panel, "exposure")[:, rows], cube(horizon, "exposure")
    fixed, scaled = (
        lag_exposure(panel, extended(*parts), model.structure.max_lag)
        for parts in ((past, 0 * future), (0 * past, future))
    )
    arrays = model.arrays._replace(lagged_exposure=fixed)
    if "frequency" in panel:
        frequency = extended(cube(panel, "frequency")[:, rows], cube(horizon, "frequency"))
        arrays = arrays._replace(frequency=scale_frequency(panel, frequency))
    if arrays.waves is not None:  # after the data, channels stay as effective as they were last
        periods = np.arange(panel.sizes["time"] - past.shape[1], panel.sizes["time"] + scaled.shape[2] - past.shape[1])
        last = np.flatnonzero(panel["in_window"].values)[-1]
        arrays = arrays._replace(waves=arrays.waves[np.minimum(periods, last)])
    value = horizon["value_per_kpi"].transpose("time", "geo").to_numpy() if as_value else np.ones_like(future[0])
    after = np.repeat(value[-1:], model.structure.max_lag, axis=0)
    weight = np.concatenate([np.zeros((past.shape[1], value.shape[1])), value, after])
    return arrays, scaled, jnp.asarray(weight)
