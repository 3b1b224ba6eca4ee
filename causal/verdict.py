"""What may we say about a channel, and on what evidence?

    verdicts = validate(fit)                       # one row a channel and gate
    verdicts = validate(fit, beliefs=Beliefs(latent_demand=True))       # if unmeasured demand is believed in

For each channel: draw the graph, let DoWhy identify, estimate the contribution by adjustment for every posterior draw,
attack it with the gates, and put one of five labels on it:

    experiment-confirmed              a randomised experiment agrees, and nothing conflicts
    quasi-experiment-consistent       a non-randomised one agrees, and nothing conflicts
    observationally consistent only   adjustment does not contradict the model: the most that observation can earn
    conflicted                        future or moved exposure, adjustment or an experiment contradicts the model
    not identifiable                  the graph or the data leave nothing to compare

Observation alone never earns more than "only": across 663 randomised trials, adjustment with far richer data was off by
factors of two and more (Gordon, Moakler and Zettelmeyer, Marketing Science, 2023). The module sees a fit through its
panel and through `mmm.insight`; nothing here knows the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from causal import gates, robustness
from causal.adjustment import GEO
from causal.beliefs import Beliefs, read_beliefs
from causal.estimand import overlap
from causal.evidence import Evidence, Question, amounts, ask, read_evidence
from causal.experiment import Comparison, agreement_with_experiments, compare
from causal.gates import GateResult
from causal.graph import identify, to_dot
from causal.rates import false_alarm_rate
from mmm.study import INTERVAL, Study

CONFIRMED = "experiment-confirmed"
QUASI = "quasi-experiment-consistent"
OBSERVED = "observationally consistent only"
CONFLICTED = "conflicted"
NOT_IDENTIFIABLE = "not identifiable"

BLOCK_WEEKS = 8

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
IDENTIFYING = ("identification", "positivity")
CONTRADICTING = ("lead", "hidden_demand", "circular_shift", "agreement", "negative_control")

Progress = Callable[[int, int, str], None]
Experiment = Literal["randomised", "quasi", "contradicts"]


def validate(
    fit: xr.DataTree,
    *,
    seed: int | None = None,
    lift: pd.DataFrame | None = None,
    beliefs: Beliefs | None = None,
    negative_controls: pd.DataFrame | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Every gate on every channel, with the label that they allow: the table `verdicts`.

    `beliefs` says what causes what; by default it is what the study says (`causal.beliefs`).
    `lift` is the lift table (`mmm.data.lift.read_lift`): only its experiments can raise a label above "only".
    `negative_controls` holds series that no channel can move, for a further gate (`causal.negative_control`).
    `progress(done, total, channel)` is called after each channel. `seed` defaults to the fit's.
    """
    return examine(
        fit,
        seed=seed,
        lift=lift,
        beliefs=beliefs,
        negative_controls=negative_controls,
        progress=progress,
    ).verdicts


class Examined(NamedTuple):
    """The tables `verdicts` and `causal`."""

    verdicts: pd.DataFrame
    effects: pd.DataFrame


def examine(
    fit: xr.DataTree,
    *,
    seed: int | None = None,
    lift: pd.DataFrame | None = None,
    beliefs: Beliefs | None = None,
    negative_controls: pd.DataFrame | None = None,
    progress: Progress | None = None,
) -> Examined:
    """What `validate` and `effects` say, each channel's question asked once for both."""
    evidence = read_evidence(fit, seed, negative_controls=negative_controls)
    compared = {} if lift is None else compare(fit, lift)
    tables, rows = [], []
    for number, (channel, adjustment, question) in enumerate(_asked(evidence, _believed(fit, beliefs))):
        results = judge(evidence, channel, adjustment, question)
        tables.append(_rows(channel, results, compared.get(channel, []), len(evidence.setting.scale)))
        rows.append({"channel": channel} | _effect(question))
        if progress:
            progress(number + 1, len(evidence.channels), channel)
    return Examined(pd.concat(tables, ignore_index=True), pd.DataFrame(rows))


def effects(fit: xr.DataTree, *, seed: int | None = None, beliefs: Beliefs | None = None) -> pd.DataFrame:
    """The adjusted estimate of each channel's contribution beside the model's own, in KPI units: the table `causal`."""
    asked = _asked(read_evidence(fit, seed), _believed(fit, beliefs))
    return pd.DataFrame([{"channel": channel} | _effect(question) for channel, _, question in asked])


def graphs(fit: xr.DataTree, *, beliefs: Beliefs | None = None) -> dict[str, str]:
    """The graph of each channel in Graphviz's language: to edit, and to give back as `causal.graph` of the study."""
    evidence, held = read_evidence(fit, None, samples=1), _believed(fit, beliefs)
    return {channel: to_dot(held.about(channel, _causes(evidence, channel))) for channel in evidence.channels}


def arrows(fit: xr.DataTree, *, beliefs: Beliefs | None = None) -> pd.DataFrame:
    """Each channel's graph as rows `channel, cause, effect`, whether the cause is `latent`, and whether it is `held`
    still: the table `graph`."""
    evidence, believed = read_evidence(fit, None, samples=1), _believed(fit, beliefs)
    rows = []
    for channel in evidence.channels:
        graph = believed.about(channel, _causes(evidence, channel))
        still = identify(graph) or ()
        rows += [(channel, cause, end, cause in graph.latent, cause in still) for cause, end in graph.edges]
    return pd.DataFrame(rows, columns=["channel", "cause", "effect", "latent", "held"])


def _believed(fit: xr.DataTree, beliefs: Beliefs | None) -> Beliefs:
    return read_beliefs(Study.model_validate_json(fit.attrs["study"])) if beliefs is None else beliefs


def _asked(evidence: Evidence, beliefs: Beliefs) -> Iterator[tuple[str, tuple[str, ...] | None, Question]]:
    """Each channel, what its effect is adjusted for, and the question that this makes."""
    for channel in evidence.channels:
        adjustment = identify(beliefs.about(channel, _causes(evidence, channel)))
        yield channel, adjustment, ask(evidence, channel, adjustment)


def _causes(evidence: Evidence, channel: str) -> list[str]:
    """What is measured beside a channel."""
    geos = len(evidence.setting.scale)
    causes = [name for name in evidence.setting.blocks if name != GEO or geos > 1]
    return causes + [name for name in evidence.channels if name != channel]


def label(results: Sequence[GateResult], experiment: Experiment | None = None) -> str:
    """The strongest of the five labels that these gates allow; without an experiment never above "only"."""
    failed = {result.gate for result in results if result.result == "fail"}
    if experiment == "contradicts":
        return CONFLICTED
    if experiment is None and failed & set(IDENTIFYING):
        return NOT_IDENTIFIABLE
    if failed & set(CONTRADICTING):
        return CONFLICTED
    return {None: OBSERVED, "quasi": QUASI, "randomised": CONFIRMED}[experiment]


def judge(
    evidence: Evidence, channel: str, adjustment: tuple[str, ...] | None, question: Question | None = None
) -> list[GateResult]:
    """Every gate's result for one channel, in the order of `GATES`; the first that cannot be met silences the rest.
    Where the evidence has series that the channel cannot move, `negative_control` comes last.

    `question` is the channel's, where it was asked already.
    """
    identified = gates.identification(adjustment)
    if identified.result == "fail":
        return [identified, *_silenced(1, "The effect is not identified, so there is nothing to test.")]
    question = question or ask(evidence, channel, adjustment)
    if question.positivity.result == "fail":
        return [
            identified,
            question.positivity,
            *_silenced(2, "The exposure leaves too little to compare, so there is nothing to test."),
        ]
    results = [identified, question.positivity, *_attacks(question, evidence)]
    return [*results, gates.negative_control(question.data, evidence.untouched)] if evidence.untouched else results


def _attacks(question: Question, evidence: Evidence) -> list[GateResult]:
    data, rows, periods_per_year = question.data, question.rows, evidence.setting.periods_per_year
    rng = np.random.default_rng([evidence.seed, evidence.channels.index(question.estimand.channel), 1])
    claims = question.model / question.exposure_total
    return [
        gates.lead(gates.future(data)),
        gates.hidden_demand(data, claims),
        gates.circular_shift(data, rows, float(claims.mean())),
        gates.agreement(question.answer, question.model, amounts(question)),
        robustness.block_subset(rows, max(2, round(BLOCK_WEEKS * periods_per_year / 52)), rng),
        robustness.random_common_cause(rows, rng),
        robustness.leave_one_out(rows, max(2, round(periods_per_year / 4))),
        robustness.robustness(data, rows, question.blocks),
        robustness.planted_effect(data, rows, float(claims.mean())),
    ]


def _silenced(after: int, note: str) -> list[GateResult]:
    return [GateResult(gate, np.nan, "not_testable", note) for gate in GATES[after:]]


def _rows(channel: str, results: Sequence[GateResult], compared: Sequence[Comparison], geos: int) -> pd.DataFrame:
    tested = [*results, agreement_with_experiments(compared)] if compared else list(results)
    given = label(results, _experiment(tested[-1], compared) if compared else None)
    rows = [
        {
            "channel": channel,
            "label": given,
            "gate": result.gate,
            "statistic": result.statistic,
            "result": result.result,
            "false_alarm_rate": false_alarm_rate(result.gate, geos),
            "note": result.note,
        }
        for result in tested
    ]
    return pd.DataFrame(rows)


def _experiment(found: GateResult, compared: Sequence[Comparison]) -> Experiment:
    if found.result == "fail":
        return "contradicts"
    return "randomised" if any(each.randomised for each in compared) else "quasi"


def _effect(question: Question) -> dict[str, object]:
    answer, model = question.answer, question.model
    low, *middle, high = (float(value) for value in np.quantile(answer, (INTERVAL[0], 0.25, 0.5, 0.75, INTERVAL[1])))
    model_low, model_high = (float(value) for value in np.quantile(model, INTERVAL))
    known = bool(np.isfinite(answer).all())
    return {
        "estimand": question.estimand.text,
        "unit": question.estimand.units,
        "mean": float(answer.mean()),
        "p05": low,
        **dict(zip(("p25", "median", "p75"), middle, strict=True)),
        "p95": high,
        "model_mean": float(model.mean()),
        "model_p05": model_low,
        "model_p95": model_high,
        "overlap": overlap(answer, model) if known else np.nan,
        "assumptions": question.estimand.assumptions,
    }
