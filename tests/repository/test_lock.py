"""pyproject.toml, requirements.lock, environment.yml and .python-version say the same."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ENTRY = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)(\[[^\]]*\])?==(?P<version>[^\s;\\]+)(\s*;\s*(?P<marker>[^\\]+?))?\s*\\?$"
)


@pytest.fixture(scope="module")
def project(repository: Path) -> dict:
    return tomllib.loads((repository / "pyproject.toml").read_text())


@pytest.fixture(scope="module")
def lock(repository: Path) -> str:
    return (repository / "requirements.lock").read_text()


@pytest.fixture(scope="module")
def locked(lock: str) -> dict[str, Version]:
    """What the lock installs for the newest marker; packages that are locked twice keep their first version."""
    found = [match for line in lock.splitlines() if (match := ENTRY.match(line))]
    return {str(canonicalize_name(match["name"])): Version(match["version"]) for match in reversed(found)}


def test_every_dependency_is_locked_at_a_version_it_allows(project: dict, locked: dict[str, Version]) -> None:
    wanted = [
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["pymc"],
        *project["dependency-groups"]["dev"],
        *project["build-system"]["requires"],
    ]
    requirements = [Requirement(text) for text in wanted]
    missing = [r.name for r in requirements if canonicalize_name(r.name) not in locked]
    assert not missing, f"run `make lock`: {missing} are not in requirements.lock"
    outside = [str(r) for r in requirements if locked[canonicalize_name(r.name)] not in r.specifier]
    assert not outside, f"run `make lock`: the locked versions do not satisfy {outside}"


def test_every_locked_package_has_a_hash(lock: str) -> None:
    entries = re.split(r"\n(?=\S)", lock.strip())
    assert len(entries) > 100
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_the_lock_names_no_host(lock: str) -> None:
    assert "://" not in lock
    assert not re.search(r"^--(?!hash)", lock, flags=re.MULTILINE)


def test_conda_users_get_the_same_lock(repository: Path, project: dict) -> None:
    environment = yaml.safe_load((repository / "environment.yml").read_text())
    python = (repository / ".python-version").read_text().strip()
    assert f"python={python}" in environment["dependencies"]
    assert environment["dependencies"][-1] == {"pip": ["-r requirements.lock"]}
    assert python in Requirement(f"python{project['project']['requires-python']}").specifier


def test_the_makefile_asks_for_the_python_that_the_project_requires(repository: Path, project: dict) -> None:
    lowest = project["project"]["requires-python"].removeprefix(">=")
    assert f"sys.version_info < ({lowest.replace('.', ', ')})" in (repository / "Makefile").read_text()
