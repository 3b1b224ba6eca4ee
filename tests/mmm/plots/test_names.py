"""Channels are called what people call them, and what a person spelt stays as it is."""

import pytest

from mmm.plots.names import in_text, spoken


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("paid_search", "Paid search"),
        ("tv", "TV"),
        ("out_of_home", "Out of home"),
        ("ooh", "OOH"),
        ("youtube_shorts", "YouTube shorts"),
        ("search_2", "Search 2"),
        ("x11_delayed-start-0", "x11_delayed-start-0"),
        ("Channel0", "Channel0"),
        ("TV", "TV"),
        ("=cmd()", "=cmd()"),
        ("_", "_"),
    ],
)
def test_a_column_name_becomes_words_and_a_spelt_name_stays(name: str, shown: str) -> None:
    assert spoken(name) == shown


def test_names_are_replaced_inside_a_text() -> None:
    text = "paid_search: adjusted for tv and paid_search_brand."
    assert in_text(text, ["paid_search", "tv", "paid_search_brand"]) == (
        "Paid search: adjusted for TV and Paid search brand."
    )


def test_a_name_that_is_a_word_is_only_replaced_where_it_opens_the_text() -> None:
    assert in_text("print: the small print moves with search.", ["print", "search"]) == (
        "Print: the small print moves with search."
    )
    assert in_text("radio", ["radio"]) == "Radio"
