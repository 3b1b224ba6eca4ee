"""Would the plan have earned more? The plan that was due a quarter ago, judged by what is known now.

    replay(fit, refit, hidden)      # refit has not seen the KPI of the rows `hidden`; tables/replay.csv
    replayed(before, after, plan)   # the same from two outlooks, of a market of known truth for instance

The fit without the last quarter recommends how the money that was spent in it should have been split, under the
study's own bounds, groups and caution. The fit of all data says what that would have earned, draw by draw, beside what
was done and beside the oracle: the split that all data would have chosen. What the quarter taught is the difference
between the two. Nobody ran the other plans: both fits share the model, so a fault of the model stays unseen here. On a
simulated market `after` is the truth, with one draw, and nothing is shared.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import xarray as xr

from mmm.errors import InputError
from mmm.model.fit import study_of
from mmm.plan.choice import Choice, choices, limits_for, settled
from mmm.plan.outlook import Outlook, outcome, outlook
from mmm.plan.risk import interval, probability
from mmm.plan.scenario import reach_of
from mmm.study import Horizon
from mmm.study import Plan as Settings

DONE, RECOMMENDED, ORACLE = "done", "recommended", "oracle"


def replay(fit: xr.DataTree, refit: xr.DataTree, hidden: np.ndarray) -> pd.DataFrame:
    """`replayed` over the rows `hidden`, the last of the panel, that `refit` was made without.

    Empty where they hold no spend, or where the study's limits rule out what was spent.
    """
    study = study_of(fit)
    horizon = Horizon(periods=len(hidden))
    try:
        after, before = (outlook(tree, study, horizon, reach_of(study.plan)) for tree in (fit, refit))
        return replayed(before, after, study.plan)
    except InputError:
        return pd.DataFrame()


def replayed(before: Outlook, after: Outlook, settings: Settings) -> pd.DataFrame:
    """What the plan made on `before` earns on `after`, by scenario: `done`, `recommended`, `oracle`.

    `scenario, channel, current_spend, spend, multiple` for every channel; on the row of channel `all` also
    `outcome_{mean,p05,p95}`, `gain_{mean,p05,p95}` and `probability` of a gain over what was done, and
    `regret_{mean,p05,p95}` against the oracle, in money, differences taken within each draw.
    """
    if before.channels != after.channels or not np.allclose(before.spend, after.spend):
        raise InputError(
            ["the two outlooks of a replay have different channels or spend: make both over one reference"]
        )
    asked = settings.model_copy(update={"budget": "same", "scenarios": ()})
    multiples = {
        DONE: np.ones(len(before.channels)),
        RECOMMENDED: _recommended(before, asked).multiples,
        ORACLE: _recommended(
            replace(after, observed=before.observed), asked.model_copy(update={"caution": 0.0})
        ).multiples,
    }
    earned = {name: outcome(after, moved).sum(axis=1) for name, moved in multiples.items()}
    return pd.DataFrame([row for name in multiples for row in _rows(name, after, multiples[name], earned)])


def _recommended(view: Outlook, settings: Settings) -> Choice:
    limits = limits_for(view, settings, None)
    return choices(view, limits, settled(view, limits, settings))[0][1]


def _rows(name: str, view: Outlook, multiples: np.ndarray, earned: dict[str, np.ndarray]) -> list[dict[str, object]]:
    gain, regret = earned[name] - earned[DONE], earned[ORACLE] - earned[name]
    total = float(multiples @ view.spend)
    whole = {
        "scenario": name,
        "channel": "all",
        "current_spend": float(view.spend.sum()),
        "spend": total,
        "multiple": total / float(view.spend.sum()),
        **interval(earned[name], "outcome_"),
        **interval(gain, "gain_"),
        "probability": np.nan if name == DONE else probability(gain),
        **interval(regret, "regret_"),
    }
    single = [
        {"scenario": name, "channel": channel, "current_spend": now, "spend": now * multiple, "multiple": multiple}
        for channel, now, multiple in zip(view.channels, view.spend, multiples, strict=True)
    ]
    return [whole, *single]
