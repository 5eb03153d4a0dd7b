"""The entries of a published form that a broken tablet still held are carried to the server in a file."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from server.actions.audit.rebuild import check_scope
from server.actions.audit.verify_log import verify_scope
from server.base.db import read
from server.models import LogEntry, Scope
from tests.stories.exports import exported, take
from tests.stories.field import Field
from tests.stories.forms.conftest import Run
from tests.stories.forms.workbooks import only_form, workbook

CLEAR = {"place": "canteen", "look": "clear", "minutes": 7}


def test_they_count_once_by_the_version_that_they_name(field: Field, run: Run, tmp_path: Path) -> None:
    seals = field.app.extensions["gongdi"].seals
    first = only_form(choices_2={"name": "canteen", "label::中文 (zh)": "食堂"})
    assert run("form", "publish", str(workbook(tmp_path / "1.xlsx", first))).exit_code == 0
    tablet = field.tablet("broken")
    entry = tablet.add(field.scope, "pond_round", CLEAR)
    right = tablet.amend(field.scope, entry, {**CLEAR, "minutes": 9})
    wrong = tablet.add(field.scope, "pond_round", {**CLEAR, "minutes": 601})
    second = only_form(2, choices_2={"name": "canteen", "label::中文 (zh)": "食堂"})
    second["survey"][2]["constraint"] = ". >= 100 and . <= 700"  # by which none of them would be right
    assert run("form", "publish", str(workbook(tmp_path / "2.xlsx", second))).exit_code == 0
    path = exported(field, "broken")

    taken = take(field, path)
    assert taken.entries == Counter(applied=2, refused=1)
    assert take(field, path).entries == Counter(duplicate=3)
    with field.app.app_context(), read() as session:
        rows = [session.get_one(LogEntry, (field.cast.site_a, one)) for one in (entry, right, wrong)]
        assert [(row.outcome, row.form) for row in rows] == [("applied", 1), ("applied", 1), ("refused", 1)]
        scope = session.get_one(Scope, field.cast.site_a)
        assert list(check_scope(session, seals, field.cast.site_a)) == []
        assert scope is not None and list(verify_scope(session, seals, scope)) == []
    field.cast.clock.advance(1_000)
    office = field.tablet("office")
    shown = {item.id: item.body for item in office.list("pond_round")}
    assert shown.keys() == {entry, right}
    assert (shown[entry]["amended_by"], shown[right]["minutes"]) == (right, 9)
