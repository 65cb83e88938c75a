"""The README's commands are the ones that are tested, and every package they install is locked."""

import re
from pathlib import Path

import links
import pytest

ROOT = Path(__file__).resolve().parent.parent
OPEN = "python -m pip install -r requirements.txt && python -m jupyter lab notebooks"
TEST = "python -m pip install -r requirements-dev.txt && python -m pytest"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("notebooks/*.md")])


def lines(name):
    return (ROOT / name).read_text("utf-8").splitlines()


def packages(name):
    """Names of the packages that a requirements file asks for, spelled as in constraints.txt."""
    found = (re.match(r"[A-Za-z][\w.-]*", line) for line in lines(name))
    return {re.sub(r"[-_.]+", "-", match[0]).lower() for match in found if match}


@pytest.mark.parametrize("command", [OPEN, TEST])
def test_readme_has_each_command_on_one_line_in_its_own_block(command):
    assert f"\n```sh\n{command}\n```\n" in (ROOT / "README.md").read_text("utf-8")


def test_continuous_integration_runs_exactly_the_test_command():
    assert [line for line in lines(".ci/run") if line.startswith("python -m")] == [TEST]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_arrive(path):
    assert links.broken(path.read_text("utf-8"), path) == []


def test_readme_lists_every_notebook():
    listed = set(links.targets((ROOT / "README.md").read_text("utf-8")))
    assert {f"notebooks/{path.name}" for path in ROOT.glob("notebooks/*.ipynb")} <= listed


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_is_locked(name):
    assert "-c constraints.txt" in lines(name)
    assert packages(name), "no packages found: the test is broken"
    assert packages(name) <= packages("constraints.txt")


def test_developers_install_what_readers_install():
    assert lines("requirements-dev.txt")[0] == "-r requirements.txt"
    assert "-e ." in lines("requirements.txt")


def test_the_lock_gives_one_version_of_each_package_and_names_no_place():
    text = (ROOT / "constraints.txt").read_text("utf-8")
    locked = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9.-]+==\S+( ; .+)?", line) for line in locked)
    assert len(packages("constraints.txt")) == len(locked)
    assert not re.search(r"://|index|--find-links|@ |/(home|tmp|root|work)\b", text)
    assert "uv pip compile --universal" in text, "the lock does not say how to renew it"
