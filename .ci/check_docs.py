"""Check that README.md and docs/ tell the truth about names.

Relative links (and the headings they point to) exist, every command of ``kiosk`` and ``hub`` is mentioned, nothing
refers to a line number or to a folder of somebody's machine.
"""

import importlib
import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = {"kiosk": "kiosk.cli", "hub": "hub.cli"}

LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)|^\[[^\]]+\]:\s*(\S+)", re.MULTILINE)
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
ANCHOR = re.compile(r"<a\s+(?:id|name)=\"([^\"]+)\"")
FENCE = re.compile(r"^(```+|~~~+).*?^\1\s*$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]+`")
OUTSIDE = re.compile(r"^(?:[a-z][a-z0-9+.-]*:|//)", re.IGNORECASE)
LINE_NUMBER = re.compile(
    r"\b[\w/.-]+\.(?:py|toml|sh|sql|tcss|md|ya?ml|json):\d+\b|#L\d+\b|\blines?\s+\d+\s+(?:of|in)\s+`?[\w/.-]+\.\w+",
    re.IGNORECASE,
)
MACHINE_PATH = re.compile(r"(?<![\w.~-])/(?:work|root|home/[a-z_][\w-]*|Users/\w+)(?:/|\b)")


def main() -> int:
    """Print every fault, one a line; return 1 if there is any."""
    pages = find_pages(ROOT)
    texts = {page: page.read_text("utf-8") for page in pages}
    faults = [fault for page, text in texts.items() for fault in find_page_faults(ROOT, page, text)]
    everything = " ".join("\n".join(texts.values()).split())
    for program, module in PROGRAMS.items():
        faults += [f"docs: no page mentions '{command}'" for command in undocumented(program, module, everything)]
    for fault in faults:
        print(fault)
    return 1 if faults else 0


def find_pages(root: Path) -> list[Path]:
    """Return the README and every page under docs."""
    return [page for page in [root / "README.md", *sorted((root / "docs").rglob("*.md"))] if page.is_file()]


def find_page_faults(root: Path, page: Path, text: str) -> Iterator[str]:
    """Yield one sentence for each untruth of a page."""
    name = page.relative_to(root)
    prose = CODE.sub("", FENCE.sub("", text))
    for match in LINK.finditer(prose):
        if fault := judge_link(root, page, match[1] or match[2]):
            yield f"{name}: {fault}"
    for match in LINE_NUMBER.finditer(text):
        yield f"{name}: '{match[0]}' refers to a line number, which moves; name the function or heading instead"
    for match in MACHINE_PATH.finditer(text):
        yield f"{name}: '{match[0]}' is a folder of one machine; write a path relative to the project"


def judge_link(root: Path, page: Path, link: str) -> str | None:
    """Return what is wrong with a link, if anything; addresses outside the project are not asked."""
    if OUTSIDE.match(link):
        return None
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.is_relative_to(root):
        return f"link '{link}' leaves the project"
    if not target.exists():
        return f"link '{link}' leads nowhere"
    if anchor and target.suffix == ".md" and anchor not in anchors(target.read_text("utf-8")):
        return f"link '{link}': {target.relative_to(root)} has no heading '#{anchor}'"
    return None


def anchors(text: str) -> set[str]:
    """Return the anchors of a page, as the usual renderers spell them."""
    prose = FENCE.sub("", text)
    found = set(ANCHOR.findall(prose))
    for heading in HEADING.findall(prose):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
        number = 0
        unique = slug
        while unique in found:
            number += 1
            unique = f"{slug}-{number}"
        found.add(unique)
    return found


def undocumented(program: str, module: str, text: str) -> list[str]:
    """Return the full names of a program's commands that ``text`` does not mention."""
    if importlib.util.find_spec(module) is None:
        return []
    root = importlib.import_module(module).main
    if not isinstance(root, click.Command):
        return [f"{program} ({module}:main is no click command)"]
    return [name for name in commands(program, root) if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)]


def commands(name: str, command: click.Command) -> Iterator[str]:
    """Yield the full name of every visible command below this one, or its own where there is none."""
    if not isinstance(command, click.Group):
        yield name
        return
    for child_name, child in sorted(command.commands.items()):
        if not child.hidden:
            yield from commands(f"{name} {child_name}", child)


if __name__ == "__main__":
    sys.exit(main())
