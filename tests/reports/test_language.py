"""Facts become words: magnitudes, currencies and lists as a reader of the locale expects them."""

import math

import pytest

from reports.language import SHOW, Language, Scale, column_scale, number, plural, say, scale, styled, unit_name

BRITISH = Language("en-GB", "GBP")
FRENCH = Language("fr-FR", "EUR")
GERMAN = Language("de-DE", "EUR")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1_123_400, "£1.12m"),
        (748_148, "£748k"),
        (999_950, "£1.00m"),
        (3.2e9, "£3.20bn"),
        (340, "£340"),
        (12.5, "£12.50"),
        (0.02, "£0.0200"),
        (0, "£0"),
        (-1_234_567, "−£1.23m"),
        (math.nan, "–"),
    ],
)
def test_money_shows_three_significant_digits_at_any_magnitude(value: float, shown: str) -> None:
    assert SHOW["money"](BRITISH, value) == shown


def test_money_stands_where_the_locale_puts_it() -> None:
    assert SHOW["money"](FRENCH, 1_123_400) == "1,12\u202fM€"
    assert SHOW["money"](GERMAN, 748_148) == "748\u202fTsd.\xa0€"
    assert SHOW["money"](Language("en-GB", "USD"), 5e6) == "US$5.00m"


def test_both_ends_of_an_interval_share_one_unit() -> None:
    assert SHOW["money_interval"](BRITISH, (-138_611, 1_698_719)) == "−£0.14m to £1.70m"
    assert SHOW["ratio_interval"](BRITISH, (0.01, 0.0345)) == "0.010 to 0.035"


def test_signed_money_says_its_sign_both_ways() -> None:
    assert SHOW["signed_money"](BRITISH, 748_148) == "+£748k"
    assert SHOW["signed_money"](BRITISH, -748_148) == "−£748k"


def test_a_chance_is_never_certain() -> None:
    assert SHOW["chance"](BRITISH, 1.0) == ">99%"
    assert SHOW["chance"](BRITISH, 0.0) == "<1%"
    assert SHOW["chance"](BRITISH, 0.915) == "92%"


def test_small_percentages_keep_a_digit() -> None:
    assert SHOW["percent"](BRITISH, 0.234) == "23%"
    assert SHOW["percent"](BRITISH, 0.048) == "4.8%"
    assert SHOW["percent"](BRITISH, 0.0004) == "0.04%"


def test_many_names_are_counted_after_the_first() -> None:
    assert SHOW["names"](BRITISH, ["tv", "Paid radio"]) == "TV and Paid radio"
    assert SHOW["names"](BRITISH, list("abcdef")) == "A, B, C and 3 other channels"


def test_a_value_is_a_count_where_the_kpi_has_no_money_value() -> None:
    assert SHOW["value"](Language("en-GB", "EUR", valued=False), 12_345) == "12.3k"
    assert SHOW["value"](Language("en-GB", "EUR"), 12_345) == "€12.3k"


def test_a_column_keeps_the_digits_of_its_small_rows() -> None:
    at = column_scale([21_300_000, 748_000, 12_000])
    assert at == Scale(1, 0)
    assert [number(BRITISH, value, at, unit=False) for value in (21_300_000, 748_000, 12_000)] == [
        "21,300",
        "748",
        "12",
    ]


def test_zero_and_nothing_have_a_scale() -> None:
    assert scale([0.0]) == scale([]) == scale([math.nan]) == Scale(0, 0)


def test_strong_and_quiet_marks_come_from_the_template_only() -> None:
    sentence = say(BRITISH, "Move *{shift:money}* from {names:names}~, quietly~.", shift=5e6, names=["A*b~", "C"])
    assert sentence.runs == (
        ("Move ", ""),
        ("£5.00m", "strong"),
        (" from ", ""),
        ("A*b~ and C", ""),
        (", quietly", "quiet"),
        (".", ""),
    )
    assert sentence.text == "Move £5.00m from A*b~ and C, quietly."


def test_a_style_covers_a_whole_sentence() -> None:
    assert styled(say(BRITISH, "*Pass*"), "good").runs == (("Pass", "good"),)


def test_the_level_of_intervals_has_one_home() -> None:
    assert say(BRITISH, "{level:percent} credible intervals").text == "90% credible intervals"


def test_a_count_chooses_the_template() -> None:
    made = [say(BRITISH, plural(count, "{n:integer} channel", "{n:integer} channels"), n=count) for count in (0, 1, 2)]
    assert [sentence.text for sentence in made] == ["0 channels", "1 channel", "2 channels"]
    assert made[1].template == "{n:integer} channel"


def test_a_phrase_is_filled_with_the_facts_of_its_sentence() -> None:
    sentence = say(BRITISH, "Move *{x:money}* {where:phrase}.", where="into *{names:names}*", x=5e3, names=["tv"])
    assert sentence.runs == (("Move ", ""), ("£5.00k", "strong"), (" ", ""), ("into ", ""), ("TV", "strong"), (".", ""))


def test_french_drops_a_vowel_before_a_name_that_begins_with_one() -> None:
    assert say(FRENCH, "Considérer le gain de {names:names}", names=["affiliates"]).text.endswith("gain d’Affiliates")
    assert say(FRENCH, "le gain de {names:names}", names=["YouTube"]).text == "le gain de YouTube"


def test_french_money_is_written_as_french_accounts_write_it() -> None:
    assert SHOW["money_interval"](FRENCH, (-138_611, 1_698_719)) == "−0,14\u202fM€ à 1,70\u202fM€"
    assert SHOW["percent"](FRENCH, 0.048) == "4,8\xa0%"
    assert SHOW["date"](FRENCH, "2026-01-01") == "1er janvier 2026"
    assert unit_name(FRENCH, Scale(1, 0)) == "k€"


def test_german_nouns_keep_their_capital_within_a_sentence() -> None:
    from mmm.speech import within

    assert within("Umsatz", "de-DE") == "Umsatz"
    assert within("Revenue", "en-GB") == "revenue"
    assert within("KPI", "fr-FR") == "KPI"
