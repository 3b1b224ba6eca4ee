from mmm.data.review import Finding, Review
from mmm.shown import table
from mmm.study import load_study


def test_text_is_never_markup_and_numbers_stand_right() -> None:
    made = table(["<i>"], [["=1</td>", 1234.5]], "a & b")
    assert "<i>" not in made
    assert "=1&lt;/td&gt;" in made
    assert '<td style="text-align:right">1,234.50</td>' in made
    assert "a &amp; b" in made


def test_a_study_and_a_review_show_what_they_hold() -> None:
    from mmm.data.simulate import simulate

    study = load_study(simulate(seed=1, weeks=60).study())
    assert all(channel in study._repr_html_() for channel in study.data.channels)
    found = Review({}, (), (Finding("gaps", "tv", "caution", 1.0, "Two weeks are missing."),))
    assert "Two weeks are missing." in found._repr_html_()
    assert "Data review: caution" in found._repr_html_()
