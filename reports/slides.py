"""How does the decision become slides that somebody else can edit?

Five of them, from the facts and the sentences of the board report: the decision, what should move, what media brought,
what other budgets would bring, how far to trust it. Text is text and charts are PowerPoint's own, with their data
behind them; nothing is a picture but the brand's logo. Needs the extra `mmm[pptx]`.

A file of Office is a ZIP archive with the hour in it: `settled` takes the hour out, so that the same run makes the same
bytes. To add a slide, write a function that fills one and name it in `slides_pptx`.
"""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mmm.plots.look import Look
from mmm.plots.names import spoken
from mmm.speech import magnitude, speaking, word
from reports import pdf
from reports.facts.scenarios import title
from reports.language import Language, Number, Sentence, say
from reports.source import Source, language
from reports.table import Table

WIDTH, HEIGHT, EDGE = 33.867, 19.05, 1.6
"""Centimetres: a wide slide, and its margin."""

MOST = 12
"""Channels in a chart: those that spend most."""

CHECKS = 7
"""The last so many checks of the report's table, the backtest among them, where failures leave them room."""

NOT_NOW = "2000-01-01T00:00:00Z"
MUTED, TINT, GREY = "#5d6b7a", "#f3f5f8", "#9aa5b1"
TITLE, BODY, SMALL = 26, 15, 11


@dataclass(frozen=True)
class Deck:
    """The presentation that is being written, and how it looks and speaks."""

    file: Any
    look: Look
    words: Language
    footer: str


def slides_pptx(source: Source, facts: Mapping[str, dict[str, Any]], page: Mapping[str, Any]) -> bytes:
    """The slides of a run; `page` is the board report's page."""
    from pptx import Presentation
    from pptx.util import Cm

    file = Presentation()
    file.slide_width, file.slide_height = Cm(WIDTH), Cm(HEIGHT)
    file.core_properties.title = page["title"].text
    file.core_properties.author = page["owner"]
    deck = Deck(file, page["look"], language(source), page["footer"].text)
    with speaking(deck.words.locale):
        _decision(deck, page)
        _moves(deck, facts, page)
        _brought(deck, facts, page)
        _scenarios(deck, facts, page)
        _trust(deck, page)
    buffer = io.BytesIO()
    file.save(buffer)
    return settled(buffer.getvalue())


def settled(archive: bytes) -> bytes:
    """The same archive without the hour at which it was made, also in the workbooks behind its charts."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in sorted(old.namelist(), key=lambda name: (name != "[Content_Types].xml", name)):
            content = old.read(name)
            if name.endswith(".xlsx"):
                content = settled(content)
            elif name == "docProps/core.xml":
                content = re.sub(rb"(<dcterms:\w+[^>]*>)[^<]*", rb"\g<1>" + NOT_NOW.encode(), content)
            new.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def _decision(deck: Deck, page: Mapping[str, Any]) -> None:
    slide = _slide(deck, page["title"].text, first=True)
    _text(deck, slide, EDGE, 3.6, WIDTH - 2 * EDGE, 1.0, [page["subtitle"]], SMALL, MUTED)
    wide = (WIDTH - 2 * EDGE - 3 * 0.5) / 4
    for place, card in enumerate(page["cards"]):
        _card(deck, slide, EDGE + place * (wide + 0.5), wide, card)
    warning = [page["banner"]["heading"]] if page["banner"] else []
    _text(deck, slide, EDGE, 9.3, WIDTH - 2 * EDGE, 5.2, [*warning, *page["decision"]["paragraphs"]], BODY - 2)
    _text(deck, slide, EDGE, 14.5, WIDTH - 2 * EDGE, 3.2, page["decision"]["actions"], BODY - 2, numbered=True)
    if page["logo"]:
        from pptx.util import Cm

        logo = io.BytesIO(pdf.logo_png(page["logo"]))
        picture = slide.shapes.add_picture(logo, Cm(0), Cm(0.5), height=Cm(1.3))
        picture.left = Cm(WIDTH - EDGE) - picture.width
        _describe(picture, page["owner"])


def _moves(deck: Deck, facts: Mapping[str, dict[str, Any]], page: Mapping[str, Any]) -> None:
    slide = _slide(deck, word("Spend by channel"))
    plans = {row["scenario"]: row["moves"] for row in facts["scenarios"]["scenarios"]}
    moves = sorted(plans.get("recommended", []), key=lambda move: -move["current"])[:MOST]
    if not moves:
        _text(deck, slide, EDGE, 4, WIDTH - 2 * EDGE, 4, page["decision"]["paragraphs"], BODY)
        return
    series = {
        word("Present plan"): [move["current"] for move in moves],
        word("Recommended"): [move["proposed"] for move in moves],
    }
    _bars(deck, slide, [spoken(move["channel"]) for move in moves], series, (EDGE, 3.4, 19.5, 13.6))
    _text(deck, slide, 22, 4, WIDTH - 22 - EDGE, 12, page["decision"]["paragraphs"], BODY)


def _brought(deck: Deck, facts: Mapping[str, dict[str, Any]], page: Mapping[str, Any]) -> None:
    slide = _slide(deck, page["contribution"]["heading"].text)
    rows = [row for row in facts["contribution"]["channels"] if row["spend"] > 0][:MOST]
    series = {
        word("Spend"): [row["spend"] for row in rows],
        say(deck.words, "Incremental {kpi}").text: [row["value"][0] for row in rows],
    }
    _bars(deck, slide, [spoken(row["channel"]) for row in rows], series, (EDGE, 3.4, 19.5, 13.6))
    known = page["contribution"]
    said = [known["lead"], *([known["profit"]] if known["profit"] else []), *known["paragraphs"]]
    _text(deck, slide, 22, 3.6, WIDTH - 22 - EDGE, 13, said, BODY - 2)


def _scenarios(deck: Deck, facts: Mapping[str, dict[str, Any]], page: Mapping[str, Any]) -> None:
    slide = _slide(deck, page["scenarios"]["heading"].text)
    rows = [row for row in facts["scenarios"]["scenarios"] if row["scenario"] != "hold"]
    if rows:
        profits = facts["scenarios"]["margin"] is not None and deck.words.valued
        series = {word("Gain against hold"): [row["gain"][0] for row in rows]}
        if profits:
            series = {word("Profit against hold"): [row["profit"] for row in rows]}
        _bars(deck, slide, [word(title(row["scenario"])) for row in rows], series, (EDGE, 3.4, 12.5, 6.6))
        _table(deck, slide, page["scenarios"]["table"], EDGE, 10.2, WIDTH - 2 * EDGE)
    _text(deck, slide, 15, 3.6, WIDTH - 15 - EDGE, 6.6, page["scenarios"]["paragraphs"], BODY - 2)


def _trust(deck: Deck, page: Mapping[str, Any]) -> None:
    slide = _slide(deck, page["trust"]["heading"].text)
    half = (WIDTH - 2 * EDGE - 1) / 2
    room = len(page["trust"]["failures"]) < 3 and page["trust"]["table"] is not None
    high, size = (6.0, BODY - 4) if room else (13, BODY - 2)
    said = [*page["trust"]["paragraphs"], *page["trust"]["failures"][:4]]
    _text(deck, slide, EDGE, 3.6, half, high, said, size)
    evident = [*page["evidence"]["paragraphs"], *page["evidence"]["next"]]
    _text(deck, slide, EDGE + half + 1, 3.6, half, high, evident, size)
    if room:
        checks = replace(page["trust"]["table"], rows=page["trust"]["table"].rows[-CHECKS:], highlight=None)
        _table(deck, slide, checks, EDGE, 9.8, WIDTH - 2 * EDGE)


def _slide(deck: Deck, heading: str, first: bool = False) -> Any:
    """A slide with its title in the layout's own placeholder, so that outlines and screen readers find it."""
    from pptx.util import Cm, Pt

    slide = deck.file.slides.add_slide(deck.file.slide_layouts[5])
    box = slide.shapes.title
    box.left, box.top, box.width, box.height = Cm(EDGE), Cm(0.9), Cm(WIDTH - 2 * EDGE - 6 * first), Cm(2.4)
    box.text_frame.text = heading
    box.text_frame.margin_left = 0
    paragraph = box.text_frame.paragraphs[0]
    paragraph.alignment = 1
    _font(deck, paragraph.font, TITLE, deck.look.main, True)
    number = len(deck.file.slides)
    _text(deck, slide, EDGE, HEIGHT - 1.2, WIDTH - 2 * EDGE, 0.8, [f"{deck.footer} · {number}"], 8, MUTED)
    line = slide.shapes.add_connector(1, Cm(EDGE), Cm(3.25), Cm(WIDTH - EDGE), Cm(3.25))
    line.line.color.rgb, line.line.width = _rgb("#d5dbe2"), Pt(0.75)
    line.shadow.inherit = False
    return slide


def _text(
    deck: Deck, slide: Any, left: Number, top: Number, width: Number, height: Number, said: Sequence[Sentence | str],
    size: Number, shade: str | None = None, numbered: bool = False,
) -> None:  # fmt: skip
    """Paragraphs in a box, each run in its style; text that is too long is made smaller by PowerPoint."""
    from pptx.enum.text import MSO_AUTO_SIZE
    from pptx.util import Cm, Pt

    frame = slide.shapes.add_textbox(Cm(left), Cm(top), Cm(width), Cm(height)).text_frame
    frame.word_wrap, frame.auto_size = True, MSO_AUTO_SIZE.TEXT_TO_FIT_SHAPE
    frame.margin_left = frame.margin_right = 0
    for place, sentence in enumerate(said):
        paragraph = frame.paragraphs[0] if place == 0 else frame.add_paragraph()
        paragraph.space_after = Pt(size / 2)
        runs = sentence.runs if isinstance(sentence, Sentence) else ((sentence, ""),)
        for text, style in [(f"{place + 1}. ", "strong"), *runs] if numbered else runs:
            run = paragraph.add_run()
            run.text = text
            quiet = MUTED if style == "quiet" else shade or deck.look.ink
            _font(deck, run.font, size, quiet, style in ("strong", "bad"))


def _card(deck: Deck, slide: Any, left: Number, width: Number, card: Mapping[str, Sentence]) -> None:
    from pptx.util import Cm, Pt

    box = slide.shapes.add_shape(1, Cm(left), Cm(4.9), Cm(width), Cm(4.1))
    box.fill.solid()
    box.fill.fore_color.rgb = _rgb(TINT)
    box.line.fill.background()
    box.shadow.inherit = False
    frame = box.text_frame
    frame.word_wrap, frame.margin_left = True, Cm(0.5)
    parts = (
        ("label", SMALL, MUTED),
        ("value", 24, deck.look.main),
        ("range", SMALL, deck.look.ink),
        ("note", SMALL, MUTED),
    )
    for place, (name, size, shade) in enumerate(parts):
        paragraph = frame.paragraphs[0] if place == 0 else frame.add_paragraph()
        paragraph.alignment, paragraph.space_after = 1, Pt(2)
        run = paragraph.add_run()
        run.text = card[name].text
        _font(deck, run.font, size, shade, name == "value")


def _bars(
    deck: Deck, slide: Any, names: Sequence[str], series: Mapping[str, Sequence[float]], box: tuple[Number, ...]
) -> None:
    """PowerPoint's own bar chart, first name on top, numbers as the locale of whoever opens it writes them.

    One series is named by the title, several by the legend.
    """
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE, XL_LEGEND_POSITION, XL_TICK_LABEL_POSITION
    from pptx.util import Cm, Pt

    data = CategoryChartData(number_format="#,##0")
    data.categories = list(names)
    for name, values in series.items():
        data.add_series(name, [round(float(value), 2) for value in values])
    placed = slide.shapes.add_chart(XL_CHART_TYPE.BAR_CLUSTERED, *(Cm(part) for part in box), data)
    _describe(placed, ", ".join(series))
    chart = placed.chart
    chart.has_legend = len(series) > 1
    chart.has_title = not chart.has_legend
    if chart.has_title:
        title = chart.chart_title.text_frame
        title.text = next(iter(series))
        _font(deck, title.paragraphs[0].font, SMALL, deck.look.ink, False)
    if chart.has_legend:
        chart.legend.position, chart.legend.include_in_layout = XL_LEGEND_POSITION.TOP, False
    chart.font.size, chart.font.name = Pt(SMALL), _family(deck)
    chart.category_axis.reverse_order = True
    chart.category_axis.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    chart.category_axis.format.line.color.rgb = _rgb(GREY)
    chart.value_axis.major_gridlines.format.line.color.rgb = _rgb("#e4e8ed")
    chart.value_axis.format.line.fill.background()
    chart.value_axis.tick_label_position = XL_TICK_LABEL_POSITION.HIGH
    labels = chart.value_axis.tick_labels
    labels.number_format, labels.number_format_is_linked = _scaled(deck, [*series.values()]), False
    chart.value_axis.major_unit = _step([*series.values()], 5 if box[2] > 15 else 3)
    chart.plots[0].gap_width, chart.plots[0].overlap = 60, -5
    shades = [GREY, deck.look.main] if len(series) > 1 else [deck.look.main]
    for drawn, shade in zip(chart.plots[0].series, shades, strict=True):
        drawn.format.fill.solid()
        drawn.format.fill.fore_color.rgb = _rgb(shade)
        drawn.invert_if_negative = False


def _scaled(deck: Deck, values: Sequence[Sequence[float]]) -> str:
    """A spreadsheet's number format that counts in thousands or millions, as the largest value asks for."""
    largest = max((abs(value) for row in values for value in row), default=0.0)
    power = 2 if largest >= 1e6 else 1 if largest >= 1e4 else 0
    digits = "0.0" if power == 2 and largest < 1e7 else "#,##0"
    above = digits + "," * power + f'"{magnitude(power, deck.words.locale)}"' * bool(power)
    return f"{above};-{above};0"


def _step(values: Sequence[Sequence[float]], ticks: int) -> float:
    """A round distance between the ticks of an axis: about so many of them."""
    every = [0.0, *(value for row in values for value in row)]
    rough = max((max(every) - min(every)) / ticks, 1e-9)
    size = 10.0 ** math.floor(math.log10(rough))
    return next(size * step for step in (1, 2, 5, 10) if size * step >= rough)


def _table(deck: Deck, slide: Any, table: Table | None, left: Number, top: Number, width: Number) -> None:
    from pptx.util import Cm

    if table is None:
        return
    lines = [table.head, *table.rows]
    made = slide.shapes.add_table(len(lines), len(table.head), Cm(left), Cm(top), Cm(width), Cm(0.85 * len(lines)))
    _describe(made, table.caption.text)
    for y, line in enumerate(lines):
        for x, sentence in enumerate(line):
            cell = made.table.cell(y, x)
            cell.text = sentence.text
            cell.fill.solid()
            cell.fill.fore_color.rgb = _rgb(
                deck.look.main if y == 0 else TINT if y - 1 == table.highlight else "#ffffff"
            )
            paragraph = cell.text_frame.paragraphs[0]
            paragraph.alignment = {"left": 1, "center": 2, "right": 3}[table.align[x]]
            _font(deck, paragraph.font, SMALL, "#ffffff" if y == 0 else deck.look.ink, y == 0)


def _describe(shape: Any, text: str) -> None:
    """The text that stands for a picture, a chart or a table."""
    shape._element.xpath(".//p:cNvPr")[0].set("descr", text)


def _font(deck: Deck, font: Any, size: Number, shade: str, bold: bool) -> None:
    from pptx.util import Pt

    font.name, font.size, font.bold = _family(deck), Pt(size), bold
    font.color.rgb = _rgb(shade)


def _family(deck: Deck) -> str:
    return deck.look.font if deck.look.files else "Calibri"


def _rgb(shade: str) -> Any:
    from pptx.dml.color import RGBColor

    return RGBColor.from_string(shade[1:].upper())
