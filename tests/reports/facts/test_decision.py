"""The decision follows from the numbers by rules, and says hold where they do not carry it."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from reports import facts as subjects
from reports.facts import decision, headline
from reports.language import Sentence
from reports.source import language, read


def decided(run: Path) -> dict[str, Any]:
    return subjects.numbers(read(run))["decision"]


def said(run: Path) -> list[Sentence]:
    return decision.words(decided(run), language(read(run)))["paragraphs"]


def change(run: Path, **columns: Any) -> None:
    """Rewrites the recommended plan's row of the scenarios."""
    path = run / "tables" / "scenarios.csv"
    table = pd.read_csv(path)
    table.loc[table["scenario"] == "recommended", list(columns)] = list(columns.values())
    table.to_csv(path, index=False)


def judge(run: Path, verdict: str, reasons: list[str]) -> None:
    path = run / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"verdict": verdict, "reasons": reasons}))


def test_a_likely_gain_is_acted_on_with_its_chance_and_range(run: Path) -> None:
    change(run, gain_vs_hold_mean=7e5, gain_vs_hold_p05=-1.4e5, gain_vs_hold_p95=1.7e6, probability_beats_hold=0.92)
    assert decided(run)["action"] == "act"
    text = " ".join(sentence.text for sentence in said(run))
    assert text.startswith("Move €")
    assert "a 92% chance that this raises revenue" in text
    assert "−€0.14m to €1.70m, and the range includes a loss" in text


def test_a_coin_toss_is_not_acted_on(run: Path) -> None:
    change(run, gain_vs_hold_mean=1e5, probability_beats_hold=0.69)
    assert (decided(run)["action"], decided(run)["why"]) == ("hold", "coin_toss")
    assert "only a 69% chance" in said(run)[0].text


def test_an_expected_loss_is_not_acted_on(run: Path) -> None:
    change(run, gain_vs_hold_mean=-1e5, probability_beats_hold=0.9)
    assert (decided(run)["action"], decided(run)["why"]) == ("hold", "nothing_better")


def test_an_unknown_chance_is_not_acted_on(run: Path) -> None:
    change(run, gain_vs_hold_mean=1e5, probability_beats_hold=float("nan"))
    assert decided(run)["action"] == "hold"


def test_where_the_present_plan_is_the_best_no_gain_is_printed(run: Path) -> None:
    nothing = {f"gain_vs_hold_{part}": 0.0 for part in ("mean", "p05", "p95")}
    change(run, **nothing, probability_beats_hold=float("nan"))
    assert (decided(run)["action"], decided(run)["why"]) == ("hold", "nothing_better")
    (only,) = said(run)
    assert only.text.endswith("no other split of the budget is worth more, uncertainty counted against moving.")


def test_a_failed_run_carries_no_decision_however_large_the_gain(run: Path) -> None:
    judge(run, "fail", ["The chains disagree: R-hat is 1.31."])
    change(run, gain_vs_hold_mean=9e9, probability_beats_hold=1.0)
    assert (decided(run)["action"], decided(run)["why"]) == ("hold", "verdict")
    assert said(run)[0].text.startswith("Do not act on this run")
    assert decision.words(decided(run), language(read(run)))["figure"] is None


def test_the_warning_gives_its_reasons_and_counts_the_rest(run: Path) -> None:
    judge(run, "caution", [f"Reason {i}." for i in range(6)])
    warning = headline.banner(decided(run), [], language(read(run)))
    assert warning is not None
    assert warning["level"] == "caution"
    shown = [sentence.text for sentence in warning["reasons"]]
    assert shown[0] == "Reason 0."
    assert shown[3:] == ["3 more stand under “How far to trust this”."]


def alarm(check: str, subject: str, result: str = "caution") -> dict[str, object]:
    return {"check": check, "subject": subject, "result": result, "message": f"{subject}: {check} is off."}


def test_ten_cautions_become_a_sentence_a_kind_the_most_important_first(run: Path) -> None:
    judge(run, "caution", [])
    weak = [alarm(check, name) for check in ("relative_width", "learning") for name in ("paid_search", "tv", "radio")]
    checks = [alarm("mode", "sampler"), *weak, alarm("extreme_periods", "kpi"), alarm("r_hat", "tv", "fail")]
    warning = headline.banner(decided(run), checks, language(read(run)))
    assert warning is not None
    shown = [sentence.text for sentence in warning["reasons"]]
    assert shown[:2] == ["tv: r_hat is off.", "kpi: extreme_periods is off."]
    assert shown[2].startswith("The data hardly tell what Paid search, TV and Radio do")
    assert shown[3:] == ["1 more stands under “How far to trust this”."]


def test_a_good_run_has_no_warning(run: Path) -> None:
    assert headline.banner(decided(run), [], language(read(run))) is None


def test_without_a_plan_there_is_nothing_to_decide(bare: Path) -> None:
    facts = decided(bare)
    assert facts["action"] == "none"
    assert "No budget plan was made" in said(bare)[0].text
    words = language(read(bare))
    cards = headline.cards(facts, subjects.numbers(read(bare))["contribution"], words)
    assert [card["value"].text for card in cards[2:]] == ["–", "–"]


def test_the_move_is_what_the_takers_get_and_the_budget_stays(run: Path) -> None:
    table = pd.read_csv(run / "tables" / "allocation.csv")
    rows = table[table["scenario"] == "recommended"]
    change_of = rows["recommended_spend"] - rows["current_spend"]
    facts = decided(run)
    assert facts["shift"] == pytest.approx(change_of[change_of > 0].sum())
    assert facts["budget"] == pytest.approx(rows["current_spend"].sum())
    assert facts["largest_move"] == pytest.approx((rows["multiple"] - 1).abs().max())


def test_a_plan_that_changes_the_total_says_so(run: Path) -> None:
    change(run, budget=2e7, gain_vs_hold_mean=1e6, probability_beats_hold=0.95)
    assert "take the total budget from" in said(run)[0].text


def test_geos_of_an_allocation_are_added_up() -> None:
    row = {"scenario": "recommended", "channel": "tv", "period": "all", "multiple": 1.2, "lower": 0.5, "upper": 1.5}
    rows = [
        row
        | {
            "geo": geo,
            "current_spend": spend,
            "recommended_spend": 1.2 * spend,
            "at_bound": bound,
            "extrapolates": False,
        }
        for geo, spend, bound in (("a", 10.0, True), ("b", 30.0, False))
    ]
    (move,) = decision.allocation(pd.DataFrame(rows), "recommended")
    assert (move["current"], move["proposed"], move["at_bound"]) == (40.0, 48.0, True)
    assert move["multiple"] == pytest.approx(1.2)


def test_a_cautious_run_makes_its_recommendation_provisional(run: Path) -> None:
    judge(run, "caution", ["This is a quick fit."])
    change(run, gain_vs_hold_mean=7e5, probability_beats_hold=0.92)
    actions = decision.words(decided(run), language(read(run)))["actions"]
    assert actions[0].text == "Take this as provisional until the warning above is settled."
