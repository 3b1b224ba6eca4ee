"""What has to be said beside a plan's numbers? Facts by key, each a string, for the reports to make sentences from.

Dates of the horizon and of its reference, the budget and what it was asked to be, draws, the certificate, what holding
would forgo, what perfect information would add, and the caveats: which channels were held back and why, which were
dark, which standing scenario could not be formed, what the sum of one-at-a-time curves misses.

A new fact is a new key; keys that carry a subject end in it: `held_back:tv`, `left_out:cut`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float

from mmm.plan.choice import Choice, Optima
from mmm.plan.outlook import Outlook
from mmm.plan.risk import probability, tail_mean
from mmm.study import Plan as Settings
from mmm.study import Target

Draws = Float[np.ndarray, " sample"]


def summary_table(
    view: Outlook,
    settings: Settings,
    found: Sequence[Choice],
    missing: Mapping[str, str],
    earned: Mapping[str, Draws],
    optima: Optima,
    validated: bool,
) -> pd.DataFrame:
    """`tables/plan_summary.csv`: `key, value`."""
    recommended = next(choice for choice in found if choice.name == "recommended")
    facts = _horizon(view, settings) | _certificate(view, recommended, earned, optima)
    facts["validated"] = "yes" if validated else "no"
    facts["curves"] = "one channel at a time"
    facts["interaction_remainder"] = f"{view.remainder:.6g}"
    facts |= {f"held_back:{name}": reason for name, reason in recommended.limits.reasons.items()}
    dark = np.array(view.channels)[view.spend == 0]
    facts |= {f"dark:{name}": "spends nothing in the reference, and stays out of the decision" for name in dark}
    facts |= {f"left_out:{name}": reason for name, reason in missing.items()}
    return pd.DataFrame({"key": list(facts), "value": list(facts.values())})


def _horizon(view: Outlook, settings: Settings) -> dict[str, str]:
    budget = settings.budget
    asked = budget.model_dump(exclude_none=True) if isinstance(budget, Target) else {"budget": budget}
    facts = {
        "horizon": "history" if view.periods.equals(view.reference) else "future",
        "horizon_start": f"{view.periods[0]:%Y-%m-%d}",
        "horizon_end": f"{view.periods[-1]:%Y-%m-%d}",
        "periods": str(len(view.periods)),
        "reference_start": f"{view.reference[0]:%Y-%m-%d}",
        "reference_end": f"{view.reference[-1]:%Y-%m-%d}",
        "reference_budget": f"{view.spend.sum():.2f}",
        "budget_asked": ", ".join(f"{key} {value}" for key, value in asked.items()),
        "currency": view.currency,
        "draws": str(len(view.curves)),
        "value_per_kpi": f"{view.value_per_kpi:.6g}",
        "caution": f"{settings.caution:.6g}",
        "confidence": f"{settings.confidence:.6g}",
        "discount_rate": f"{settings.finance.discount_rate:.6g}",
    }
    return facts | ({"margin": f"{settings.finance.margin:.6g}"} if settings.finance.margin else {})


def _certificate(view: Outlook, recommended: Choice, earned: Mapping[str, Draws], optima: Optima) -> dict[str, str]:
    best, hold = earned["recommended"], earned["hold"]
    facts = {
        "budget": f"{recommended.multiples @ view.spend:.2f}",
        "optimality_gap": f"{recommended.gap:.3g}",
        "gain_vs_hold": f"{(best - hold).mean():.6g}",
        "cvar05": f"{tail_mean(best - hold):.6g}",
        "probability_beats_hold": f"{probability(best - hold):.6g}",
        "single_draws": str(len(optima.samples)),
        "perfect_information": f"{(optima.value - best[optima.samples]).mean():.6g}",
    }
    return facts | ({"gain_share": f"{(best - hold).mean() / hold.mean():.6g}"} if hold.mean() else {})
