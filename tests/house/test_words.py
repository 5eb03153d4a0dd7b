"""The words of this house are the field's: what was renamed does not come back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("server", "sync_protocol", "schemas", "docs", "tests")
KINDS = {".py", ".md", ".html", ".ts", ".tsx"}
# Fixed history, what is fetched or built, and this file.
SKIPPED = {"versions", "node_modules", "built", "generated", "test_words.py"}
RETIRED = {
    "told": "reported, shown; or what the value is: detail, message, answer, result",
    "anew": "again",
    "beside": "alongside, next to",
    "heir": "successor",
    "meet_windows": "match_facts",
    "make_windows": "plan_windows",
    "take_flag_steps": "escalate",
    "hasten_steps": "expedite_steps",
    "tell_papers": "document_facts",
    "tell_people": "enqueue",
    "keep_house": "expire_rows",
    "take_media": "receive_media",
    "take_export": "import_export",
    "watch_records": "find_signals",
    "watch_cases": "flag_overdue_cases",
    "judge_photo": "inspect_photo",
    "judge_roster": "validate_roster",
    "judge_body": "validate_body",
    "Door": "ApiBlueprint",
}
# A column that other versions of this server have made.
ALLOWED = {("server/models/roster.py", "told")}


# A word of building sites, where sites of many kinds are spoken of; their own names stay.
OF_BUILDING_SITES, INSTEAD = "工地", "地点, or names.site_word(kind) of one site"
NAMED_SO = ("工地 Gongdi", "Gongdi 工地", "房屋建筑工地", "市政工程工地", "智慧工地平台", "建设工地")
READ_BY_PEOPLE = ("server", "sync_protocol", "schemas", "seed_data/packs")
TYPES_READ = {".py", ".html", ".ts", ".tsx", ".typ", ".json", ".webmanifest"}
# What people type in a roster, a column of files made before, the data of the demo and of benches, and the words of these.
SPEAK_SO = ("server/rules/rosters/teams.py", "server/files/titled_rows.py", "server/demo/", "server/bench/")


def _lines() -> Iterator[tuple[str, int, str]]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in KINDS and not SKIPPED & set(path.parts):
                name = path.relative_to(ROOT).as_posix()
                for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
                    yield name, number, line


def test_retired_words_do_not_come_back() -> None:
    pattern = re.compile(rf"\b({'|'.join(RETIRED)})\b")
    found = [
        f"{name}:{number}: {word} (say: {RETIRED[word]})"
        for name, number, line in _lines()
        for word in pattern.findall(line)
        if (name, word) not in ALLOWED
    ]
    assert not found, "\n".join(found)


def test_nothing_of_any_site_speaks_of_building_sites() -> None:
    found = []
    for folder in READ_BY_PEOPLE:
        for path in sorted((ROOT / folder).rglob("*")):
            name = path.relative_to(ROOT).as_posix()
            if path.suffix not in TYPES_READ or SKIPPED & set(path.parts) or name.startswith(SPEAK_SO):
                continue
            for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
                left = re.sub("|".join(NAMED_SO), "", line)
                if OF_BUILDING_SITES in left:
                    found.append(f"{name}:{number}: say {INSTEAD}: {line.strip()[:80]}")
    assert not found, "\n".join(found)
