"""How is a channel's money spread over the weeks, and how does a year go up and down?

    FLIGHTINGS["bursts"](rng, time)       # relative spend, zero or more, a value a week

Patterns that simulated markets are made of. `time` counts weeks since a New Year, so that seasons fall where they
belong.
To add a style, write a function `(rng, time) -> relative spend` and name it in `FLIGHTINGS`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float
from numpy.random import Generator

Weeks = Float[np.ndarray, " time"]

WEEKS_A_YEAR = 365.25 / 7


def autoregression(rng: Generator, count: int, coefficient: float) -> Weeks:
    """A stationary AR(1) series of unit variance."""
    values = np.empty(count)
    values[0] = rng.normal()
    shocks = rng.normal(0.0, np.sqrt(1 - coefficient**2), count)
    for t in range(1, count):
        values[t] = coefficient * values[t - 1] + shocks[t]
    return values


def season_shape(time: np.ndarray) -> Weeks:
    """A year's shape: a December peak and a smaller one in early summer; `time` in weeks since a New Year."""
    angle = 2 * np.pi * time / WEEKS_A_YEAR
    return np.cos(angle + 0.2) * 0.8 + np.cos(2 * angle + 0.3) * 0.4


def _always_on(rng: Generator, time: np.ndarray) -> Weeks:
    return np.exp(0.35 * autoregression(rng, len(time), 0.7))


def _bursts(rng: Generator, time: np.ndarray) -> Weeks:
    """Four to six weeks on, four to nine off."""
    on = np.zeros(len(time))
    t = int(rng.integers(0, 5))
    while t < len(time):
        length = int(rng.integers(4, 7))
        on[t : t + length] = rng.lognormal(0.0, 0.4)
        t += length + int(rng.integers(4, 10))
    return on * rng.lognormal(0.0, 0.2, len(time))


def _pulses(rng: Generator, time: np.ndarray) -> Weeks:
    """A low steady line with strong single weeks."""
    return 0.4 * _always_on(rng, time) + (rng.random(len(time)) < 0.25) * rng.lognormal(0.5, 0.5, len(time))


def _seasonal(rng: Generator, time: np.ndarray) -> Weeks:
    return np.maximum(0.0, 0.6 + season_shape(time)) * rng.lognormal(0.0, 0.4, len(time))


def _growing(rng: Generator, time: np.ndarray) -> Weeks:
    return (0.4 + 1.2 * (time - time[0]) / len(time)) * _always_on(rng, time)


FLIGHTINGS: dict[str, Callable[[Generator, np.ndarray], Weeks]] = {
    "always_on": _always_on,
    "bursts": _bursts,
    "pulses": _pulses,
    "seasonal": _seasonal,
    "growing": _growing,
}
