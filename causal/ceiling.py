"""How well could any test see a hidden demand in one national series?

A sound market that looks as much like a confounded one as a sound market can is the hardest to tell from it. A test may
not accuse that one too often either, so by Neyman and Pearson's lemma nothing beats the likelihood ratio between the
two, which knows every number but the answer. Its power is a ceiling for tests that take the carryover as given, and do
not know how large the effect is:

    confounded   kpi[t] = demand[t] + noise[t],                flighting[t] = sqrt(share) demand[t] + the plan's own
    sound        kpi[t] = b exposure[t] + wandering[t],        wandering independent of the same flighting

`b` and the spectrum of the wandering are those that bring the second closest to the first (least Kullback-Leibler
divergence). Season, trend and a second channel are taken out of both, as in `operating`, whose market this is.

    most_power(0.05), most_power(0.05, periods=260)        # three years of weeks, and five
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Complex, Float
from scipy import linalg, optimize

from causal.adjustment import season, trend
from causal.operating import LAGS, NOISE, OWN_PERSISTENCE, RETENTION, SHARE_OF_DEMAND, WEEKS_A_YEAR

CIRCLE = 1024
"""Periods of the circle on which series are simulated; a window of it is seen."""

Spectrum = Float[np.ndarray, " frequency"]
Filter = Complex[np.ndarray, " frequency"]


def most_power(
    false_alarms: float,
    periods: int = 156,
    persistence: float = 0.9,
    share: float = SHARE_OF_DEMAND,
    runs: int = 4000,
    seed: int = 0,
) -> float:
    """The power of the best test at this rate of false alarms; its standard error is about sqrt(p (1 - p) / runs)."""
    rng = np.random.default_rng(seed)
    demand = _wandering(persistence)
    flighting = share * demand + (1 - share) * _wandering(OWN_PERSISTENCE)
    followed = (np.sqrt(share) * demand / flighting).astype(complex)
    left = demand * (1 - share * demand / flighting) + NOISE**2
    carried = closest_effect(followed, left, flighting) * _carryover()
    wandering = left + np.abs(followed - carried) ** 2 * flighting
    seen = _contrasts(periods, rng)

    def ratio(kpi: Filter, noise: Spectrum) -> Float[np.ndarray, " run"]:
        flown = _series(flighting, runs, rng)
        sales = _filtered(flown, kpi) + _series(noise, runs, rng)
        return _misfit(sales - _filtered(flown, carried), wandering, seen) - _misfit(
            sales - _filtered(flown, followed), left, seen
        )

    sound, confounded = ratio(carried, wandering), ratio(followed, left)
    return float((confounded > np.quantile(sound, 1 - false_alarms)).mean())


def closest_effect(followed: Filter, left: Spectrum, flighting: Spectrum) -> float:
    """The effect of exposure that comes closest to following demand: least divergence a period."""
    carried = _carryover()

    def divergence(effect: float) -> float:
        return float(np.log1p(np.abs(followed - effect * carried) ** 2 * flighting / left).mean())

    return float(optimize.minimize_scalar(divergence).x)


def _wandering(persistence: float) -> Spectrum:
    """The spectrum of an AR(1) of unit variance."""
    return (1 - persistence**2) / np.abs(1 - persistence * np.exp(-2j * np.pi * np.arange(CIRCLE) / CIRCLE)) ** 2


def _carryover() -> Filter:
    weights = np.zeros(CIRCLE)
    weights[:LAGS] = RETENTION ** np.arange(LAGS)
    return np.fft.fft(weights / weights.sum())


def _contrasts(periods: int, rng: np.random.Generator) -> Float[np.ndarray, "time contrast"]:
    """What is left of a series without level, season, trend and a second channel."""
    other = rng.standard_normal(periods)
    held = [np.ones(periods), season(periods, WEEKS_A_YEAR), trend(periods, WEEKS_A_YEAR), other]
    return linalg.null_space(np.column_stack(held).T)


def _series(spectrum: Spectrum, runs: int, rng: np.random.Generator) -> Float[np.ndarray, "run frequency"]:
    return _filtered(rng.standard_normal((runs, CIRCLE)), np.sqrt(spectrum).astype(complex))


def _filtered(series: Float[np.ndarray, "run frequency"], by: Filter) -> Float[np.ndarray, "run frequency"]:
    return np.real(np.fft.ifft(np.fft.fft(series) * by))


def _misfit(
    residual: Float[np.ndarray, "run frequency"], spectrum: Spectrum, seen: Float[np.ndarray, "time contrast"]
) -> Float[np.ndarray, " run"]:
    """Half the squared length of the whitened residuals: minus the log likelihood but for a constant."""
    periods = len(seen)
    covariance = linalg.toeplitz(np.real(np.fft.ifft(spectrum))[:periods])
    factor = np.linalg.cholesky(seen.T @ covariance @ seen)
    window = residual[:, CIRCLE - periods :] @ seen
    return 0.5 * (linalg.solve_triangular(factor, window.T, lower=True) ** 2).sum(0)
