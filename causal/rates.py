"""How often does each gate raise an alarm about a channel that has no fault?

A gate without a known false-alarm rate is an opinion. Here each rate was measured, not assumed: simulated channels
whose exposure is independent of demand, demand an AR(0.9) series with noise on top, with and without an effect; season,
trend and a second channel held still. The share of them that the gate fails is stated, the larger of both kinds.
`agreement` and `hidden_demand` are measured against a model that is right and certain, so that their rates are upper
bounds. `identification` fails only where a latent cause is believed, and `experiment` has the rate of its chi-squared
limit.

    from causal.operating import failure_rates
    failure_rates("null", 800, seed=1), failure_rates("null", 200, geos=10, seed=1)     # "effective" likewise

`negative_control` is asked only where the user brings a series, here one of which half the wandering is the market's
demand (`sister=0.5`, seed 6; 400 panels).

Recorded 2026-11-24 with 800 channels of each kind nationally (156 weeks) and 200 in
panels of 10 geos; the standard error of a rate of 0.06 is 0.008 and 0.017. `tests/causal/studies` repeats it with
`pytest -m slow`.
"""

from __future__ import annotations

from causal.experiment import FALSE_ALARMS

NATIONAL = {
    "identification": 0.0,
    "positivity": 0.0,
    "lead": 0.061,
    "hidden_demand": 0.071,
    "circular_shift": 0.038,
    "agreement": 0.121,
    "block_subset": 0.002,
    "random_common_cause": 0.0,
    "leave_one_out": 0.0,
    "robustness": 0.054,
    "planted_effect": 0.01,
    "negative_control": 0.06,
    "experiment": FALSE_ALARMS,
}
PANEL = {
    "identification": 0.0,
    "positivity": 0.0,
    "lead": 0.08,
    "hidden_demand": 0.105,
    "circular_shift": 0.025,
    "agreement": 0.16,
    "block_subset": 0.005,
    "random_common_cause": 0.0,
    "leave_one_out": 0.0,
    "robustness": 0.0,
    "planted_effect": 0.01,
    "negative_control": 0.072,
    "experiment": FALSE_ALARMS,
}


def false_alarm_rate(gate: str, geos: int) -> float:
    """The measured share of sound channels that the gate fails, for a national series or a panel of geos."""
    return (NATIONAL if geos == 1 else PANEL)[gate]
