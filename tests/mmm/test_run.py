"""A run folder survives interruptions, skips what is done, and never shows a result beside inputs it does not fit."""

from __future__ import annotations

import dataclasses
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from mmm import audit
from mmm.errors import InputError
from mmm.files import write_atomic
from mmm.lock import RunBusy
from mmm.run import Identity, Stage, amend, code_version, is_whole, opened, perform, read_manifest

IDENTITY = Identity("spring", study_hash="5" * 64, data_hash="d" * 64, code_version="0.1.0+abc")


def copying(run: Path, name: str, source: str, target: str, calls: list[str] | None = None) -> Stage:
    """A stage that reads one file and writes its content, in capitals, to another."""

    def work() -> Iterable[Path]:
        if calls is not None:
            calls.append(name)
        text = (run / source).read_text() if source else "data"
        return [write_atomic(run / target, text.upper())]

    return Stage(name, (source,) if source else (), work)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    with opened(tmp_path / "runs" / "spring" / "1", IDENTITY, "study: spring\n") as folder:
        return folder


def test_the_run_id_depends_on_study_data_and_code_and_on_nothing_else() -> None:
    assert IDENTITY.run_id == dataclasses.replace(IDENTITY).run_id
    for field in ("study_hash", "data_hash", "code_version"):
        assert dataclasses.replace(IDENTITY, **{field: "other"}).key != IDENTITY.key
    assert IDENTITY.run_id == f"spring-{IDENTITY.key}"
    assert len(IDENTITY.key) == 12


def test_the_code_version_is_stable_within_a_process_and_names_the_release() -> None:
    assert code_version() == code_version.__wrapped__()
    assert code_version().startswith("0.")


def test_a_new_run_has_a_manifest_its_study_and_no_lock(run: Path) -> None:
    manifest = read_manifest(run)
    assert manifest["run_id"] == IDENTITY.run_id
    assert manifest["verdict"] is None
    assert manifest["parent"] is None
    assert manifest["versions"]["jax"]
    assert sorted(p.name for p in run.iterdir()) == ["audit.jsonl", "run.json", "study.yaml"]


def test_a_stage_is_done_once(run: Path) -> None:
    calls: list[str] = []
    with opened(run, IDENTITY, "study: spring\n"):
        assert perform(run, copying(run, "check", "", "review.json", calls))
        assert not perform(run, copying(run, "check", "", "review.json", calls))
    assert calls == ["check"]
    assert read_manifest(run)["seconds"]["check"] >= 0


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_text("half")])
def test_a_stage_whose_output_is_gone_or_changed_is_done_again(damage: Callable[[Path], object], run: Path) -> None:
    with opened(run):
        perform(run, copying(run, "check", "", "review.json"))
        damage(run / "review.json")
        assert not is_whole(run, "check")
        assert perform(run, copying(run, "check", "", "review.json"))
        assert (run / "review.json").read_text() == "DATA"


def test_what_was_made_from_a_changed_file_is_removed_down_the_line(run: Path) -> None:
    with opened(run):
        perform(run, copying(run, "fit", "study.yaml", "fit.nc"))
        perform(run, copying(run, "plan", "fit.nc", "tables/allocation.csv"))
        perform(run, Stage("report", ("tables/*.csv",), lambda: [write_atomic(run / "report" / "board.txt", "board")]))
        write_atomic(run / "fit.nc", "another fit")
    with opened(run):
        pass
    assert not (run / "tables" / "allocation.csv").exists()
    assert not (run / "report" / "board.txt").exists()
    assert "plan" not in read_manifest(run)["stages"]


def publishing(run: Path, work: Callable[[], Iterable[Path]] | None = None) -> Stage:
    """A report of one plan, by default in two files."""

    def documents() -> Iterable[Path]:
        text = (run / "plan.csv").read_text()
        return [write_atomic(run / "report" / name, f"{name} of {text}") for name in ("board", "budget")]

    return Stage("report", ("plan.csv",), work or documents, keeps=True)


def failing() -> Iterable[Path]:
    raise ZeroDivisionError


def test_the_last_whole_report_stays_until_the_next_is_whole(run: Path) -> None:
    report = run / "report"
    with opened(run):
        write_atomic(run / "plan.csv", "spring")
        perform(run, publishing(run))
        write_atomic(run / "plan.csv", "autumn")
    with pytest.raises(ZeroDivisionError), opened(run):
        perform(run, publishing(run, failing))
    assert (report / "board").read_text() == "board of spring"
    assert not is_whole(run, "report")
    assert "report: made from inputs that have changed since" in (run / "OUTDATED.txt").read_text()
    with opened(run):
        perform(run, publishing(run, lambda: [write_atomic(report / "board", "board of autumn")]))
    assert [path.name for path in report.iterdir()] == ["board"]
    assert is_whole(run, "report")
    assert not (run / "OUTDATED.txt").exists()


def test_another_question_in_the_same_folder_leaves_the_report_marked_as_old(run: Path) -> None:
    with opened(run):
        write_atomic(run / "plan.csv", "spring")
        perform(run, copying(run, "fit", "", "fit.nc"))
        perform(run, publishing(run))
    with opened(run, dataclasses.replace(IDENTITY, study_hash="6" * 64), "study: spring\n"):
        assert not (run / "fit.nc").exists()
        assert (run / "report" / "board").exists()
        assert (run / "OUTDATED.txt").exists()
        assert perform(run, publishing(run))
    assert not (run / "OUTDATED.txt").exists()


def test_a_table_that_appears_makes_the_report_out_of_date(run: Path) -> None:
    report = Stage("report", ("tables/*.csv",), lambda: [write_atomic(run / "report" / "board.txt", "board")])
    with opened(run):
        perform(run, report)
        assert not perform(run, report)
        write_atomic(run / "tables" / "verdicts.csv", "channel\n")
        assert perform(run, report)


def test_a_stage_that_fails_is_not_marked(run: Path) -> None:
    def work() -> Iterable[Path]:
        write_atomic(run / "fit.nc", "half of the work")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), opened(run):
        perform(run, Stage("fit", (), work))
    assert "fit" not in read_manifest(run)["stages"]


def test_another_question_in_the_same_folder_starts_anew(run: Path) -> None:
    with opened(run):
        perform(run, copying(run, "fit", "", "fit.nc"))
        amend(run, verdict="ok")
    with opened(run, dataclasses.replace(IDENTITY, study_hash="6" * 64), "study: spring\n"):
        assert not (run / "fit.nc").exists()
    assert read_manifest(run)["verdict"] is None
    assert read_manifest(run)["stages"] == {}


def test_a_folder_of_other_things_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.doc").touch()
    with pytest.raises(InputError, match="not empty"), opened(tmp_path, IDENTITY):
        pass
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.doc"]


def test_a_run_of_another_study_is_refused(run: Path) -> None:
    other = dataclasses.replace(IDENTITY, study="autumn")
    with pytest.raises(InputError, match="'spring', not of 'autumn'"), opened(run, other):
        pass


def test_a_folder_without_a_manifest_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a run folder"), opened(tmp_path):
        pass


def test_wrong_input_leaves_no_folder_behind(tmp_path: Path) -> None:
    with pytest.raises(InputError), opened(tmp_path / "runs" / "spring" / "1", IDENTITY):
        raise InputError(["`sales` is text on line 17: write a number"])
    assert list(tmp_path.iterdir()) == []


def test_wrong_input_to_a_later_stage_keeps_the_fit(run: Path) -> None:
    with pytest.raises(InputError), opened(run, IDENTITY, "study: spring\n"):
        perform(run, copying(run, "fit", "", "fit.nc"))
        raise InputError(["bounds cannot be met"])
    assert is_whole(run, "fit")


def test_two_commands_cannot_work_in_one_run_and_the_second_learns_why(run: Path) -> None:
    with opened(run), pytest.raises(RunBusy, match="is working in"), opened(run):
        pass
    with opened(run):
        pass


def test_the_audit_log_of_a_run_adds_up_and_run_json_names_its_head(run: Path) -> None:
    with opened(run):
        perform(run, copying(run, "check", "", "review.json"))
    assert audit.faults(run, read_manifest(run)["audit"]) == []


@pytest.mark.parametrize("moment", ["before_rename", "after_rename"])
def test_a_process_killed_inside_a_stage_leaves_a_run_that_completes(moment: str, run: Path) -> None:
    program = f"""
        import os, signal
        from pathlib import Path
        from mmm.files import replacing
        from mmm.run import Stage, opened, perform
        run = Path({str(run)!r})
        def work():
            with replacing(run / "fit.nc") as temporary:
                temporary.write_text("half")
                if {moment!r} == "before_rename":
                    os.kill(os.getpid(), signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)
        with opened(run):
            perform(run, Stage("fit", (), work))
    """
    ended = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=False, cwd=Path(__file__).parents[2])
    assert ended.returncode == -signal.SIGKILL
    assert "fit" not in read_manifest(run)["stages"]
    assert (run / "fit.nc").exists() == (moment == "after_rename")
    with opened(run):
        assert perform(run, copying(run, "fit", "", "fit.nc"))
    assert sorted(p.name for p in run.iterdir()) == ["audit.jsonl", "fit.nc", "run.json", "study.yaml"]
    assert (run / "fit.nc").read_text() == "DATA"
    assert audit.faults(run) == []
