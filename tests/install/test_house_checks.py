"""The checks of the docs and of the lock find what they are there to find."""

import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

import click
import pytest


@pytest.fixture
def docs_check(repo_root: Path) -> ModuleType:
    return load(repo_root / ".ci" / "check_docs.py")


@pytest.fixture
def lock_check(repo_root: Path) -> ModuleType:
    return load(repo_root / ".ci" / "check_lock.py")


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def house(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "guide.md").write_text(
        "# The guide\n\n## First steps: a sale\n\n## Again\n\n## Again\n", "utf-8"
    )
    return tmp_path


@pytest.mark.parametrize(
    "text",
    [
        "[guide](docs/guide.md)",
        "[steps](docs/guide.md#first-steps-a-sale)",
        "[second](docs/guide.md#again-1)",
        "[folder](docs/)",
        "[outside](https://example.org/nothing) and <mailto:a@b.example>",
        '[titled](docs/guide.md "The guide")',
        "`[code](nowhere.md)` and\n\n```\n[fenced](nowhere.md)\n```\n",
        "[by name][guide]\n\n[guide]: docs/guide.md\n",
        "port 127.0.0.1:1883, at 12:30, 3 lines of code, ../shared/data, /etc/mosquitto",
    ],
)
def test_a_truthful_page_passes(docs_check, house, text):
    assert list(docs_check.find_page_faults(house, house / "README.md", text)) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[gone](docs/gone.md)", "README.md: link 'docs/gone.md' leads nowhere"),
        ("![picture](till.svg)", "README.md: link 'till.svg' leads nowhere"),
        ("[by name][x]\n\n[x]: gone.md\n", "README.md: link 'gone.md' leads nowhere"),
        ("[out](../secret.md)", "README.md: link '../secret.md' leaves the project"),
        ("[x](docs/guide.md#gone)", "README.md: link 'docs/guide.md#gone': docs/guide.md has no heading '#gone'"),
        ("see `kiosk/cli.py:42`", "README.md: 'kiosk/cli.py:42' refers to a line number, which moves"),
        ("see line 12 of kiosk/cli.py", "README.md: 'line 12 of kiosk/cli.py' refers to a line number"),
        ("run /root/kiosk/setup", "README.md: '/root/' is a folder of one machine"),
        ("see (/home/ada/x)", "README.md: '/home/ada/' is a folder of one machine"),
    ],
)
def test_an_untruth_is_named(docs_check, house, text, fault):
    (found,) = docs_check.find_page_faults(house, house / "README.md", text)
    assert found.startswith(fault)


def test_every_visible_command_is_looked_for(docs_check):
    stock = click.Group("stock", commands=[click.Command("show"), click.Command("secret", hidden=True)])
    hub = click.Group("hub", commands=[stock, click.Command("serve")])
    assert list(docs_check.commands("hub", hub)) == ["hub serve", "hub stock show"]


def test_a_program_that_does_not_exist_yet_has_no_commands(docs_check):
    assert docs_check.undocumented("till", "kiosk.no_such_module", "") == []


@pytest.fixture
def locked(tmp_path: Path, repo_root: Path) -> Path:
    shutil.copy(repo_root / "pyproject.toml", tmp_path)
    shutil.copytree(repo_root / "requirements", tmp_path / "requirements")
    return tmp_path


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_our_own_lock_is_whole(lock_check, repo_root):
    assert lock_check.find_faults(repo_root) == []


def test_a_dependency_that_is_not_pinned_is_named(lock_check, locked):
    edit(locked / "pyproject.toml", '  "click>=8.1,<9",', '  "click>=8.1,<9", "notlocked>=1",')
    assert "requirements/dev.txt: notlocked is not pinned" in lock_check.find_faults(locked)


def test_a_pin_outside_its_bounds_is_named(lock_check, locked):
    edit(locked / "pyproject.toml", '"click>=8.1,<9"', '"click>=9"')
    (dev, _kiosk, _hub) = lock_check.find_faults(locked)
    assert dev.startswith("requirements/dev.txt: click is pinned to 8.")
    assert dev.endswith("pyproject.toml wants >=9")


def test_a_pin_without_a_hash_is_named(lock_check, locked):
    with (locked / "requirements" / "dev.txt").open("a") as file:
        file.write("zebra==1.0\n")
    assert lock_check.find_faults(locked) == ["requirements/dev.txt: zebra has no hash"]


def test_what_ships_is_what_was_tested(lock_check, locked):
    edit(locked / "requirements" / "hub.txt", "\nfastapi==", "\nfastapi==0.1")
    assert any("fastapi is 0.1" in fault and "in dev.txt" in fault for fault in lock_check.find_faults(locked))


@pytest.mark.parametrize("leak", ["--index-url https://example.org/simple", "# via -r /home/ada/kiosk/pyproject.toml"])
def test_a_machine_or_an_index_in_the_lock_is_named(lock_check, locked, leak):
    with (locked / "requirements" / "kiosk.txt").open("a") as file:
        file.write(f"{leak}\n")
    assert any("kiosk.txt: names a machine or an index" in fault for fault in lock_check.find_faults(locked))


def test_a_missing_lock_is_named(lock_check, locked):
    (locked / "requirements" / "hub.txt").unlink()
    assert lock_check.find_faults(locked) == ["requirements/hub.txt: is missing"]
