"""The budget studio carries what it needs, and says what the tables say."""

import base64
from pathlib import Path

import numpy as np
import pytest

from mmm.errors import InputError
from reports.facts import planner
from reports.html import board_html
from reports.source import read
from reports.studio import Studio, studio
from tests.reports.fake_run import DRAWS


@pytest.fixture
def desk(run: Path) -> Studio:
    return studio(run)


def test_it_opens_on_the_recommended_plan(desk: Studio, run: Path) -> None:
    rows = read(run)["allocation"].set_index(["scenario", "channel"]).loc["recommended"]
    assert desk.spend() == pytest.approx(rows["recommended_spend"].to_dict())


def test_the_packed_draws_are_those_of_the_table(desk: Studio, run: Path) -> None:
    packed = desk.known["draws"]
    levels = np.frombuffer(base64.b64decode(packed["levels"]), "<u2")
    assert packed["count"] == DRAWS // 4
    values = levels.reshape(4, 21, packed["count"]) * np.array(packed["units"])[:, None, None]
    table = read(run)["plan_draws"]
    for place, channel in enumerate(row["name"] for row in desk.known["channels"]):
        expected = table[table["channel"] == channel].filter(like="draw_").to_numpy()
        assert np.abs(values[place] - expected).max() <= 0.51 * packed["units"][place]


def test_the_widget_and_the_web_page_run_the_same_script() -> None:
    script = (Path(planner.__file__).parent.parent / "templates" / "planner.js").read_text()
    assert script in Studio._esm
    assert "import" not in script
    assert "http" not in Studio._esm + Studio._css


def test_a_run_without_draws_plans_with_expected_values(run: Path) -> None:
    (run / "tables" / "plan_draws.csv").unlink()
    assert studio(run).known["draws"] is None


def test_a_run_without_a_plan_says_what_to_do(bare: Path) -> None:
    with pytest.raises(InputError, match="run `mmm plan` on this run first"):
        studio(bare)


def test_a_channel_name_cannot_end_the_script_that_holds_it(run: Path) -> None:
    from reports import facts, pages

    source = read(run)
    page = pages.board(source, facts.numbers(source), {}, [])
    page["planner"]["known"]["channels"][0]["name"] = "</script><b>"
    made = board_html(page).decode()
    assert "\\u003c/script>" in made
    assert "</script><b>" not in made
