"""The command line composes the stages, and tells a person and a machine how it ended."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pytest
import xarray as xr
from click.testing import CliRunner, Result

from mmm import stages
from mmm.cli import main
from mmm.errors import InputError
from mmm.files import write_atomic, write_table
from mmm.run import read_manifest

STUDY = """
study: spring
currency: EUR
data:
  source: data.csv
  time: week
  kpi: {column: sales}
  channels:
    tv: {spend: tv}
    search: {spend: search}
"""


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small study on real files whose slow stages are replaced by quick ones; the working folder is its own."""
    weeks = pd.date_range("2024-01-01", periods=120, freq="W-MON")
    wave = pd.Series(range(120)) % 13
    frame = pd.DataFrame(
        {"week": weeks.strftime("%Y-%m-%d"), "sales": 1000 + 7 * wave, "tv": 50 + wave * wave, "search": 80 - 3 * wave}
    )
    frame.to_csv(tmp_path / "data.csv", index=False)
    (tmp_path / "study.yaml").write_text(STUDY)

    def table(run: Path, name: str) -> Iterable[Path]:
        return [write_table(run / "tables" / f"{name}.csv", pd.DataFrame({"channel": ["tv"]}))]

    monkeypatch.setattr(stages, "check", lambda run, panel: [write_atomic(run / "review.json", "[]")])
    monkeypatch.setattr(stages, "fit", lambda run, study, panel, progress: [write_atomic(run / "fit.nc", study.hash())])
    monkeypatch.setattr(stages, "insight", lambda run: table(run, "channels"))
    monkeypatch.setattr(stages, "backtest", lambda run, progress: table(run, "checks"))
    monkeypatch.setattr(stages, "validate", lambda run, progress: table(run, "verdicts"))
    monkeypatch.setattr(stages, "plan", lambda run: table(run, "allocation"))
    monkeypatch.setattr(stages, "report", lambda run, progress: [write_atomic(run / "report" / "board.pdf", "%PDF")])
    monkeypatch.chdir(tmp_path)
    return tmp_path / "study.yaml"


def mmm(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_run_makes_everything_in_a_folder_named_by_the_study_and_a_hash(study: Path) -> None:
    ended = mmm("run", study, "--json")
    assert ended.exit_code == 0, ended.output
    outcome = json.loads(ended.stdout)
    assert Path(outcome["run"]).parent == Path("runs/spring")
    assert list(outcome["stages"]) == ["check", "fit", "insight", "backtest", "validate", "plan", "report"]
    assert all(Path(outcome["run"], name).is_file() for name in outcome["files"])
    assert f"{outcome['run']}/report/board.pdf" in outcome["documents"]
    assert outcome["run_id"] == f"spring-{Path(outcome['run']).name}"


def test_a_second_run_changes_nothing(study: Path) -> None:
    mmm("run", study)
    outcome = json.loads(mmm("run", study, "--json").stdout)
    assert set(outcome["stages"].values()) == {"unchanged"}


def test_the_commands_one_by_one_reach_the_same_place_as_run(study: Path) -> None:
    for name in ("check", "fit"):
        assert mmm(name, study, "--out", "one").exit_code == 0
    for name in ("validate", "plan", "report"):
        assert mmm(name, "one").exit_code == 0
    mmm("run", study, "--out", "two")
    names = [sorted(p.relative_to(run).as_posix() for p in Path(run).rglob("*")) for run in ("one", "two")]
    assert names[0] == names[1]
    assert read_manifest(Path("one"))["run_id"] == read_manifest(Path("two"))["run_id"]


def test_the_study_in_the_run_folder_has_every_default_and_is_a_study_itself(study: Path) -> None:
    from mmm.study import load_study

    mmm("check", study, "--out", "one")
    text = Path("one/study.yaml").read_text()
    assert "max_lag: auto" in text
    assert load_study(Path("one/study.yaml")).hash() == load_study(study).hash()


def test_report_takes_a_study_file_too(study: Path) -> None:
    assert mmm("report", study).exit_code == 0
    assert len(list(Path("runs").rglob("board.pdf"))) == 1


def test_wrong_input_lists_every_problem_exits_with_2_and_leaves_nothing(study: Path) -> None:
    lines = Path("data.csv").read_text().splitlines()
    lines[17] = lines[17].replace(lines[17].split(",")[1], "many")
    lines[20] = lines[20].rsplit(",", 1)[0] + ",-5"
    Path("data.csv").write_text("\n".join(lines) + "\n")
    ended = mmm("run", study)
    assert ended.exit_code == 2
    assert "many" in ended.stderr
    assert "-5" in ended.stderr
    assert "Traceback" not in ended.output
    assert sorted(p.name for p in Path().iterdir()) == ["data.csv", "study.yaml"]


def test_data_experiments_and_plan_are_refused_before_anything_is_written(study: Path) -> None:
    study.write_text(STUDY + "experiments: lift.csv\nplan: {budget: 1.0e+9}\n")
    Path("lift.csv").write_text("experiment,channel,start,end,lift\na,tv,2024-01-01,2024-01-07,12\n")
    ended = mmm("run", study)
    assert ended.exit_code == 2
    for said in ("lift.csv: the column 'spend_delta' is missing", "'standard_error'", "the upper bounds add up to"):
        assert said in ended.stderr
    assert sorted(p.name for p in Path().iterdir()) == ["data.csv", "lift.csv", "study.yaml"]


def test_faults_of_the_study_and_of_its_data_come_in_one_letter(study: Path) -> None:
    study.write_text(STUDY + "colour: blue\n")
    Path("data.csv").write_text(Path("data.csv").read_text().replace("2024-02-05,", "2024-02-06,"))
    ended = mmm("check", study)
    assert ended.exit_code == 2
    assert "colour" in ended.stderr
    assert "2024-02-06" in ended.stderr


def test_wrong_input_is_json_for_a_machine(study: Path) -> None:
    study.write_text(STUDY + "colour: blue\n")
    ended = mmm("check", study, "--json")
    assert ended.exit_code == 2
    assert "colour" in json.loads(ended.stdout)["problems"][0]


def test_wrong_input_that_shows_in_a_later_stage_leaves_no_folder(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> Iterable[Path]:
        raise InputError(["channel 'tv' names the adstock 'x:Y', which cannot be imported"])

    monkeypatch.setattr(stages, "fit", refuse)
    assert mmm("fit", study).exit_code == 2
    assert not Path("runs").exists()


def test_a_failure_exits_with_1_in_one_paragraph_and_keeps_its_traceback_in_the_run(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> Iterable[Path]:
        raise FloatingPointError("the posterior has no finite starting point")

    with monkeypatch.context() as patched:
        patched.setattr(stages, "fit", fail)
        ended = mmm("run", study, "--out", "one")
    assert ended.exit_code == 1
    assert "the posterior has no finite starting point" in ended.stderr
    assert "Traceback" not in ended.output
    assert "FloatingPointError" in Path("one/error.log").read_text()
    assert mmm("run", study, "--out", "one").exit_code == 0
    assert not Path("one/error.log").exists()


@pytest.mark.parametrize("name", ["validate", "plan", "report"])
def test_commands_on_a_run_say_so_when_it_is_none(name: str, study: Path) -> None:
    Path("empty").mkdir()
    ended = mmm(name, "empty")
    assert ended.exit_code == 2
    assert "not a run folder" in ended.stderr
    mmm("check", study, "--out", "checked")
    ended = mmm(name, "checked")
    assert ended.exit_code == 2
    assert "no finished fit" in ended.stderr


def test_a_folder_that_cannot_be_written_is_named_with_the_remedy(study: Path) -> None:
    (study.parent / "taken").write_text("")
    result = mmm("check", study, "--out", "taken/run")
    assert result.exit_code == 1
    assert "taken/run cannot be used (Not a directory). Make it writable" in " ".join(result.stderr.split())
    assert (study.parent / "taken").read_text() == ""


def test_a_report_that_may_not_be_written_is_named_with_the_remedy(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mmm("run", study, "--out", "run")
    folder = study.parent / "run"

    def closed(run: Path, progress: object) -> Iterable[Path]:
        raise PermissionError(13, "Permission denied", str(run / "report"))

    monkeypatch.setattr(stages, "report", closed)
    write_table(folder / "tables" / "verdicts.csv", pd.DataFrame({"channel": ["search"]}))
    result = mmm("report", "run")
    assert result.exit_code == 1
    assert "report cannot be used (Permission denied). Make it writable" in " ".join(result.stderr.split())
    assert (folder / "report" / "board.pdf").read_text() == "%PDF"


def test_a_report_that_fails_after_a_change_leaves_the_last_one(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mmm("run", study, "--out", "run")
    folder = study.parent / "run"

    def failing(run: Path, progress: object) -> Iterable[Path]:
        raise RuntimeError("no such glyph")

    monkeypatch.setattr(stages, "report", failing)
    write_table(folder / "tables" / "verdicts.csv", pd.DataFrame({"channel": ["search"]}))
    result = mmm("report", "run")
    assert result.exit_code == 1
    assert "no such glyph" in result.stderr
    assert (folder / "report" / "board.pdf").read_text() == "%PDF"
    assert (folder / "OUTDATED.txt").exists()


def test_the_verdict_is_the_worst_check_and_gives_its_reasons_worst_first() -> None:
    checks = pd.DataFrame(
        {"result": ["pass", "caution", "fail"], "message": ["fine", "ESS of tv is 300", "R-hat of search is 1.2"]}
    )
    assert stages.verdict(checks) == {"verdict": "fail", "reasons": ["R-hat of search is 1.2", "ESS of tv is 300"]}
    assert stages.verdict(checks.iloc[:1]) == {"verdict": "ok", "reasons": []}


def test_init_refuses_to_overwrite_a_study(study: Path) -> None:
    ended = mmm("init", "data.csv")
    assert ended.exit_code == 2
    assert study.read_text() == STUDY


def test_help_answers_at_once_and_loads_nothing_heavy() -> None:
    ask = "from mmm.cli import main; main(['--help'], standalone_mode=False)"
    program = f"import sys; {ask}; print(*sys.modules, file=sys.stderr)"
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    loaded = set(ended.stderr.split())
    assert not loaded & {"jax", "pandas", "xarray", "pydantic", "dowhy", "pymc", "matplotlib", "rich"}
    assert [line.split()[0] for line in ended.stdout.split("Commands:")[1].splitlines() if line.strip()] == [
        "init", "check", "fit", "validate", "plan", "report", "run", "refresh", "watch", "pace", "approve", "export",
        "audit", "new-notebook",
    ]  # fmt: skip


def test_importing_the_library_is_quick_and_loads_neither_dowhy_nor_pymc() -> None:
    start = time.perf_counter()
    program = "import mmm, sys; print(*sys.modules); assert 'roi' in dir(mmm)"
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    assert not set(ended.stdout.split()) & {"jax", "pandas", "dowhy", "pymc"}
    assert time.perf_counter() - start < 5


def test_the_panel_and_the_experiments_both_count_as_data(study: Path) -> None:
    from mmm.study import load_study

    panel = xr.DataTree()
    panel.attrs["data_hash"] = "d" * 64
    plain = load_study(study)
    Path("lift.csv").write_text("channel\n")
    tested = plain.model_copy(update={"experiments": "lift.csv"})
    before = stages.identity(tested, panel)
    assert stages.identity(plain, panel).data_hash == "d" * 64
    Path("lift.csv").write_text("channel\ntv\n")
    assert stages.identity(tested, panel).data_hash != before.data_hash
