"""Slides: editable, with PowerPoint's own charts, the same bytes each time, in the study's language."""

import io
from pathlib import Path
from typing import Any

import pytest

from reports import facts as subjects
from reports import pages
from reports.figures import saved
from reports.slides import slides_pptx
from reports.source import read

pptx = pytest.importorskip("pptx")


def made(run: Path) -> bytes:
    source = read(run)
    facts = subjects.numbers(source)
    return slides_pptx(source, facts, pages.board(source, facts, saved(run / "report"), []))


def deck(run: Path) -> Any:
    return pptx.Presentation(io.BytesIO(made(run)))


def text_of(slide: Any) -> str:
    return " ".join(shape.text_frame.text for shape in slide.shapes if shape.has_text_frame)


def test_five_slides_begin_with_the_decision_and_say_what_the_report_says(run: Path) -> None:
    slides = list(deck(run).slides)
    source = read(run)
    page = pages.board(source, subjects.numbers(source), {}, [])
    assert len(slides) == 5
    for sentence in [*page["decision"]["paragraphs"], *page["decision"]["actions"]]:
        assert sentence.text in text_of(slides[0])
    for card in page["cards"]:
        assert card["value"].text in text_of(slides[0])
    assert all(slide.shapes.title.text_frame.text for slide in slides)


def test_charts_are_native_and_hold_the_numbers_of_the_tables(run: Path) -> None:
    slides = list(deck(run).slides)
    charts = [shape.chart for slide in slides for shape in slide.shapes if shape.has_chart]
    assert len(charts) == 3
    now, then = charts[0].plots[0].series
    rows = read(run)["allocation"].set_index(["scenario", "channel"]).loc["recommended"]
    spends = rows.sort_values("current_spend", ascending=False)
    assert list(now.values) == pytest.approx(spends["current_spend"].tolist(), abs=0.01)
    assert list(then.values) == pytest.approx(spends["recommended_spend"].tolist(), abs=0.01)
    assert not [shape for slide in slides for shape in slide.shapes if shape.shape_type == 13]  # no pictures


def test_the_same_run_makes_the_same_bytes(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = made(run)
    monkeypatch.setattr("time.time", lambda: 2e9)
    assert made(run) == first


def test_a_run_without_a_plan_has_five_slides_and_says_so(bare: Path) -> None:
    slides = list(deck(bare).slides)
    assert len(slides) == 5
    assert "No budget plan was made in this run" in text_of(slides[1])


def test_slides_speak_the_language_of_the_study(run: Path) -> None:
    study = run / "study.yaml"
    study.write_text(study.read_text().replace("en-GB", "fr-FR"))
    titles = [slide.shapes.title.text_frame.text for slide in deck(run).slides]
    assert titles[1] == "Dépenses par canal"


def test_every_chart_table_and_picture_has_a_text_in_its_place(run: Path) -> None:
    for slide in deck(run).slides:
        for shape in slide.shapes:
            if shape.has_chart or shape.has_table:
                assert shape._element.xpath(".//p:cNvPr")[0].get("descr")
