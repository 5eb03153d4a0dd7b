"""A client that has an answer already learns that it is the same."""

from __future__ import annotations

from typing import Any

from tests.stories.field import Field
from tests.stories.records.conftest import put
from tests.stories.records.test_pages_of_records import cleaned


def test_the_same_answer_is_304_and_a_changed_one_is_not(field: Field, caller: Any) -> None:
    put(field, field.cast.site_a, [cleaned(1)])
    section = caller("section")
    headers = {"Authorization": f"Bearer {section.token}"}
    for path in ("/api/v1/records", "/api/v1/records?changed_since=0"):
        first = section.client.get(path, headers=headers)
        again = section.client.get(path, headers={**headers, "If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        put(field, field.cast.site_a, [cleaned(len(path))])
        changed = section.client.get(path, headers={**headers, "If-None-Match": first.headers["ETag"]})
        assert changed.status_code == 200 and changed.headers["ETag"] != first.headers["ETag"]
