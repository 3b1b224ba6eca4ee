"""Does choosing tests by the value of information pay? The loop closed on markets whose truth is known.

    table = closed_loop(markets=1000)                 # by policy: regret, money spent on tests, what is left of both
    table = closed_loop(markets=1000, inflation=2.0)  # posteriors half as wide as their errors

A market has channels with concave curves `level * multiple^bend` around a budget of one a quarter. What is known of
it is a posterior of draws; the truth is one more draw, so that a posterior is as wide as it is wrong, unless
`inflation` (errors of the levels over the posterior's width) or `overstatement` (a logarithm taken off every other
channel, as a confounded model would have it) says otherwise. In each of the first quarters a policy may run one test:
a share of a channel's quarter at double spend. Its result moves the posterior and, from the next quarter on, the split:

    regret   = sum over quarters of what the best split would have earned - what the chosen one earns, by the truth
    fall     = regret without tests - regret with them          net gain = fall - cost of the tests
    promised = sum over the tests run of their pre-posterior value

Where posteriors are right, `fall` and `promised` agree on average, whichever policy chose: the check of the value
itself. All policies meet the same markets and the same test errors, so they are compared market by market. Curves are
in profit; a test costs `SETUP` and half of what it moves, the other half coming back as sales. Posteriors are
simulated, not fitted: this tests the choice, not the fit. What was measured last stands in `causal/DESIGN.md`. To try
another rule, write a function of a `State` and add it to `POLICIES`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from jaxtyping import Float

from causal.next_experiment.decision import fill
from causal.next_experiment.value import Signal, Stakes, log_weights, normalised, sample_information
from mmm.data.lift import DEGREES_OF_FREEDOM

DRAWS = 400
MULTIPLES = np.linspace(0.0, 2.0, 21)
SHARES = (0.1, 0.25, 0.5)
"""What a test doubles, as shares of a channel's spend in a quarter."""
QUARTERS, TESTS = 8, 4
"""Quarters in which the budget is split, and the first ones, in which a test may be run."""
SETUP, PRICE = 0.005, 0.5
"""What a test costs, in quarterly budgets: its set-up, and the share of the money moved that does not return."""
RESULTS = 48


@dataclass(frozen=True)
class Market:
    """What is known, and what is true: the true level and bend of each channel, and the error of every possible test
    in units of its scale."""

    spend: Float[np.ndarray, " channel"]
    levels: Float[np.ndarray, "sample channel"]
    bends: Float[np.ndarray, "sample channel"]
    truth: tuple[Float[np.ndarray, " channel"], Float[np.ndarray, " channel"]]
    noise: float
    errors: Float[np.ndarray, "test channel size"]


@dataclass(frozen=True)
class Option:
    """One test that could be run now."""

    channel: int
    size: int
    cost: float
    signal: Signal


@dataclass(frozen=True)
class State:
    """What a policy sees: the decision, the tests on offer, how often a result will still be used, and its own dice."""

    market: Market
    stakes: Stakes
    options: tuple[Option, ...]
    test: int
    seed: int

    @property
    def left(self) -> int:
        """The quarters that a result would serve."""
        return QUARTERS - self.test - 1

    def value(self, option: Option) -> float:
        """What the test would be worth over the quarters that are left."""
        return self.left * sample_information(self.stakes, [option.signal], self.seed, RESULTS).value


Policy = Callable[[State], Option | None]


def closed_loop(
    markets: int,
    *,
    channels: int = 5,
    width: float = 0.5,
    inflation: float = 1.0,
    overstatement: float = 0.0,
    noise: float = 0.15,
    seed: int = 0,
) -> pd.DataFrame:
    """One row a policy, money as a share of all budgets: `regret, fall, promised, spent, net_gain` with the standard
    errors `fall_se, net_se`, `tests` run, `fall_per_money` with its own, and by how much choosing by information is
    ahead of this policy, with errors from paired markets: `ahead` in net gain, `ahead_per_money` in fall per money.

    `width` is the posterior's standard deviation of a level's logarithm; `noise` a test's standard error, as a share of
    the mean channel, were all of its quarter doubled (a smaller test is less noisy by the root of what it moves).
    """
    rng = np.random.default_rng(seed)
    played = []
    for number in range(markets):
        market = simulate(channels, width, inflation, overstatement, noise, rng)
        played += [
            {"market": number, "policy": name} | play(market, POLICIES[name], [seed, number]) for name in POLICIES
        ]
    return summary(pd.DataFrame(played))


def summary(played: pd.DataFrame) -> pd.DataFrame:
    """The table of `closed_loop` from one row a market and policy."""
    wide = played.pivot(index="market", columns="policy")
    spent, fall = pd.DataFrame(wide["spent"]), pd.DataFrame(wide["regret"].rsub(wide["regret"]["none"], axis=0))
    net, ratio = fall - spent, fall.mean() / spent.mean()  # no money, no ratio: NaN
    off = (fall - ratio * spent) / spent.mean()  # what each market adds to the error of the ratio
    rows = []
    for name in POLICIES:
        ahead = net["information"] - net[name]
        rows.append(
            {
                "policy": name,
                "tests": wide["tests"][name].mean(),
                "regret": wide["regret"][name].mean(),
                "fall": fall[name].mean(),
                "fall_se": fall[name].sem(),
                "promised": wide["promised"][name].mean(),
                "promised_se": (fall[name] - wide["promised"][name]).sem(),
                "spent": spent[name].mean(),
                "net_gain": net[name].mean(),
                "net_se": net[name].sem(),
                "fall_per_money": ratio[name],
                "fall_per_money_se": off[name].sem(),
                "ahead": ahead.mean(),
                "ahead_se": ahead.sem(),
                "ahead_per_money": ratio["information"] - ratio[name],
                "ahead_per_money_se": (off["information"] - off[name]).sem(),
            }
        )
    return pd.DataFrame(rows)


def simulate(
    channels: int, width: float, inflation: float, overstatement: float, noise: float, rng: np.random.Generator
) -> Market:
    """A market whose channels are believed to return 0.5 to 2.5 of profit on average, and a truth."""
    spend = rng.dirichlet(np.full(channels, 3.0))
    believed, bend = np.log(spend * rng.uniform(0.5, 2.5, channels)), rng.uniform(0.3, 0.8, channels)
    deviations = rng.standard_normal((DRAWS + 1, channels))
    bends = np.clip(bend + 0.1 * rng.standard_normal((DRAWS + 1, channels)), 0.1, 0.95)
    levels = np.exp(believed + width * deviations)
    wrong = inflation * width * deviations[0] - overstatement * (np.arange(channels) % 2 == 0)
    truth = np.exp(believed + wrong), bends[0]
    errors = rng.standard_t(DEGREES_OF_FREEDOM, (TESTS, channels, len(SHARES)))
    return Market(spend, levels[1:], bends[1:], truth, noise, errors)


def play(market: Market, policy: Policy, seed: list[int]) -> dict[str, float]:
    """One policy on one market: regret, promised value and money spent, per quarter, and the number of tests."""
    levels, bends = market.truth
    truth = curves_of(levels, bends)
    best, regret, spent, promised, tests = _earned(market, truth, truth), 0.0, 0.0, 0.0, 0
    for quarter in range(QUARTERS):
        stakes = _stakes(market)
        regret += best - _earned(market, truth, stakes.curves.mean(0))
        chosen = None
        if quarter < TESTS:
            state = State(market, stakes, _options(market), quarter, _dice(seed, quarter))
            chosen = policy(state)
        if chosen is not None:
            promised += state.value(chosen)
            spent, tests = spent + chosen.cost, tests + 1
            lift = SHARES[chosen.size] * float(_doubled(levels, bends)[chosen.channel])
            error = chosen.signal.scale * market.errors[quarter, chosen.channel, chosen.size]
            market = learn(market, chosen, lift + error, state.seed)
    return {"regret": regret / QUARTERS, "promised": promised / QUARTERS, "spent": spent / QUARTERS, "tests": tests}


def learn(market: Market, option: Option, result: float, seed: int) -> Market:
    """The posterior after a result. Channels are independent, so only the tested one's draws are drawn again."""
    weights = normalised(log_weights(option.signal, np.array([result])))[0]
    rows = np.random.default_rng(seed).choice(DRAWS, DRAWS, p=weights)
    levels, bends = market.levels.copy(), market.bends.copy()
    levels[:, option.channel], bends[:, option.channel] = levels[rows, option.channel], bends[rows, option.channel]
    return replace(market, levels=levels, bends=bends)


def curves_of(
    levels: Float[np.ndarray, "*sample channel"], bends: Float[np.ndarray, "*sample channel"]
) -> Float[np.ndarray, "*sample channel multiple"]:
    """What channels earn in a quarter on the multiples."""
    return levels[..., None] * MULTIPLES ** bends[..., None]


def _doubled(levels: Float[np.ndarray, "*sample channel"], bends: Float[np.ndarray, "*sample channel"]) -> np.ndarray:
    return levels * (2**bends - 1)


def _stakes(market: Market) -> Stakes:
    return Stakes(curves_of(market.levels, market.bends), MULTIPLES, fill(market.spend, MULTIPLES))


def _options(market: Market) -> tuple[Option, ...]:
    lifts, typical = _doubled(market.levels, market.bends), float(market.levels.mean())
    return tuple(
        Option(
            channel,
            size,
            SETUP + PRICE * share * float(market.spend[channel]),
            Signal(share * lifts[:, channel], market.noise * typical * share**0.5),
        )
        for channel in range(len(market.spend))
        for size, share in enumerate(SHARES)
    )


def _earned(market: Market, truth: Float[np.ndarray, "channel multiple"], believed: np.ndarray) -> float:
    """What the split that is best on the believed curves truly earns."""
    stakes = _stakes(market)
    return float(stakes.earned(truth[None], stakes.split(believed[None]))[0])


def _dice(seed: list[int], quarter: int) -> int:
    return int(np.random.default_rng([*seed, quarter]).integers(2**31))


def _information(state: State) -> Option | None:
    net = [state.value(option) - option.cost for option in state.options]
    return state.options[int(np.argmax(net))] if max(net) > 0 else None


def _middle(state: State, channel: int) -> Option:
    return state.options[channel * len(SHARES) + len(SHARES) // 2]


def _widest(state: State) -> Option:
    return _middle(state, int(np.argmax(state.market.levels.std(0))))


def _rotation(state: State) -> Option:
    order = np.argsort(-state.market.spend)
    return _middle(state, int(order[state.test % len(order)]))


def _random(state: State) -> Option:
    return state.options[int(np.random.default_rng(state.seed).integers(len(state.options)))]


POLICIES: dict[str, Policy] = {
    "none": lambda state: None,
    "random": _random,
    "rotation": _rotation,
    "widest": _widest,
    "information": _information,
}
"""No test; any test; the channels in turn, the largest first; the least certain contribution in money; the largest net
value, or none. `rotation` and `widest` run the middle size."""
