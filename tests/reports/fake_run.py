"""A run folder without a fit: every table of a run, made from one small joint sample so that the numbers agree.

The sample is a simulated posterior of a Hill-and-geometric mix model (`Market`): contributions, curves, plans and
verdicts are all computed from the same draws, so a sentence that adds two tables up is right or wrong for a reason.

    python tests/reports/fake_run.py RUN        # writes one to look at

Ugly runs are a keyword away: `fake_run(folder, channels=30)`, `geos=40`, `currency="GBP"`, `kind="count"`,
`value_per_kpi=0.02`, `level=386e6`, `verdict="fail"`, `names=["x11_delayed-start-0", ...]`, `optional=False`.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

NAMES = ("TV", "Paid search", "Paid social", "Online video", "Out-of-home", "Affiliates", "Radio", "Print")
LABELS = (
    "experiment-confirmed",
    "observationally consistent only",
    "quasi-experiment-consistent",
    "conflicted",
    "observationally consistent only",
    "not identifiable",
)
GATES = (
    "identification",
    "positivity",
    "lead",
    "hidden_demand",
    "circular_shift",
    "agreement",
    "block_subset",
    "random_common_cause",
    "leave_one_out",
    "robustness",
    "planted_effect",
)
NOTES = {
    "lead": "The KPI is more than expected before the channel's exposure rises (p = 0.04): spend seems to follow "
    "demand.",
    "identification": "An unmeasured cause is believed to move both the channel and the KPI, and no measured cause can "
    "stand in for it. Only an experiment can tell.",
}
MULTIPLES = np.linspace(0.0, 2.0, 21)
DRAWS = 400
HOLDOUT = 13


@dataclass(frozen=True)
class Market:
    """A joint sample: arrays lead with draws; `channel` comes last; money unless a name says otherwise."""

    time: pd.DatetimeIndex
    channels: list[str]
    geos: list[str]
    share: np.ndarray  # geo
    spend: np.ndarray  # time channel
    retention: np.ndarray  # draw channel
    half: np.ndarray  # draw channel, the half-saturation as a multiple of mean spend
    coefficient: np.ndarray  # draw channel, KPI units a period at full saturation
    blocks: dict[str, np.ndarray]  # component -> draw time, KPI units
    value: float  # money per KPI unit


def market(channels: Sequence[str], geos: int, periods: int, value: float, level: float, seed: int) -> Market:
    """Draws a market whose media explain about a fifth of a KPI that averages `level` units a period."""
    random = np.random.default_rng(seed)
    count = len(channels)
    time = pd.date_range(end="2026-09-28", periods=periods, freq="W-MON")
    weights = np.sort(random.dirichlet(np.full(count, 2.0)))[::-1]
    wave = 1 + 0.4 * np.sin(np.arange(periods)[:, None] / random.uniform(3, 9, count) + random.uniform(0, 6, count))
    spend = 0.1 * level * value * weights * np.clip(wave + random.normal(0, 0.25, (periods, count)), 0.05, None)
    true_roi = random.uniform(0.5, 3.2, count)
    half = 1.5 * np.exp(0.15 * random.normal(size=(DRAWS, count)))
    roi = true_roi * np.exp(random.uniform(0.1, 0.35, count) * random.normal(size=(DRAWS, count)))
    year = 2 * np.pi * np.arange(periods) / 52.18
    flat = np.ones((DRAWS, 1)) + 0.01 * random.normal(size=(DRAWS, 1))
    blocks = {
        "baseline": 0.74 * level * flat * (1 + 0.0006 * np.arange(periods)),
        "seasonality": 0.06 * level * flat * np.sin(year),
        "controls": 0.03 * level * flat * np.cumsum(random.normal(0, 0.1, periods)) / 3,
    }
    shares = random.dirichlet(np.full(geos, 4.0)) if geos > 1 else np.ones(1)
    return Market(
        time=time,
        channels=list(channels),
        geos=[f"region-{i:02d}" for i in range(geos)] if geos > 1 else ["national"],
        share=shares,
        spend=spend,
        retention=np.clip(random.uniform(0.2, 0.7, count) + 0.05 * random.normal(size=(DRAWS, count)), 0.05, 0.9),
        half=half,
        coefficient=roi * spend.mean(0) / value * (1 + half),
        blocks=blocks,
        value=value,
    )


def contribution(sample: Market, multiple: float | np.ndarray = 1.0) -> np.ndarray:
    """Contribution in KPI units, `draw time channel`, with each channel's spend at `multiple`."""
    relative = sample.spend / sample.spend.mean(0) * multiple
    carried = np.zeros((DRAWS, *relative.shape))
    state = np.zeros_like(sample.retention)
    for t, now in enumerate(relative):
        state = sample.retention * state + (1 - sample.retention) * now
        carried[:, t] = state
    return sample.coefficient[:, None] * carried / (carried + sample.half[:, None])


def summary(draws: np.ndarray, axis: int = 0) -> dict[str, np.ndarray]:
    """The mean and the 90 % interval along the draws."""
    low, high = np.quantile(draws, (0.05, 0.95), axis=axis)
    return {"mean": draws.mean(axis), "p05": low, "p95": high}


def places(sample: Market) -> dict[str, float]:
    """The geos of a table with their shares: `all`, and each geo where there are several."""
    return {"all": 1.0} | (dict(zip(sample.geos, sample.share, strict=True)) if len(sample.geos) > 1 else {})


def channels_table(sample: Market) -> pd.DataFrame:
    """`tables/channels.csv`."""
    window = contribution(sample).sum(1)
    kpi = sum(block.sum(1) for block in sample.blocks.values()) + window.sum(1)
    step = contribution(sample, 1.01).sum(1) - window
    spend = sample.spend.sum(0)
    metrics = {
        "spend": ("money", np.broadcast_to(spend, window.shape)),
        "contribution": ("KPI units", window),
        "contribution_share": ("share", window / kpi[:, None]),
        "roi": ("money per money", window * sample.value / spend),
        "mroi": ("money per money", step * sample.value / (0.01 * spend)),
        "half_life": ("periods", np.log(0.5) / np.log(sample.retention)),
    }
    rows = []
    for geo, share in places(sample).items():
        for metric, (unit, draws) in metrics.items():
            scale = share if metric in ("spend", "contribution") else 1.0
            for i, channel in enumerate(sample.channels):
                column = draws[:, i] * scale
                numbers = {"mean": column.mean(), "median": np.median(column)}
                numbers |= {"p05": np.quantile(column, 0.05), "p95": np.quantile(column, 0.95)}
                rows.append({"channel": channel, "geo": geo, "metric": metric, "unit": unit} | numbers)
    return pd.DataFrame(rows)


def total_table(sample: Market) -> pd.DataFrame:
    """`tables/total.csv`: all channels together, draw by draw."""
    window = contribution(sample).sum((1, 2))
    spend = sample.spend.sum()
    step = contribution(sample, 1.01).sum((1, 2)) - window
    metrics = {
        "contribution": ("KPI units", window),
        "roi": ("money per money", window * sample.value / spend),
        "mroi": ("money per money", step * sample.value / (0.01 * spend)),
    }
    rows = [
        {"metric": metric, "unit": unit, "median": float(np.median(draws))}
        | {name: float(value) for name, value in summary(draws).items()}
        for metric, (unit, draws) in metrics.items()
    ]
    return pd.DataFrame(rows)


def contribution_table(sample: Market) -> pd.DataFrame:
    """`tables/contribution.csv`."""
    components = sample.blocks | {c: contribution(sample)[..., i] for i, c in enumerate(sample.channels)}
    frames = []
    for geo, share in places(sample).items():
        for name, draws in components.items():
            frames.append(pd.DataFrame({"time": sample.time, "geo": geo, "component": name} | summary(draws * share)))
    return pd.concat(frames, ignore_index=True)


def fit_table(sample: Market, seed: int) -> pd.DataFrame:
    """`tables/fit.csv`: the last periods are a holdout."""
    random = np.random.default_rng(seed + 1)
    expected = sum(sample.blocks.values()) + contribution(sample).sum(2)
    frames = []
    for geo, share in places(sample).items():
        noise = 0.02 * expected.mean() * share
        predictive = expected * share + noise * random.normal(size=expected.shape)
        bands = summary(predictive)
        frame = pd.DataFrame(
            {"time": sample.time, "geo": geo, "actual": expected.mean(0) * share, "expected": bands["mean"]}
        )
        frame["actual"] += noise * random.normal(size=len(frame))
        frames.append(frame.assign(p05=bands["p05"], p95=bands["p95"], split="train"))
        frames[-1].loc[len(frame) - HOLDOUT :, "split"] = "holdout"
    return pd.concat(frames, ignore_index=True)


def curves(sample: Market) -> np.ndarray:
    """Value of the contribution over the last quarter by multiple, in money: `draw channel multiple`."""
    return np.stack([contribution(sample, m)[:, -HOLDOUT:].sum(1) * sample.value for m in MULTIPLES], axis=-1)


def curves_table(sample: Market) -> pd.DataFrame:
    """`tables/curves.csv`: contribution in KPI units over the whole window."""
    rows = []
    spend = sample.spend.sum(0)
    drawn = np.stack([contribution(sample, m).sum(1) for m in MULTIPLES], axis=-1)
    for i, channel in enumerate(sample.channels):
        bands = summary(drawn[:, i])
        for j, multiple in enumerate(MULTIPLES):
            row = {"channel": channel, "geo": "all", "spend_multiple": multiple, "spend": spend[i] * multiple}
            rows.append(row | {name: values[j] for name, values in bands.items()})
    return pd.DataFrame(rows)


def plan_tables(sample: Market, supported: bool) -> dict[str, pd.DataFrame]:
    """Every table of a plan; unsupported plans lose money."""
    spend = sample.spend[-HOLDOUT:].sum(0)
    drawn = curves(sample)
    slope = (np.gradient(drawn, MULTIPLES, axis=2)[:, :, 10] / spend).mean(0)
    order = slope.argsort() if supported else slope.argsort()[::-1]
    moved = np.zeros(len(spend))
    half = max(len(spend) // 2, 1)
    moved[order[:half]] = -0.3 * spend[order[:half]]
    moved[order[half:]] = -moved.sum() * spend[order[half:]] / max(spend[order[half:]].sum(), 1e-9)
    best = np.clip(1 + moved / spend, 0.5, 1.5)
    best *= spend.sum() / (best * spend).sum()
    plans = {"hold": np.ones(len(spend)), "recommended": best, "cut": 0.9 * best, "grow": 1.1 * best}
    outcome = {name: _interpolate(drawn, multiple).sum(1) for name, multiple in plans.items()}
    allocation, scenarios, finance = [], [], []
    for name, multiple in plans.items():
        for i, channel in enumerate(sample.channels):
            row = {"scenario": name, "channel": channel, "geo": "all", "period": "all", "current_spend": spend[i]}
            row |= {"recommended_spend": spend[i] * multiple[i], "multiple": multiple[i], "lower": 0.5, "upper": 1.5}
            allocation.append(
                row | {"at_bound": bool(abs(multiple[i] - 0.5) < 1e-9), "extrapolates": bool(multiple[i] > 1.25)}
            )
        gain = outcome[name] - outcome["hold"]
        row = {"scenario": name, "budget": (spend * multiple).sum()}
        row |= {f"outcome_{key}": float(value) for key, value in summary(outcome[name]).items()}
        row |= {f"gain_vs_hold_{key}": float(value) for key, value in summary(gain).items()}
        row |= {"probability_beats_hold": float((gain > 0).mean()) if name != "hold" else float("nan")}
        scenarios.append(row | {"optimality_gap": 0.0004, "cvar05": float(np.sort(gain)[: DRAWS // 20].mean())})
        money, revenue = round((spend * multiple).sum(), 2), round(outcome[name].mean(), 2)
        lines = {"spend": money, "revenue": revenue, "margin": 0.38 * revenue, "profit": 0.38 * revenue - money}
        for line, amount in lines.items():
            row = {"scenario": name, "channel": "all", "line": line, "unit": "money", "amount": round(amount, 2)}
            finance.append(
                row
                | {"p05": round(amount - 0.2 * abs(amount), 2), "p95": round(amount + 0.2 * abs(amount), 2), "note": ""}
            )
    quality = pd.DataFrame(
        {"channel": sample.channels, "probability_right_direction": np.linspace(0.97, 0.55, len(spend))}
    )
    quality["optimum_p05"], quality["optimum_p95"] = best * 0.8, best * 1.2
    facts: dict[str, object] = {
        "horizon_start": "2026-10-05",
        "horizon_end": "2026-12-28",
        "periods": HOLDOUT,
        "draws": DRAWS,
        "margin": 0.38,
    }
    tables = {
        "allocation": pd.DataFrame(allocation),
        "scenarios": pd.DataFrame(scenarios),
        "allocation_quality": quality,
        "replay": replay_table(sample, drawn, best),
    }
    bands = [summary(drawn[:, i]) for i in range(len(spend))]
    tables["plan_curves"] = pd.concat(
        [
            pd.DataFrame({"channel": name, "multiple": MULTIPLES, "spend": spend[i] * MULTIPLES} | bands[i])
            for i, name in enumerate(sample.channels)
        ],
        ignore_index=True,
    )
    tables["frontier"] = frontier_table(drawn, best, spend)
    tables["flighting"] = flighting_table(sample, best)
    if len(sample.geos) > 1:
        tables["allocation_geo"] = _by_geo(tables["allocation"], sample)
    gain = {key: float(value) for key, value in summary(outcome["recommended"] - outcome["hold"]).items()}
    for subject in ("flighting", "by_geo"):
        facts |= {f"{subject}_gain_{key}": value for key, value in gain.items()} | {f"{subject}_budget": spend.sum()}
        facts |= {f"{subject}_probability": 0.93, f"{subject}_optimality_gap": 0.004}
    tables["plan_draws"] = pd.concat(
        [
            pd.DataFrame(
                {"channel": name, "multiple": MULTIPLES} | {f"draw_{d}": drawn[d, i] for d in range(0, DRAWS, 4)}
            )
            for i, name in enumerate(sample.channels)
        ],
        ignore_index=True,
    )
    tables["plan_summary"] = pd.DataFrame({"key": list(facts), "value": [str(value) for value in facts.values()]})
    return tables | {"finance": pd.DataFrame(finance)}


def flighting_table(sample: Market, best: np.ndarray) -> pd.DataFrame:
    """`tables/flighting.csv`: half way from the present flighting of the recommended spend to an even one."""
    weeks = pd.date_range("2026-10-05", periods=HOLDOUT, freq="W-MON").strftime("%Y-%m-%d")
    frames = []
    for i, name in enumerate(sample.channels):
        now = sample.spend[-HOLDOUT:, i]
        columns = {"channel": name, "period": weeks, "current_spend": now}
        columns |= {"recommended_spend": best[i] * (now + now.mean()) / 2, "extrapolates": i == 1}
        frames.append(pd.DataFrame(columns))
    return pd.concat(frames, ignore_index=True)


def _by_geo(allocation: pd.DataFrame, sample: Market) -> pd.DataFrame:
    """`tables/allocation_geo.csv`: the same multiples in every region."""
    money = ["current_spend", "recommended_spend"]
    return pd.concat(
        [
            allocation.assign(geo=geo, **{column: share * allocation[column] for column in money})
            for geo, share in zip(sample.geos, sample.share, strict=True)
        ]
    )


def replay_table(sample: Market, drawn: np.ndarray, best: np.ndarray) -> pd.DataFrame:
    """`tables/replay.csv`: the plan of a quarter ago went half the way that hindsight would have gone."""
    spend = sample.spend[-HOLDOUT:].sum(0)
    splits = {"done": np.ones(len(spend)), "recommended": (1 + best) / 2, "oracle": best}
    earned = {name: _interpolate(drawn, multiple).sum(1) for name, multiple in splits.items()}
    rows = []
    for name, multiple in splits.items():
        gain, regret = earned[name] - earned["done"], earned["oracle"] - earned[name]
        whole = {"scenario": name, "channel": "all", "current_spend": spend.sum(), "spend": (multiple * spend).sum()}
        for prefix, values in {"outcome": earned[name], "gain": gain, "regret": regret}.items():
            whole |= {f"{prefix}_{key}": float(value) for key, value in summary(values).items()}
        rows.append(whole | {"probability": float((gain > 0).mean()) if name != "done" else float("nan")})
        rows += [
            {"scenario": name, "channel": channel, "current_spend": now, "spend": now * factor, "multiple": factor}
            for channel, now, factor in zip(sample.channels, spend, multiple, strict=True)
        ]
    return pd.DataFrame(rows)


def frequency_table(channels: Sequence[str]) -> pd.DataFrame:
    """`tables/frequency.csv`: a best inside what was observed, one at its end, and one that changes nothing."""
    rows = []
    for name, best, low in zip(channels[:3], (2.4, 1.0, 3.1), (0.1, 0.2, -0.1), strict=False):
        row: dict[str, object] = {
            "channel": name,
            "frequency_now": 3.0,
            "observed_low": 1.0,
            "observed_high": 6.0,
            "frequency_best": best,
        }
        row |= {"best_p05": max(best - 0.5, 1.0), "best_p95": best + 0.7, "at_edge": best == 1.0}
        bands = {"roi_now": (1.2, 0.9, 1.6), "roi_best": (1.5, 1.1, 1.9), "gain": (0.3, low, 0.5)}
        rows.append(
            row | {f"{k}_{p}": v for k, b in bands.items() for p, v in zip(("mean", "p05", "p95"), b, strict=True)}
        )
    return pd.DataFrame(rows)


def frontier_table(drawn: np.ndarray, best: np.ndarray, spend: np.ndarray) -> pd.DataFrame:
    """`tables/frontier.csv`: the recommended split at other sizes, which is not quite the best there."""
    rows = []
    for multiple in np.linspace(0.5, 1.5, 11):
        earned, less = (_interpolate(drawn, size * best).sum(1) for size in (multiple, 0.99 * multiple))
        budget = float((multiple * best * spend).sum())
        row = {"multiple": float(multiple), "budget": budget}
        for name, draws in {"outcome": earned, "mroi": (earned - less) / (0.01 * budget)}.items():
            row |= {f"{name}_{key}": float(value) for key, value in summary(draws).items()}
        rows.append(row | {"profit": 0.38 * float(earned.mean()) - budget, "optimality_gap": 0.0004})
    return pd.DataFrame(rows)


def _interpolate(drawn: np.ndarray, multiple: np.ndarray) -> np.ndarray:
    """The curves at one multiple a channel: `draw channel`."""
    return np.stack([[np.interp(m, MULTIPLES, draw[i]) for draw in drawn] for i, m in enumerate(multiple)], axis=1)


def verdicts_table(channels: Sequence[str]) -> pd.DataFrame:
    """`tables/verdicts.csv`: labels go round, and a channel's gates agree with its label."""
    rows = []
    for i, channel in enumerate(channels):
        label = LABELS[i % len(LABELS)]
        failed = {"conflicted": "lead", "not identifiable": "identification"}.get(label)
        for gate in GATES:
            result = "fail" if gate == failed else "not_testable" if label == "not identifiable" else "pass"
            note = NOTES[gate] if result == "fail" else ""
            row = {"channel": channel, "label": label, "gate": gate, "statistic": 0.04 if result == "fail" else 0.4}
            rows.append(row | {"result": result, "false_alarm_rate": 0.05, "note": note})
    return pd.DataFrame(rows)


def causal_table(sample: Market) -> pd.DataFrame:
    """`tables/causal.csv`: the backdoor estimate beside the model's own contribution."""
    model = summary(contribution(sample).sum(1))
    rows = {"channel": sample.channels, "estimand": ["contribution over the window, KPI units"] * len(sample.channels)}
    rows |= {"mean": model["mean"] * 1.05, "p05": model["p05"] * 0.9, "p95": model["p95"] * 1.2}
    rows |= {"model_mean": model["mean"], "model_p05": model["p05"], "model_p95": model["p95"], "overlap": 0.8}
    return pd.DataFrame(rows)


def graph_table(sample: Market) -> pd.DataFrame:
    """`tables/graph.csv`: season and a latent demand behind every channel, and the next channel behind it."""
    rows = []
    for name, other in zip(sample.channels, np.roll(sample.channels, 1), strict=True):
        causes = [("the season", False), ("a latent demand", True), *([(other, False)] if other != name else [])]
        rows += [(name, cause, end, latent, not latent) for cause, latent in causes for end in (name, "the KPI")]
        rows.append((name, name, "the KPI", False, False))
    return pd.DataFrame(rows, columns=["channel", "cause", "effect", "latent", "held"])


def estimates_table(sample: Market) -> pd.DataFrame:
    """`tables/estimates.csv`: adjustment a little wider than the model, and an experiment on the first channel."""
    roi = contribution(sample).sum(1) * sample.value / sample.spend.sum(0)
    rows = []
    for i, name in enumerate(sample.channels):
        sources = {"model": roi[:, i], "adjustment": roi[:, i].mean() + 1.5 * (roi[:, i] - roi[:, i].mean())}
        sources |= {"model before": 1.1 * roi[:, i], "experiment": 0.9 * roi[:, i]} if i == 0 else {}
        for source, draws in sources.items():
            quantiles = np.quantile(draws, (0.05, 0.25, 0.5, 0.75, 0.95))
            row = {"channel": name, "source": source, "experiment": "spring" if source == "experiment" else ""}
            row |= {"unit": "money per money", "mean": draws.mean()}
            rows.append(row | dict(zip(("p05", "p25", "median", "p75", "p95"), quantiles, strict=True)) | {"note": ""})
    return pd.DataFrame(rows)


def cards_table(sample: Market) -> pd.DataFrame:
    """`tables/cards.csv`: the first channel was tested, the others were not."""
    roi = (contribution(sample).sum(1) * sample.value / sample.spend.sum(0)).mean(0)
    measured = {"experiment": "spring", "measured_lift": 9e4, "predicted_lift": 1.1e5, "z": -0.8, "bayes_factor": 1.3}
    measured |= {"bias": 0.1, "overlap_experiment": 0.6}
    rows = []
    for i, name in enumerate(sample.channels):
        row = {"channel": name, "label": LABELS[i % len(LABELS)], "start": "2024-10-07", "end": "2026-09-28"}
        row |= {"roi": roi[i], "break_even": 1 / 0.38, "overstated_by": roi[i] * 0.38 - 1, "overlap_adjustment": 0.7}
        row |= {"experiments": int(i == 0)} | (measured if i == 0 else dict.fromkeys(measured, np.nan))
        rows.append(row | {"passed": 7, "failed": 1, "not_testable": 1})
    return pd.DataFrame(rows)


def checks_table(channels: Sequence[str], verdict: str) -> pd.DataFrame:
    """`tables/checks.csv`: the worst result is `verdict`."""
    rows = [
        ("r_hat", "all parameters", 1.004, 1.01, "pass", ""),
        (
            "effective_sample_size",
            "all parameters",
            1210.0,
            400.0,
            "pass",
            "",
        ),
        ("divergences", "sampler", 0.0, 0.0, "pass", ""),
        ("coverage", "holdout", 0.92, 0.8, "pass", ""),
        ("wmape", "holdout", 0.048, 0.08, "pass", ""),
    ]
    if verdict in ("caution", "fail"):
        message = (
            f"{channels[0]}: the data removed only 12% of the prior's uncertainty; its ROI is mostly the prior's. "
            "A geo test, or a flighting with pauses, would teach more."
        )
        rows.append(("identification", channels[0], 0.81, 0.7, "caution", message))
    if verdict == "fail":
        rows[0] = (
            "r_hat",
            "coefficient[TV]",
            1.31,
            1.01,
            "fail",
            "coefficient[TV]: R-hat 1.310 is over 1.01: the chains disagree. Raise fit.warmup and fit.draws; if it "
            "stays, the data hardly identify it, and it wants a tighter prior or an experiment.",
        )
    return pd.DataFrame(rows, columns=["check", "subject", "statistic", "limit", "result", "message"])


def review_table() -> pd.DataFrame:
    """`tables/review.csv`."""
    rows = [
        ("history", "data", "info", 104.0, "104 weeks are enough for yearly seasonality."),
        (
            "outlier",
            "kpi",
            "caution",
            5.2,
            "the KPI is far from its neighbours on 2025-11-24: explain it with a control (a 0/1 column), or correct it",
        ),
    ]
    return pd.DataFrame(rows, columns=["check", "subject", "severity", "statistic", "message"])


def fake_run(
    folder: Path,
    *,
    channels: int = 6,
    names: Sequence[str] = (),
    geos: int = 1,
    periods: int = 104,
    kind: str = "revenue",
    value_per_kpi: float = 1.0,
    level: float = 8e6,
    currency: str = "EUR",
    verdict: str = "ok",
    supported: bool = True,
    optional: bool = True,
    seed: int = 1,
) -> Path:
    """Writes a whole run folder at `folder` and returns it; `optional=False` leaves out what a run may lack."""
    named = list(names) or [*NAMES, *(f"channel-{i:02d}" for i in range(len(NAMES), channels))][:channels]
    sample = market(named, geos, periods, value_per_kpi, level, seed)
    checks = checks_table(named, verdict)
    tables = {
        "channels": channels_table(sample),
        "total": total_table(sample),
        "contribution": contribution_table(sample),
        "curves": curves_table(sample),
        "fit": fit_table(sample, seed),
        "checks": checks,
    }
    plan = plan_tables(sample, supported)
    if optional:
        tables |= {
            "verdicts": verdicts_table(named),
            "causal": causal_table(sample),
            "graph": graph_table(sample),
            "review": review_table(),
        } | plan
        tables["frequency"] = frequency_table(named)
        tables |= {"estimates": estimates_table(sample), "cards": cards_table(sample)}
    (folder / "tables").mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.to_csv(folder / "tables" / f"{name}.csv", index=False, float_format="%.12g")
    _documents(folder, sample, kind, currency, verdict, checks)
    return folder


def _documents(folder: Path, sample: Market, kind: str, currency: str, verdict: str, checks: pd.DataFrame) -> None:
    """`study.yaml`, `run.json` and `review.json`."""
    study = {
        "study": "spring-2026",
        "currency": currency,
        "data": {
            "source": "data.csv",
            "time": "week",
            "frequency": "W-MON",
            "geo": "geo" if len(sample.geos) > 1 else None,
            "kpi": {"column": "sales", "kind": kind, "value_per_kpi": sample.value},
            "channels": {channel: {"spend": f"{channel} spend"} for channel in sample.channels},
        },
        "plan": {"finance": {"margin": 0.38, "discount_rate": 0.08}},
        "report": {"title": "Marketing effectiveness", "locale": "en-GB", "templates": ["board", "budget"]},
    }
    digest = hashlib.sha256(sample.spend.tobytes()).hexdigest()
    reasons = checks.loc[checks.result.isin(["caution", "fail"]), "message"].tolist()
    run = {
        "run_id": f"spring-2026-{digest[:8]}",
        "study_hash": digest[::-1],
        "data_hash": digest,
        "code_version": "0.1.0",
        "versions": {"jax": "0.12.0", "numpyro": "0.22.0", "arviz": "1.3.0"},
        "seed": 1,
        "device": "cpu",
        "seconds": {"fit": 12.5},
        "verdict": verdict,
        "reasons": reasons,
    }
    (folder / "study.yaml").write_text(yaml.safe_dump(study, sort_keys=False), encoding="utf-8")
    (folder / "run.json").write_text(json.dumps(run, indent=2), encoding="utf-8")
    (folder / "review.json").write_text(review_table().to_json(orient="records", indent=2), encoding="utf-8")


if __name__ == "__main__":
    print(fake_run(Path(sys.argv[1])))
