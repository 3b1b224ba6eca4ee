"""What is expected KPI, given the parameters? The mean function, in pure JAX: no names, no probability, no files.

    response[c,t,g] = saturation_c( adstock_c( exposure[c,.,g] ) / units[c,g] )[t]       units: 1, or the geo's own
    effect[c,t,g]   = coefficient[g,c] response[c,t,g]
    identity link:    mean[t,g] = baseline[t,g] + sum_c effect[c,t,g]
    log link:         mean[t,g] = exp( baseline[t,g] + sum_c effect[c,t,g] )

All in KPI relative to the geo's size. A channel may saturate first, response = adstock(saturation(exposure)); one with
reach and frequency does so per person reached, response = adstock(reach saturation(frequency)).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from mmm.media.adstock import carry_over, lagged, normalised_weights
from mmm.media.saturation import NONE as NO_SATURATION
from mmm.model.design import fitted
from mmm.model.spec import Arrays, Group, Structure

Parameters = Mapping[str, Array]
Response = Float[Array, "channel time geo"]


def response(structure: Structure, arrays: Arrays, parameters: Parameters) -> Response:
    """Adstocked and saturated exposure of every channel, times its effectiveness where that drifts, in the structure's
    channel order.

    `parameters` holds `adstock_<name>` and `saturation_<name>`, each `(channel,)`; entries that a channel's
    components do not use are ignored. With several geos it holds `habit`, and where channels drift, `drift`, the
    weights of `arrays.waves`.
    """
    parts = [group_response(group, structure.max_lag, arrays, parameters) for group in structure.groups]
    return _every_channel(structure, arrays, parameters, parts)


def response_to_multiples(
    structure: Structure, arrays: Arrays, scaled: Float[Array, "channel lag time geo"], parameters: Parameters
) -> Callable[[Float[Array, ""]], Response]:
    """The response as a function of a multiple of the exposure in `scaled`, on top of that in `arrays`.

    Carryover is linear in exposure, so it is computed once for all multiples; and a channel with reach and frequency
    responds in proportion to its reach.
    """
    groups, max_lag = structure.groups, structure.max_lag
    responses = [_group_to_multiples(group, max_lag, arrays, scaled, parameters) for group in groups]
    return lambda multiple: _every_channel(structure, arrays, parameters, [of(multiple) for of in responses])


def _group_to_multiples(
    group: Group, max_lag: int, arrays: Arrays, scaled: Float[Array, "channel lag time geo"], parameters: Parameters
) -> Callable[[Float[Array, ""]], Response]:
    both = arrays, arrays._replace(lagged_exposure=scaled)
    if group.frequency:
        fixed, added = (group_response(group, max_lag, part, parameters) for part in both)
        return lambda multiple: fixed + multiple.astype(added.dtype) * added
    if group.saturation_first:

        def again(multiple: Float[Array, ""]) -> Response:
            exposure = arrays.lagged_exposure + multiple.astype(scaled.dtype) * scaled
            return group_response(group, max_lag, arrays._replace(lagged_exposure=exposure), parameters)

        return again
    carried = replace(group, saturation=NO_SATURATION)
    fixed, added = (group_response(carried, max_lag, part, parameters) for part in both)
    _, own = components_of(group, parameters, jnp.asarray(group.channels))
    own = {name: value.astype(added.dtype) for name, value in own.items()}

    def at(multiple: Float[Array, ""]) -> Response:
        exposure = fixed + multiple.astype(added.dtype) * added
        return jax.vmap(lambda x, p: group.saturation(x, **p))(exposure, own)

    return at


def _every_channel(
    structure: Structure, arrays: Arrays, parameters: Parameters, parts: list[Float[Array, "_ time geo"]]
) -> Response:
    """The responses of the groups as one, in the structure's channel order, times effectiveness where that drifts."""
    order = [channel for group in structure.groups for channel in group.channels]
    inverse = jnp.asarray(sorted(range(len(order)), key=order.__getitem__))
    every = parts[0] if len(parts) == 1 else jnp.concatenate(parts)[inverse]
    return every * effectiveness(arrays, parameters)[..., None] if structure.varying else every


def effectiveness(arrays: Arrays, parameters: Parameters) -> Float[Array, "channel time"]:
    """How well each channel worked in each period, relative to its average; 1 for channels that do not drift."""
    assert arrays.waves is not None  # where channels vary, `spec.build` made them
    return jnp.exp(parameters["drift"] @ arrays.waves.T)


def own_units(arrays: Arrays, parameters: Parameters) -> Float[Array, "channel geo"]:
    """The exposure that saturates in a geo as 1 does in a typical one: 1 in all of them at habit 0, and what each is
    used to at habit 1."""
    return jnp.exp(parameters["habit"] * arrays.usual) if "habit" in parameters else jnp.ones(arrays.usual.shape)


def group_response(group: Group, max_lag: int, arrays: Arrays, parameters: Parameters) -> Response:
    """The response of the channels of one group."""
    everyone = len(group.channels) == arrays.lagged_exposure.shape[0]
    members = slice(None) if everyone else jnp.asarray(group.channels)  # an index copies, and its gradient scatters
    adstock, saturation = components_of(group, parameters, members)
    frequency = arrays.frequency[members] if group.frequency else None
    units = own_units(arrays, parameters)[members]
    one = partial(channel_response, group, max_lag)
    return jax.vmap(one)(arrays.lagged_exposure[members], units, adstock, saturation, frequency)


def components_of(
    group: Group, parameters: Parameters, channels: Int[Array, " member"] | slice
) -> tuple[dict[str, Array], dict[str, Array]]:
    """The adstock's and the saturation's parameters of some `channels` of a group, by their own names."""
    adstock = {name: parameters[f"adstock_{name}"][channels] for name in group.adstock.parameters}
    saturation = {name: parameters[f"saturation_{name}"][channels] for name in group.saturation.parameters}
    return adstock, saturation


def channel_response(
    group: Group,
    max_lag: int,
    lagged_exposure: Float[Array, "lag time geo"],
    units: Float[Array, " geo"],
    adstock: Parameters,
    saturation: Parameters,
    frequency: Float[Array, "time geo"] | None = None,
) -> Float[Array, "time geo"]:
    """The response of one channel of `group`, in the precision of its exposure. What saturates first is lagged here,
    for it depends on parameters. Exposure saturates in `units` of a geo's own; a frequency is the same everywhere."""
    weights = normalised_weights(group.adstock, max_lag, adstock)
    saturation = {name: value.astype(lagged_exposure.dtype) for name, value in saturation.items()}
    per_unit = (1.0 / units).astype(lagged_exposure.dtype)
    if frequency is not None:
        present = lagged_exposure[0] * group.saturation(frequency, **saturation)
    elif group.saturation_first:
        present = group.saturation(lagged_exposure[0] * per_unit, **saturation)
    else:
        return group.saturation(carry_over(lagged_exposure, weights) * per_unit, **saturation)
    return carry_over(lagged(jnp.pad(present, ((max_lag, 0), (0, 0))), max_lag), weights)


def typical_effect(
    arrays: Arrays, response: Response, relative: Float[Array, "geo channel"] | None = None
) -> Float[Array, " channel"]:
    """Each channel's share of KPI inside the window, were its coefficient 1, or `relative` to other geos: the border
    between share and coefficient."""
    weight = (arrays.mask * arrays.size / arrays.total).astype(response.dtype)
    if relative is None:
        share = response.reshape(len(response), -1) @ weight.ravel()
    else:
        share = (jnp.einsum("ctg,tg->cg", response, weight) * relative.T.astype(response.dtype)).sum(axis=1)
    return jnp.maximum(share, 1e-9)


def effect_of_share(
    structure: Structure,
    arrays: Arrays,
    parameters: Parameters,
    own: Response,
    relative: Float[Array, "geo channel"] | None = None,
) -> Float[Array, " channel"]:
    """`typical_effect` of the `own` response; for channels whose share is marginal, of what the next unit adds."""
    if not structure.marginal:
        return typical_effect(arrays, own, relative)
    _, slope = response_and_slope(structure, arrays, parameters)
    marginal = jnp.zeros(len(structure.channels), bool).at[jnp.asarray(structure.marginal)].set(True)
    return typical_effect(arrays, jnp.where(marginal[:, None, None], slope, own), relative)


def response_and_slope(structure: Structure, arrays: Arrays, parameters: Parameters) -> tuple[Response, Response]:
    """The response, and how fast it grows with a multiple of all exposure, at 1: equal where nothing saturates."""

    def at(multiple: Array) -> Response:
        return response(structure, arrays._replace(lagged_exposure=arrays.lagged_exposure * multiple), parameters)

    one = jnp.ones((), arrays.lagged_exposure.dtype)
    return jax.jvp(at, (one,), (one,))


def media_effect(coefficient: Float[Array, "geo channel"], response: Response) -> Float[Array, "time geo"]:
    """Sum over channels of coefficient times response."""
    return (coefficient.astype(response.dtype).T[:, None, :] * response).sum(axis=0)


def baseline(arrays: Arrays, baseline_coefficient: Float[Array, " column"]) -> Float[Array, "time geo"]:
    """KPI (or log KPI) without paid or organic media."""
    return fitted(arrays.design, baseline_coefficient)


def expected(structure: Structure, arrays: Arrays, parameters: Parameters) -> Float[Array, "time geo"]:
    """Expected KPI relative to the geo's size; `parameters` adds `coefficient` and `baseline_coefficient`."""
    media = media_effect(parameters["coefficient"], response(structure, arrays, parameters))
    linear = baseline(arrays, parameters["baseline_coefficient"]) + media
    return jnp.exp(linear) if structure.link == "log" else linear
