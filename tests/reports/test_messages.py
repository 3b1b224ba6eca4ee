"""A French document is French: each message is translated with the same facts, and no English word comes through."""

import io
import re
import string
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from babel.messages.pofile import read_po
from matplotlib import pyplot
from matplotlib.text import Text

from mmm import plots, speech
from reports import facts as subjects
from reports import messages, pages, workbook
from reports.language import Language, standing
from reports.source import read
from tests.reports.facts.test_sentences import sentences
from tests.reports.fake_run import fake_run

FRENCH = Language("fr-FR", "EUR")
ENGLISH = re.compile(
    r"\b(the|of|and|with|is|are|was|were|from|to|by|each|every|its|their|not|than|would|against|spend|channels?|weeks?|"
    r"range|intervals?|gain of|chance|below|above|test|tests the|checks?|failed|passed|hold|cut|grow|recommended|"
    r"revenue|value|share|return|returns|now|then|other|others|only|more|less|fit|fitted|hidden|periods|draws|plans?)\b",
    re.IGNORECASE,
)
NAMES = re.compile(r"channel-\d+|Out-of-home|mmm plan|fit\.(?:mode|warmup|draws)")
SAME_IN_BOTH = {"plan", "plans", "test"}
"""Words of the list that are French as well."""


def entries(language: str = "fr") -> dict[messages.Key, str | tuple[str, ...]]:
    with (speech.CATALOGUES / language / "LC_MESSAGES" / "mmm.po").open("rb") as file:
        return {(entry.context, entry.id): entry.string for entry in read_po(file, locale=language) if entry.id}


def placeholders(text: str) -> set[str]:
    return {f"{name}:{kind}" for _, name, kind, _ in string.Formatter().parse(text) if name is not None}


def test_every_message_of_the_code_is_said_in_french() -> None:
    known = {key for key, string in entries().items() if all([string] if isinstance(string, str) else string)}
    assert messages.messages() == known, "run `python -m reports.messages fr` and translate what it adds"


def test_german_says_nearly_everything_and_the_rest_in_english() -> None:
    known = {key for key, string in entries("de").items() if all([string] if isinstance(string, str) else string)}
    lacking = messages.messages() - known
    assert len(lacking) < 0.2 * len(known), "run `python -m reports.messages de` and translate what it adds"


@pytest.mark.parametrize("language", ["fr", "de"])
def test_a_translation_has_the_placeholders_of_its_message(language: str) -> None:
    always = {f"{name}:" for name in standing(FRENCH)}
    wrong = []
    for (_, text), string_ in entries(language).items():
        if not string_ or not all(string_):
            continue
        texts = [text] if isinstance(text, str) else [*text]
        wanted = set().union(*map(placeholders, texts))
        for said in [string_] if isinstance(string_, str) else string_:
            odd = placeholders(said) ^ wanted
            odd -= always if isinstance(text, str) else wanted - set.intersection(*map(placeholders, texts)) | always
            wrong += [(text, odd)] * bool(odd - {"one:", "many:"})
            wrong += [(text, "strong")] * (said.count("*") % 2 or said.count("~") % 2)
    assert not wrong


def test_french_puts_a_hard_space_before_its_double_punctuation() -> None:
    said = [part for string_ in entries().values() for part in ([string_] if isinstance(string_, str) else string_)]
    assert not [text for text in said if re.search(r"(?<![\u00a0\u202f])[;?!»]|«(?!\u00a0)| :|[^\u00a0\w}{*]: ", text)]
    assert not [text for text in said if "'" in text or '"' in text]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Runs that act, hold, fail, have no plan, lose money, and count customers: together they say nearly everything."""
    folder = tmp_path_factory.mktemp("french")
    made = [
        fake_run(folder / "good", channels=5),
        fake_run(folder / "caution", channels=9, verdict="caution", geos=3),
        fake_run(folder / "fail", channels=3, verdict="fail", supported=False),
        fake_run(folder / "bare", channels=3, optional=False, kind="count", level=340),
        fake_run(folder / "count", channels=3, kind="count", value_per_kpi=24.0, level=900),
    ]
    for run in made:
        study = run / "study.yaml"
        study.write_text(
            study.read_text().replace("en-GB", "fr-FR").replace("title: Marketing effectiveness", "title: null")
        )
    return made


def said_by(run: Path) -> Iterator[str]:
    """Every sentence, cell and text alternative of the run's documents."""
    source = read(run)
    facts = subjects.numbers(source)
    for page in (pages.board(source, facts, {}, ["a.ipynb"]), pages.budget(source, facts, {})):
        yield from (sentence.text for sentence in sentences(page))
    book = openpyxl.load_workbook(io.BytesIO(workbook.scenarios_xlsx(source, facts)))
    for sheet in book:
        yield sheet.title
        yield from (str(cell.value) for row in sheet for cell in row if cell.data_type == "s")
    present = {path.stem for path in (run / "tables").glob("*.csv")}
    for name, table in {
        "contribution_over_time": "contribution", "roi": "channels", "response_curves": "curves",
        "fit_over_time": "fit", "spend_shift": "allocation", "allocation": "allocation", "scenarios": "scenarios",
        "gates": "verdicts", "causal_agreement": "causal", "verdict_cards": "cards",
    }.items():  # fmt: skip
        if table in present:
            yield getattr(plots.describe, name)(run)


def english(text: str) -> set[str]:
    """The English words of a text, those of names and of code left out."""
    return {word.lower() for word in ENGLISH.findall(NAMES.sub("", text))} - SAME_IN_BOTH


def test_no_english_word_comes_through_in_a_french_document(runs: list[Path]) -> None:
    assert not {text for run in runs for text in said_by(run) if english(text)}


def test_no_english_word_comes_through_in_a_french_figure(runs: list[Path]) -> None:
    names = ("contribution_over_time", "roi", "response_curves", "spend_shift", "allocation", "scenarios", "gates")
    drawn = [getattr(plots, name)(runs[1]) for name in (*names, "causal_agreement", "verdict_cards", "fit_over_time")]
    figures = [np.ravel(axes)[0].get_figure(root=True) for axes in drawn]
    texts = {text.get_text() for figure in figures for text in figure.findobj(match=Text)}
    pyplot.close("all")
    assert "Chiffre d’affaires pour 1\xa0€ (médiane, intervalle à 90\xa0%)" in texts
    assert not {text for text in texts if english(text)}


def test_figures_speak_the_language_of_the_study(runs: list[Path]) -> None:
    ax = plots.fit_over_time(runs[0])
    assert ax.get_ylabel() == "Chiffre d’affaires (M€) par semaine"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "Observé", "Attendu", "Intervalle prédictif à 90\xa0%",
    ]  # fmt: skip
    assert any("," in label.get_text() for label in ax.get_yticklabels())
    assert not any("." in label.get_text() for label in ax.get_yticklabels())


def test_a_sentence_of_the_tables_is_retold_by_its_shape() -> None:
    from mmm.retelling import retell

    heard = (
        "TV: R-hat 1.310 is over 1.01: the chains disagree. Raise fit.warmup and fit.draws; if it stays, the data "
        "hardly identify it, and it wants a tighter prior or an experiment."
    )
    assert retell(heard, "fr-FR").startswith("TV\xa0: R-hat de 1,310, au-dessus de 1,01\xa0: les chaînes ne concordent")
    assert retell(heard, "en-GB") == heard
    far = "Far outside what the model expects: 2016-03-28, 2016-05-16 and 5 more. Check for data errors or one-off "
    far += "events; they pull at the channels that were active then."
    assert "attend le modèle\xa0: 28 mars 2016, 16 mai 2016 et 5 de plus. Cherchez" in retell(far, "fr-FR")
    assert "expects: 28 Mar 2016, 16 May 2016 and 5 more." in retell(far, "en-GB")
    assert retell("in 23 % of 1,234.5 cases", "en-GB") == "in 23% of 1,234.5 cases"
    assert retell("nobody wrote 1,234.5 on 2026-03-02", "fr-FR") == "nobody wrote 1\u202f234,5 on 2 mars 2026"


def test_a_language_without_a_catalogue_speaks_english_with_its_own_numbers() -> None:
    with speech.speaking("it-IT"):
        assert speech.word("Revenue") == "Revenue"
        assert plots.labels.number(1234.5, 5) == "1,2345k"


def test_french_counts_nothing_in_the_singular() -> None:
    one = "{n:integer} more stands under “How far to trust this”."
    entry = next(key[1] for key in entries() if isinstance(key[1], tuple) and key[1][0] == one)
    assert speech.translated(speech.plural(0, *entry), "fr-FR").startswith("{n:integer} autre figure")
    assert speech.translated(speech.plural(2, *entry), "fr-FR").startswith("{n:integer} autres figurent")
