"""What do experiments say to the model? The lift it would have predicted, compared with the lift that was measured.

    predicted[row] = sum over the measured cells of  E[KPI | exposure as it was] - E[KPI | exposure without the test]
    lift[row] ~ StudentT(5, predicted[row], sqrt(standard_error^2 + (TRANSPORT * lift)^2))

Both worlds run through adstock and saturation on the exact geos and periods of the test, so a short test is never taken
for a certain one, and effect that lands after the measurement ended is not asked for. Nothing becomes an ROI prior.

Without the test, exposure in the treated cells is what it was less `spend_delta`, spread as spend was. Where the test
switched a channel off, it is what that money would have bought at the channel's usual price. Of a channel with reach
and frequency money bought the reach; its frequency stays. With a log link what a test adds depends on everything else
that sold in these cells, so the model's own expectation of them is part of the prediction.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import pandas as pd
import xarray as xr
from jaxtyping import Array, Float

from mmm.data.lift import DEGREES_OF_FREEDOM, TRANSPORT
from mmm.errors import InputError
from mmm.model.core import Parameters, channel_response, components_of, effectiveness, own_units
from mmm.model.events import overlap
from mmm.model.spec import Arrays, Lift, Structure, lag_exposure


def with_experiments(
    structure: Structure, arrays: Arrays, table: pd.DataFrame, panel: xr.Dataset
) -> tuple[Structure, Arrays]:
    """The model with a checked lift table (`mmm.data.lift.read_lift`) in its likelihood.

    Raises `InputError` for rows that claim to have added more money than the panel says was spent.
    """
    names = [str(name) for name in panel["channel"].values]
    pairs = [(row, names.index(name)) for row, tested in enumerate(table["channel"]) for name in tested]
    problems = [problem for row, channel in pairs for problem in _problems(table.iloc[row], panel, channel)]
    if problems:
        raise InputError(problems, "the lift table")
    worlds = []
    for row, channel in pairs:
        with_test = panel["exposure"].isel(channel=channel).transpose("time", "geo").to_numpy()
        without = _without_test(table.iloc[row], panel, channel)
        worlds.append([_lagged(panel, channel, world, structure.max_lag) for world in (with_test, without)])
    measured = [_overlap(panel, row, "measured_until") for _, row in table.iterrows()]
    rows = np.zeros((len(table), len(pairs)))
    rows[[row for row, _ in pairs], range(len(pairs))] = 1.0
    lift = table["lift"].to_numpy(float)
    scale = np.hypot(table["standard_error"].to_numpy(float), TRANSPORT * lift)
    parts = (np.array(worlds), np.array(measured), rows, lift, scale)
    tested = tuple(channel for _, channel in pairs)
    return replace(structure, tested=tested), arrays._replace(lift=Lift(*(jnp.asarray(part) for part in parts)))


def predicted_lift(
    structure: Structure,
    arrays: Arrays,
    lift: Lift,
    parameters: Parameters,
    linear: Float[Array, "time geo"] | None = None,
) -> Float[Array, " row"]:
    """The lift that the model expects each experiment to have measured, in KPI units.

    With a log link `linear` is the log of expected KPI relative to the geo's size, media as they were included.
    """
    tested = structure.tested
    units = own_units(arrays, parameters)
    added = jnp.zeros((len(tested), *lift.measured.shape[1:]))
    for group in structure.groups:
        pairs = jnp.asarray([pair for pair, channel in enumerate(tested) if channel in group.channels], dtype=int)
        if not len(pairs):
            continue
        channels = jnp.asarray(tested)[pairs]
        adstock, saturation = components_of(group, parameters, channels)
        frequency = arrays.frequency[channels] if group.frequency else None
        one = partial(channel_response, group, structure.max_lag)
        worlds = jax.vmap(jax.vmap(one, in_axes=(0, None, None, None, None)))
        context = (units[channels], adstock, saturation, frequency)
        with_test, without = jnp.moveaxis(worlds(lift.lagged_exposure[pairs], *context), 1, 0)
        coefficient = parameters["coefficient"].T[channels][:, None, :]
        if structure.varying:
            coefficient = coefficient * effectiveness(arrays, parameters)[channels][..., None]
        added = added.at[pairs].set((with_test - without) * coefficient)
    together = jnp.einsum("rp,ptg->rtg", lift.rows, added)
    if linear is not None:
        together = jnp.exp(linear) * -jnp.expm1(-together)
    return (together * lift.measured * arrays.size).sum(axis=(1, 2))


def observe_lift(
    structure: Structure,
    arrays: Arrays,
    lift: Lift,
    parameters: Parameters,
    linear: Float[Array, "time geo"] | None = None,
) -> None:
    """Adds the experiments to the joint density."""
    predicted = predicted_lift(structure, arrays, lift, parameters, linear)
    noise = dist.StudentT(DEGREES_OF_FREEDOM, predicted, lift.scale)
    numpyro.sample("experiments", noise, obs=lift.lift)


def to_dataset(table: pd.DataFrame) -> xr.Dataset:
    """The lift table as the `/lift` group of a fit."""
    flat = table.copy()
    for name in ("channel", "geos"):
        flat[name] = [";".join(cell) for cell in table[name]]
    flat["randomised"] = table["randomised"].astype(int)
    text = flat.select_dtypes(["str", "object"]).columns
    return xr.Dataset(
        {name: ("experiment_row", flat[name].to_numpy(object if name in text else None)) for name in flat}
    )


def from_dataset(lift: xr.Dataset) -> pd.DataFrame:
    """The lift table of a fit's `/lift` group."""
    table = pd.DataFrame({str(name): values.values for name, values in lift.data_vars.items()})
    for name in ("channel", "geos"):
        table[name] = [tuple(part for part in str(cell).split(";") if part) for cell in table[name]]
    return table.assign(randomised=table["randomised"].astype(bool))


def _without_test(row: pd.Series, panel: xr.Dataset, channel: int) -> Float[np.ndarray, "time geo"]:
    exposure = panel["exposure"].isel(channel=channel).transpose("time", "geo").to_numpy()
    share = _overlap(panel, row, "end")
    spent = _spent(row, panel, channel)
    delta = float(row["spend_delta"]) / len(row["channel"])
    if spent > 0:
        return exposure * (1.0 - share * delta / spent)
    spend = panel["spend"].isel(channel=channel).to_numpy()
    per_money = exposure.sum() / spend.sum()
    cells = share * exposure.mean(axis=0)
    return exposure - delta * per_money * cells / cells.sum()


def _spent(row: pd.Series, panel: xr.Dataset, channel: int) -> float:
    spend = panel["spend"].isel(channel=channel).transpose("time", "geo").to_numpy()
    return float((spend * _overlap(panel, row, "end")).sum())


def _overlap(panel: xr.Dataset, row: pd.Series, until: str) -> Float[np.ndarray, "time geo"]:
    """The share of each cell's period between the test's start and the end of day `until`; 0 in other geos."""
    share = overlap(panel["time"].values, row["start"], row[until])
    geos = panel["geo"].values
    treated = np.ones(len(geos)) if row["geos"] in ((), ("all",)) else np.isin(geos, row["geos"]).astype(float)
    return share[:, None] * treated


def _lagged(panel: xr.Dataset, channel: int, exposure: np.ndarray, max_lag: int) -> np.ndarray:
    everything = np.zeros((panel.sizes["channel"], *exposure.shape))
    everything[channel] = exposure
    return np.asarray(lag_exposure(panel, everything, max_lag)[channel])


def _problems(row: pd.Series, panel: xr.Dataset, channel: int) -> list[str]:
    name, spent = str(panel["channel"].values[channel]), _spent(row, panel, channel)
    delta = float(row["spend_delta"]) / len(row["channel"])
    if delta <= spent * 1.001:
        return []
    return [
        f"{row['experiment']}: spend_delta {delta:,.0f} for {name} is more than the {spent:,.0f} that the panel "
        "says was spent there and then: correct spend_delta, the geos or the dates"
    ]
