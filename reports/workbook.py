"""How does finance change a margin or a price and see what follows?

`scenarios.xlsx` holds the numbers of the reports with live formulas: totals are sums of their parts, and margin, profit
and gains follow from the cells of the sheet Assumptions. Every formula is written with its value, so that a reader who
does not calculate sees the same numbers (a test recomputes each).

    value    = outcome of the plan x price factor
    margin   = value x contribution margin
    profit   = margin - budget,           gain = value - value of the first scenario (hold)

Outcomes of the scenarios belong to their planned spend: they are computed from the whole posterior and do not follow an
edited spend, which the sheet then says; `planner_sheet` has the one that does. Names are written as text, whatever they
begin with: no channel becomes a formula.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Mapping
from typing import Any

from mmm.plots.look import look_of
from mmm.plots.names import spoken
from mmm.speech import message, speaking, word
from reports import cells, pdf, planner_sheet
from reports.cells import Book, Formula
from reports.facts.scenarios import title
from reports.facts.trust import STATUS, check_name
from reports.language import SHOW, Language
from reports.planner_sheet import ASSUMPTIONS, MARGIN_CELL, PRICE_CELL
from reports.source import Source, language

SCENARIOS, ALLOCATION = message("Scenarios"), message("Allocation")
VERDICTS = {"ok": message("Pass"), "caution": message("Caution"), "fail": message("Fail")}
ACTIONS = {"act": message("Move the budget"), "hold": message("Hold"), "none": message("No plan")}
PLAN_KEYS = {
    "horizon_start": message("first period"),
    "horizon_end": message("last period"),
    "horizon": message("horizon"),
    "reference_start": message("first period of reference"),
    "reference_end": message("last period of reference"),
    "reference_budget": message("budget of reference"),
    "budget_asked": message("budget asked for"),
    "budget": message("budget"),
    "currency": message("currency"),
    "value_per_kpi": message("value per KPI unit"),
    "caution": message("caution"),
    "confidence": message("confidence at which caution gives way"),
    "held_back": message("held back"),
    "left_out": message("left out"),
    "discount_rate": message("discount rate"),
    "periods": message("periods"),
    "draws": message("draws"),
    "margin": message("margin"),
    "optimality_gap": message("optimality gap"),
    "gain_vs_hold": message("gain against hold"),
    "cvar05": message("mean of the worst cases"),
    "probability_beats_hold": message("chance of a gain"),
    "single_draws": message("draws optimised alone"),
    "perfect_information": message("value of perfect information"),
    "gain_share": message("gain as a share of the outcome"),
    "validated": message("causal labels known"),
    "curves": message("curves"),
    "interaction_remainder": message("remainder of interactions"),
}
"""What the plan's summary is called; another key is called by its identifier."""
PLAN_VALUES = {
    "yes": message("yes"),
    "no": message("no"),
    "future": message("future"),
    "history": message("history"),
    "one channel at a time": message("one channel at a time"),
}

LOGO_PIXELS = 48
"""How high the brand's logo stands on the sheet Summary."""


def scenarios_xlsx(source: Source, facts: Mapping[str, dict[str, Any]]) -> bytes:
    """The workbook of a run."""
    import xlsxwriter

    buffer = io.BytesIO()
    safe = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    file = xlsxwriter.Workbook(buffer, safe)
    end = dt.datetime.fromisoformat(facts["contribution"]["end"])
    file.set_properties({"title": source.study.report.title or source.study.study, "created": end})
    book = Book(file, cells.formats(file, look_of(source.brand)))
    words = language(source)
    with speaking(words.locale):
        _sheets(book, source, facts, words)
    file.close()
    return buffer.getvalue()


def _sheets(book: Book, source: Source, facts: Mapping[str, dict[str, Any]], words: Language) -> None:
    planned = _planned(facts)
    _summary(book, source, facts, planned, words)
    _scenarios(book, planned, facts, words)
    curves = facts["planner"]["channels"]
    if curves:
        planner_sheet.planner(book, curves, facts["finance"]["margin"] or 1.0, words)
    _allocation(book, facts["finance"], words)
    _channels(book, facts["contribution"], words)
    if curves:
        planner_sheet.curves(book, curves)
    _assumptions(book, source, facts, words)
    _checks(book, facts["trust"], words)


def _planned(facts: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Each scenario with what its formulas evaluate to at the study's margin and price factor 1."""
    margin = facts["finance"]["margin"] or 1.0
    rows = []
    for row in facts["scenarios"]["scenarios"]:
        spends = [move["proposed"] for move in row["moves"]]
        budget = sum(spends) if spends else row["budget"]
        value = row["outcome"][0]
        rows.append(
            row | {"budget": budget, "value": value, "margin": value * margin, "profit": value * margin - budget}
        )
    return rows


def _scenarios(book: Book, planned: list[dict[str, Any]], facts: Mapping[str, dict[str, Any]], words: Language) -> None:
    unit = words.currency if words.valued else words.kpi
    head = [
        word("Scenario"), word("Budget, {unit}", unit=words.currency), word("Outcome as planned, {unit}", unit=unit),
        word("Value, {unit}", unit=unit), word("Margin"), word("Profit"), word("ROI"), word("Gain against hold"),
        word("Gain, low (5 %)"), word("Gain, high (95 %)"), word("Profit against hold"), word("Chance of a gain"),
        word("Note"),
    ]  # fmt: skip
    margin, price = (cells.at(ASSUMPTIONS, cell) for cell in (MARGIN_CELL, PRICE_CELL))
    sheet = cells.sheet(book, SCENARIOS, head, [20, 14, 14, 14, 14, 14, 8, 14, 14, 14, 14, 10, 30])
    hold = planned[0] if planned else {}
    count = len(facts["finance"]["allocation"].get("hold", []))
    made = []
    for i, row in enumerate(planned):
        at = i + 2
        column = cells.letter(1 + i)
        budget: Any = (
            Formula("=" + cells.at(ALLOCATION, f"{column}{count + 2}"), row["budget"])
            if row["moves"]
            else row["budget"]
        )
        edited = word("The spend was edited: the outcome is that of the planned spend.")
        changed = f'=IF(ABS(B{at}-{row["budget"]:.6f})>0.005,"{edited}","")'
        made.append(
            [
                word(title(row["scenario"])),
                budget,
                row["outcome"][0],
                Formula(f"=C{at}*{price}", row["value"]),
                Formula(f"=D{at}*{margin}", row["margin"]),
                Formula(f"=E{at}-B{at}", row["profit"]),
                Formula(f'=IF(B{at}=0,"",D{at}/B{at})', row["value"] / row["budget"] if row["budget"] else ""),
                Formula(f"=D{at}-D$2", row["value"] - hold["value"]),
                Formula(f"={row['gain'][1]!r}*{price}", row["gain"][1]),
                Formula(f"={row['gain'][2]!r}*{price}", row["gain"][2]),
                Formula(f"=F{at}-F$2", row["profit"] - hold["profit"]),
                row["probability"],
                Formula(changed, ""),
            ]
        )
    forms = ["name", *["money"] * 5, "ratio", *["money"] * 4, "share", "text"]
    cells.rows(book, sheet, made, forms)
    if not made:
        sheet.write_string(1, 0, word("No budget plan was made in this run."), book.formats["name"])


def _allocation(book: Book, finance: dict[str, Any], words: Language) -> None:
    """Spend by channel (rows) and scenario (columns), with live totals and the change against now."""
    names = finance["scenarios"]
    others = [name for name in names if name != names[0]] if names else []
    head = [
        word("Channel"),
        *(word("{what}, {unit}", what=word(title(name)), unit=words.currency) for name in names),
        *(word("{scenario}, change", scenario=word(title(name))) for name in others),
        word("Name in the data"),
    ]
    sheet = cells.sheet(book, ALLOCATION, head, [24, *[14] * (len(head) - 2), 18])
    if not names:
        sheet.write_string(1, 0, word("No budget plan was made in this run."), book.formats["name"])
        return
    by_name = {name: [move["proposed"] for move in finance["allocation"][name]] for name in names}
    channels = [move["channel"] for move in finance["allocation"][names[0]]]
    rows = []
    for i, channel in enumerate(channels):
        at = i + 2
        first = by_name[names[0]][i]
        changes = [
            Formula(
                f'=IF($B{at}=0,"",{cells.letter(1 + names.index(name))}{at}/$B{at}-1)',
                by_name[name][i] / first - 1 if first else "",
            )
            for name in others
        ]
        rows.append([spoken(channel), *(by_name[name][i] for name in names), *changes, channel])
    cells.rows(book, sheet, rows, ["name", *["money"] * len(names), *["share"] * len(others), "name"])
    last = len(channels) + 1
    sheet.write_string(last, 0, word("Total"), book.formats["total"])
    for j, name in enumerate(names, start=1):
        total = Formula(f"=SUM({cells.letter(j)}2:{cells.letter(j)}{last})", sum(by_name[name]))
        cells.put(book, sheet, last, j, total, "total")


def _channels(book: Book, contribution: dict[str, Any], words: Language) -> None:
    head = [word("Channel"), word("Spend, {unit}", unit=words.currency), word("Contribution, {unit}", unit=words.kpi)]
    head += [
        f"{name}, {end}"
        for name in (word("ROI"), word("Marginal ROI"), word("Half-life (periods)"))
        for end in (word("mean"), word("low (5 %)"), word("high (95 %)"))
    ]
    head.append(word("Name in the data"))
    sheet = cells.sheet(book, message("Channels"), head, [24, 14, 14, *[11] * 9, 18])
    rows = [
        [
            *(spoken(row["channel"]), row["spend"], row["contribution"][0]),
            *(*row["roi"], *row["mroi"], *row["half_life"], row["channel"]),
        ]
        for row in contribution["channels"]
    ]
    cells.rows(book, sheet, rows, ["name", "money", "money", *["ratio"] * 9, "name"])
    last = len(rows) + 1
    sheet.write_string(last, 0, word("Total"), book.formats["total"])
    for j in (1, 2):
        cells.put(
            book,
            sheet,
            last,
            j,
            Formula(f"=SUM({cells.letter(j)}2:{cells.letter(j)}{last})", sum(row[j] for row in rows)),
            "total",
        )


def _assumptions(book: Book, source: Source, facts: Mapping[str, dict[str, Any]], words: Language) -> None:
    """The two cells that finance changes come first; yellow cells are inputs."""
    sheet = cells.sheet(book, ASSUMPTIONS, [word("Assumption"), word("Value"), word("Meaning")], [42, 40, 80])
    margin = facts["finance"]["margin"]
    given = word("share of the value that is margin; the study gives none, so the whole value is taken: set yours")
    if margin is not None:
        given = word("share of the value that is margin; as the study gives it")
    price = word("multiplies every outcome: raise it by the change in price or in the value of one KPI unit")
    inputs = [
        (word("Contribution margin"), margin if margin is not None else 1.0, given),
        (word("Price factor"), 1.0, price),
    ]
    for row, (name, value, meaning) in enumerate(inputs, start=1):
        cells.put(book, sheet, row, 0, name, "name")
        cells.put(book, sheet, row, 1, value, "input")
        cells.put(book, sheet, row, 2, meaning, "text")
    stated = {
        word("Currency"): source.study.currency,
        word("Value per KPI unit"): str(source.study.data.kpi.value_per_kpi),
        word("Discount rate"): str(facts["finance"]["discount_rate"]),
        **{
            word("Plan: {key}", key=_plan_key(key)): _plan_value(value, words)
            for key, value in facts["finance"]["horizon"].items()
            if not key.startswith(("flighting_", "by_geo_"))
        },
        word("Run"): facts["method"]["run_id"],
        word("Data (hash)"): facts["method"]["data_hash"],
        word("Plan of record (hash)"): facts["finance"]["plan_hash"],
    }
    for row, (name, value) in enumerate(stated.items(), start=4):
        cells.put(book, sheet, row, 0, name, "name")
        cells.put(book, sheet, row, 1, value, "name")


def _plan_key(key: str) -> str:
    """What a key is called; one that ends in a subject, as `held_back:tv` does, with it."""
    name, _, subject = key.partition(":")
    named = word(PLAN_KEYS[name]) if name in PLAN_KEYS else name.replace("_", " ")
    return f"{named}, {spoken(subject)}" if subject else named


def _plan_value(value: str, words: Language) -> str:
    return word(PLAN_VALUES[value]) if value in PLAN_VALUES else SHOW["message"](words, value)


def _checks(book: Book, trust: dict[str, Any], words: Language) -> None:
    head = [
        *(word("Check"), word("Subject"), word("Statistic")),
        *(word("Limit"), word("Result"), word("Message")),
    ]
    sheet = cells.sheet(book, message("Checks"), head, [26, 26, 12, 12, 10, 90])
    made = []
    for row in trust["checks"]:
        subject, said = (SHOW["message"](words, row[key]) for key in ("subject", "message"))
        status = word(STATUS[row["result"]][0]) if row["result"] in STATUS else row["result"]
        made.append([word(check_name(row["check"])), subject, row["statistic"], row["limit"], status, said])
    cells.rows(book, sheet, made, ["name", "name", "ratio", "ratio", "name", "text"])


def _summary(
    book: Book,
    source: Source,
    facts: Mapping[str, dict[str, Any]],
    planned: list[dict[str, Any]],
    words: Language,
) -> None:
    """The decision's numbers, taken live from the other sheets."""
    summary = message("Summary")
    sheet = cells.sheet(book, summary, [word(summary), word("Value")], [44, 34])
    first, last = (SHOW["short_date"](words, facts["contribution"][end]) for end in ("start", "end"))
    lines: list[tuple[str, Any, str]] = [
        (word("Study"), source.study.study, "name"),
        (word("Window"), word("{low} to {high}", low=first, high=last), "name"),
        (word("Verdict of the checks"), word(VERDICTS.get(facts["decision"]["verdict"], "")), "name"),
        (word("Recommendation"), word(ACTIONS[facts["decision"]["action"]]), "name"),
    ]
    names = [row["scenario"] for row in planned]
    if "recommended" in names:
        at = names.index("recommended") + 2
        chosen, hold = planned[names.index("recommended")], planned[0]
        lines += [
            (word("Budget, recommended"), _live(f"B{at}", chosen["budget"]), "money"),
            (word("Gain against hold"), _live(f"H{at}", chosen["value"] - hold["value"]), "money"),
            (word("Profit against hold"), _live(f"K{at}", chosen["profit"] - hold["profit"]), "money"),
            (word("Chance of a gain"), _live(f"L{at}", chosen["probability"]), "share"),
        ]
    for row, (name, value, form) in enumerate(lines, start=1):
        cells.put(book, sheet, row, 0, name, "name")
        cells.put(book, sheet, row, 1, value, form)
    if source.brand and source.brand.logo_file:
        picture = {
            "image_data": io.BytesIO(pdf.logo_png(source.brand.logo_file)),
            "description": source.brand.name or "",
        }
        scale = LOGO_PIXELS / pdf.LOGO_PIXELS
        sheet.insert_image(1, 3, "logo.png", picture | {"x_scale": scale, "y_scale": scale})


def _live(cell: str, value: float) -> Formula:
    """A cell of the sheet Scenarios."""
    return Formula("=" + cells.at(SCENARIOS, cell), value)
