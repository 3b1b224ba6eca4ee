from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmm.plots import labels
from mmm.speech import speaking


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1.26e6, "1.3m"),
        (-941_700.0, "−942k"),
        (999_960.0, "1.0m"),
        (386e6, "386m"),
        (2.5e9, "2.5bn"),
        (0.0213, "0.021"),
        (340.2, "340"),
        (9.96, "10"),
        (float("nan"), "–"),
    ],
)
def test_a_number_is_written_in_a_few_digits(value: float, text: str) -> None:
    assert labels.number(value) == text


def test_money_has_its_symbol_after_its_sign_and_a_symbol_of_letters_stands_off() -> None:
    assert labels.money(1.3e6, "EUR", sign=True) == "+€1.3m"
    assert labels.money(-250e3, "GBP") == "−£250k"
    assert labels.money(-250e3, "CHF") == "−CHF\xa0250k"


def test_an_axis_is_scaled_by_its_largest_value_and_says_so() -> None:
    scale = labels.scale(np.array([12_000.0, 3.4e6, np.nan]), "EUR")
    assert scale.label("Spend", "week") == "Spend, €m per week"
    assert scale.of(np.array([1.7e6])) == pytest.approx([1.7])
    assert labels.scale(np.array([386e6]), "").label("Sales") == "Sales, m"
    assert labels.scale(np.array([0.0]), "").label("Sales") == "Sales"


def test_a_chance_is_never_certain() -> None:
    assert labels.percent(1.0) == ">99%"
    assert labels.percent(0.0) == "<1%"
    assert labels.percent(0.934) == "93%"


def test_a_long_list_says_how_many_it_leaves_out() -> None:
    assert labels.listed(["a"]) == "a"
    assert labels.listed(["a", "b", "c"]) == "a, b and c"
    assert labels.listed(list("abcdefg")) == "a, b, c, d and 3 others"
    assert labels.listed([]) == ""


def test_names_are_cut_in_the_middle_and_stay_different() -> None:
    names = [f"x{i}_delayed-start_programmatic_prospecting" for i in range(30)]
    cut = labels.short(names, 20)
    assert len(set(cut)) == 30
    assert max(map(len, cut)) <= 20
    assert labels.short(["TV", "Radio"]) == ["TV", "Radio"]


def test_names_that_differ_only_in_the_middle_are_numbered_where_no_cut_helps() -> None:
    names = ["a" * 30 + str(i) + "b" * 30 for i in range(3)]
    cut = labels.short(names, 12)
    assert len(set(cut)) == 3
    assert max(map(len, cut)) <= 12


@given(st.lists(st.text(min_size=1, max_size=60), min_size=1, max_size=12, unique=True), st.integers(10, 30))
def test_short_names_are_short_and_as_many_as_before(names: list[str], width: int) -> None:
    cut = labels.short(names, width)
    assert len(set(cut)) == len(set(names))
    assert all(len(text) <= width for text in cut)


def test_a_label_is_wrapped_between_words_only() -> None:
    assert labels.wrapped("Random common cause", 10) == "Random\ncommon\ncause"
    assert labels.wrapped("Identification", 10) == "Identification"


def test_ticks_have_no_exponent_and_no_empty_decimals() -> None:
    assert labels.short_tick(2.5e6) == "2.5m"
    assert labels.short_tick(-20_000.0) == "−20k"
    assert labels.short_tick(0.00025) == "0.00025"
    assert labels.short_tick(0.0) == "0"


@pytest.mark.parametrize(
    ("unit", "locale", "said"),
    [("USD", "en-GB", "US$1.2k"), ("CHF", "fr-FR", "1,2 kCHF"), ("units", "en-GB", "1.2k units")],
)
def test_figures_write_money_as_the_documents_do(unit: str, locale: str, said: str) -> None:
    with speaking(locale):
        assert labels.money(1200.0, unit).replace("\u202f", " ").replace("\xa0", " ") == said
