import pytest

from mmm.colour import VISION, contrast, difference


def test_black_on_white_has_the_contrast_that_the_standard_names() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#ffffff", "#000000") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)  # the grey that just fails


def test_green_and_brown_are_apart_for_most_and_alike_for_a_deuteranope() -> None:
    assert difference("#cd2600", "#6b7b00") > 60
    assert difference("#cd2600", "#6b7b00", VISION["deuteranopia"]) < 20


def test_a_colour_does_not_differ_from_itself() -> None:
    assert difference("#14365d", "#14365d", VISION["protanopia"]) == 0
