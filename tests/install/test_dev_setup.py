"""The developer's set-up: says what it does, does it once, and says in one line what it cannot do."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

STAND_IN = """#!/bin/sh
echo "$@" >>"$(dirname "$0")/../calls"
"""


@pytest.fixture
def checkout(tmp_path: Path, repo_root: Path) -> Path:
    """A checkout with the files that set-up reads and a stand-in for its interpreter, which writes down its calls."""
    folder = tmp_path / "checkout"
    for name in ("firmware_scripts/dev_setup.sh", "requirements/dev.txt", "pyproject.toml"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(repo_root / name, folder / name)
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(STAND_IN, "utf-8")
    python.chmod(0o755)
    (python.parent / "activate").write_text(f'VIRTUAL_ENV="{python.parent.parent.resolve()}"\n', "utf-8")
    return folder


def set_up(checkout: Path, *programs: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/bash", checkout / "firmware_scripts" / "dev_setup.sh", *programs],
        env={**os.environ, "PATH": path or os.environ["PATH"]},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def calls(checkout: Path) -> list[str]:
    return (checkout / ".venv" / "calls").read_text("utf-8").splitlines()


def test_the_locked_packages_are_installed_with_their_hashes_and_the_project_without_dependencies(checkout):
    done = set_up(checkout)
    assert done.returncode == 0
    assert done.stderr == "setup: installing the locked Python packages (requirements/dev.txt)\n"
    locked, project = [call for call in calls(checkout) if "pip install" in call]
    assert "--require-hashes -r requirements/dev.txt" in locked
    assert "--no-index --no-deps --no-build-isolation --editable ." in project


def test_a_second_run_does_and_says_nothing(checkout):
    set_up(checkout)
    before = calls(checkout)
    done = set_up(checkout)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert calls(checkout) == before


@pytest.mark.parametrize("name", ["requirements/dev.txt", "pyproject.toml", "firmware_scripts/dev_setup.sh"])
def test_a_changed_input_installs_again(checkout, name):
    set_up(checkout)
    before = calls(checkout)
    with (checkout / name).open("a") as file:
        file.write("# changed\n")
    set_up(checkout)
    assert len(calls(checkout)) > len(before)


def test_an_interrupted_installation_is_taken_up_again(checkout):
    python = checkout / ".venv" / "bin" / "python"
    python.write_text('#!/bin/sh\ncase "$*" in *--require-hashes*) echo no index; exit 1 ;; esac\n', "utf-8")
    failed = set_up(checkout)
    assert failed.returncode == 1
    assert failed.stderr.splitlines()[-2:] == ["no index", "setup: pip install failed; the last lines above say why"]
    python.write_text(STAND_IN, "utf-8")
    assert "installing the locked" in set_up(checkout).stderr


def test_an_unknown_program_is_refused_by_name(checkout):
    done = set_up(checkout, "abacus")
    assert done.returncode == 1
    assert done.stderr == "setup: unknown program 'abacus'; known are mosquitto, postgresql, strace and tmux\n"


def test_without_apt_one_line_says_what_to_install(checkout, tmp_path):
    done = set_up(checkout, "tmux", path=bare_path(tmp_path))
    assert done.returncode == 1
    assert done.stderr == "setup: tmux is missing and there is no apt-get here: install tmux, then run this again\n"


def bare_path(folder: Path) -> str:
    """Return a PATH with the few programs that set-up itself needs before it installs anything."""
    programs = folder / "programs"
    programs.mkdir()
    for name in ("dirname", "flock", "mktemp", "rm"):
        found = shutil.which(name)
        assert found
        (programs / name).symlink_to(found)
    return str(programs)
