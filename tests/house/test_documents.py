"""The documents: what they name is there, README is short, and both languages of it have the same commands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README_LINES_MAX = 100
ARCHITECTURE_LINES_MAX = 150
DECISION_LINES = range(10, 26)
_ROOMS = ("server", "schemas", "seed_data", "sync_protocol", "tests", "docs")
_OF_SERVER = ("/", "pictures/")  # what guides lead to and show on a server: tests/guides looks at these
_MADE = {"node_modules", "built", "generated", "__pycache__"}
_READ = {".py", ".ts", ".tsx", ".md", ".json", ".html", ".css", ".typ"}
_CITED = re.compile(r"(?<![\w./:*<>-])(?:\.{1,2}/)*[\w./-]*[\w-]\.md\b")
_PART = re.compile(r"\b(SPEC|DOMAIN):\s+([A-Z][\w ]*\w)")  # as in `(SPEC: Time)`
_PARTS_OF = {"SPEC": "sync_protocol/SPEC.md", "DOMAIN": "docs/DOMAIN.md"}
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")
_FENCE = re.compile(r"^```.*?^```\n", re.DOTALL | re.MULTILINE)


def _files() -> Iterator[Path]:
    """Every text file that people write."""
    yield from (
        path for path in ROOT.iterdir() if path.suffix in (".md", ".cfg", ".toml") or path.name == "run"
    )
    for room in _ROOMS:
        for path in sorted((ROOT / room).rglob("*")):
            if (
                path.suffix in _READ
                and path.is_file()
                and not path.is_symlink()  # read where it is
                and not _MADE.intersection(path.relative_to(ROOT).parts)
            ):
                yield path


FILES = [path for path in _files() if path != Path(__file__)]
DOCUMENTS = sorted(path for path in FILES if path.suffix == ".md")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def is_there(cited: str, by: Path) -> bool:
    """Whether a document is where this name may point to: from the root, from the citing file or from a folder above it;
    a bare name also where the specification is, and in docs."""
    folders = [
        ROOT,
        *by.relative_to(ROOT).parents,
        *(() if "/" in cited else ("sync_protocol", "docs", "seed_data")),
    ]
    return any((ROOT / folder / cited).is_file() for folder in folders)


def lacking(text: str, by: Path) -> list[str]:
    """The documents that a file cites and that are nowhere."""
    return [cited for cited in _CITED.findall(text) if not is_there(cited, by)]


def broken_links(text: str, by: Path) -> Iterator[str]:
    """Relative links of a document that lead nowhere, to a file or to a heading."""
    for target in _LINK.findall(_FENCE.sub("", text)):
        path, _, heading = target.partition("#")
        if "://" in target or target.startswith(("mailto:", *_OF_SERVER)):
            continue
        found = by.parent / path if path else by
        if not found.exists() or (heading and heading not in headings(found.read_text("utf-8"))):
            yield target


def headings(text: str) -> set[str]:
    """The anchors of a document's headings."""
    titles = re.findall(r"^#+ (.*)$", _FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def parts(document: str) -> set[str]:
    """The titles of a document's parts, without their numbers."""
    return set(
        re.findall(r"^##+ (?:\d+ )?([A-Z][\w ]*\w)", (ROOT / document).read_text("utf-8"), re.MULTILINE)
    )


def unknown_parts(text: str) -> list[tuple[str, str]]:
    """The parts of documents that a file cites and that are not there."""
    return [(name, part) for name, part in _PART.findall(text) if part not in parts(_PARTS_OF[name])]


def paths_named(text: str) -> list[str]:
    """The paths of the repository that a document names in code marks. Those with a place for a name are examples."""
    words = (word for code in _CODE.findall(_FENCE.sub("", text)) for word in code.split())
    begins = tuple(f"{room}/" for room in _ROOMS)
    return [word for word in words if word.startswith(begins) and not re.search(r"[<>*…]", word)]


def test_every_document_that_a_file_cites_exists() -> None:
    found = {name_of(path): lacking(path.read_text("utf-8"), path) for path in FILES}
    assert {name: some for name, some in found.items() if some} == {}


def test_every_part_of_a_document_that_a_file_cites_exists() -> None:
    found = {name_of(path): unknown_parts(path.read_text("utf-8")) for path in FILES}
    assert {name: some for name, some in found.items() if some} == {}


@pytest.mark.parametrize("path", DOCUMENTS, ids=map(name_of, DOCUMENTS))
def test_every_relative_link_leads_somewhere(path: Path) -> None:
    assert not list(broken_links(path.read_text("utf-8"), path))


@pytest.mark.parametrize("path", DOCUMENTS, ids=map(name_of, DOCUMENTS))
def test_every_path_that_a_document_names_exists(path: Path) -> None:
    assert not [one for one in paths_named(path.read_text("utf-8")) if not (ROOT / one).exists()]


def test_the_how_to_names_files() -> None:
    assert len(paths_named((ROOT / "docs" / "HOWTO.md").read_text("utf-8"))) > 30


def test_a_name_that_leads_nowhere_is_found() -> None:
    by = ROOT / "docs" / "README.md"
    assert lacking("see docs/NOWHERE.md and GLOSSARY.md", by) == ["docs/NOWHERE.md"]
    assert list(
        broken_links("[a](GONE.md) [b](GLOSSARY.md) [c](#nothing) [d](HOWTO.md#2-a-threshold)", by)
    ) == [
        "GONE.md",
        "#nothing",
    ]
    assert unknown_parts("(SPEC: Time, Duties; DOMAIN: Nothing)") == [("DOMAIN", "Nothing")]
    assert paths_named("`server/gone.py` and `schemas/<kind>.py`, `gongdi user`") == ["server/gone.py"]


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_a_readme_is_short(name: str) -> None:
    assert len((ROOT / name).read_text("utf-8").splitlines()) <= README_LINES_MAX


def test_architecture_and_decisions_are_short_and_listed() -> None:
    docs = ROOT / "docs"
    assert len((docs / "ARCHITECTURE.md").read_text("utf-8").splitlines()) <= ARCHITECTURE_LINES_MAX
    index = (docs / "decisions" / "README.md").read_text("utf-8")
    pages = sorted(path for path in (docs / "decisions").glob("*.md") if path.name != "README.md")
    assert [path.name for path in pages] == re.findall(r"\]\((\d{3}-[\w-]+\.md)\)", index)
    assert [int(path.name[:3]) for path in pages] == list(range(1, len(pages) + 1))
    for path in pages:
        assert len(path.read_text("utf-8").splitlines()) in DECISION_LINES, path.name


def test_every_page_of_docs_is_in_its_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text("utf-8")
    assert {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"} <= set(_LINK.findall(index))


def test_both_readmes_have_the_same_journeys() -> None:
    texts = [(ROOT / name).read_text("utf-8") for name in ("README.md", "README.zh-CN.md")]
    blocks = [re.findall(r"^```(?:sh\necho|csv\n).*?^```", text, re.DOTALL | re.MULTILINE) for text in texts]
    steps = [
        [re.findall(r"「(.*?)」", line) for line in re.findall(r"^\d+\. .*$", text, re.MULTILINE)]
        for text in texts
    ]
    assert blocks[0] == blocks[1] and len(blocks[0]) == 2
    assert steps[0] == steps[1] and len(steps[0]) == 16
