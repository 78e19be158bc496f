"""Check, without the network, that requirements/ is a lock of pyproject.toml.

Every direct dependency is pinned to a version it allows, every pin has hashes, the three files agree with each other,
and no file names an index or a folder of the machine that made it.
"""

import re
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
EXTRAS = {"dev.txt": ("kiosk", "web", "hub", "dev"), "kiosk.txt": ("kiosk",), "hub.txt": ("hub",)}
PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^]]*\])?==([^\s;\\]+)(.*)$")
LEAK = re.compile(r"://|^-|(?<![\w.])/(?:home|root|tmp|opt|usr|work|var)/", re.MULTILINE)

Pins = dict[str, Version]


def main() -> int:
    """Print every fault, one a line; return 1 if there is any."""
    faults = list(find_faults(ROOT))
    for fault in faults:
        print(f"{fault}; run 'make lock'")
    return 1 if faults else 0


def find_faults(root: Path) -> list[str]:
    """Return one sentence for each thing that is wrong with the lock files under ``root``."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    faults: list[str] = []
    pins_of: dict[str, Pins] = {}
    for name, extras in EXTRAS.items():
        path = root / "requirements" / name
        if not path.is_file():
            faults.append(f"requirements/{name}: is missing")
            continue
        text = path.read_text("utf-8")
        pins_of[name], unhashed = read_pins(text)
        faults += [f"requirements/{name}: {package} has no hash" for package in unhashed]
        faults += [f"requirements/{name}: names a machine or an index: {leak.group()}" for leak in LEAK.finditer(text)]
        wanted = wanted_requirements(project, extras)
        faults += [f"requirements/{name}: {fault}" for fault in unmet(wanted, pins_of[name])]
    tested = pins_of.pop("dev.txt", {})
    for name, pins in pins_of.items():
        faults += [
            f"requirements/{name}: {package} is {version}, in dev.txt {tested.get(package)}"
            for package, version in pins.items()
            if tested.get(package) != version
        ]
    return faults


def read_pins(text: str) -> tuple[Pins, list[str]]:
    """Return the pinned versions and the names of pins without a hash."""
    pins: Pins = {}
    unhashed: list[str] = []
    for entry in text.replace("\\\n", " ").splitlines():
        if match := PIN.match(entry):
            name = canonicalize_name(match[1])
            pins[name] = Version(match[2])
            if "--hash=sha256:" not in match[3]:
                unhashed.append(name)
    return pins, unhashed


def wanted_requirements(project: dict[str, dict[str, object]], extras: tuple[str, ...]) -> list[Requirement]:
    """Return the direct dependencies of the project with these extras."""
    table = project["project"]
    groups = table["optional-dependencies"]
    lines = table["dependencies"]
    assert isinstance(groups, dict)  # noqa: S101 - the table was written by us; the build backend validates it
    assert isinstance(lines, list)  # noqa: S101 - the same
    return [Requirement(line) for line in [*lines, *(line for extra in extras for line in groups[extra])]]


def unmet(wanted: list[Requirement], pins: Pins) -> list[str]:
    """Return one sentence for each requirement that the pins do not meet."""
    faults = []
    for requirement in wanted:
        version = pins.get(canonicalize_name(requirement.name))
        if version is None:
            faults.append(f"{requirement.name} is not pinned")
        elif not requirement.specifier.contains(version, prereleases=True):
            faults.append(f"{requirement.name} is pinned to {version}, pyproject.toml wants {requirement.specifier}")
    return faults


if __name__ == "__main__":
    sys.exit(main())
