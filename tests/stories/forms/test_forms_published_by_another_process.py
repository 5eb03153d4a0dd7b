"""A process reads lines by the forms that it knew last, and looks in the push itself whether they are in force."""

from __future__ import annotations

from server.actions.reference import load_reference
from server.base.db import db, read
from tests.stories.field import Field
from tests.stories.forms.test_sealed_forms_and_registers import publish
from tests.stories.forms.workbooks import LABEL


def test_a_line_of_a_form_that_another_process_published_takes_effect_at_once(field: Field) -> None:
    with field.app.app_context(), read() as session:
        before = load_reference.rules_in_force(session)
    publish(
        field, "visit", [{"type": "text", "name": "name", LABEL: "姓名", "required": "yes"}], title="来访"
    )
    tablet = field.tablet("first")
    entry = tablet.add(field.scope, "visit", {"name": "王小明"})
    with field.app.app_context():
        load_reference._last[db.engine] = (
            before  # all that this process knows, had another published the form
        )
        assert load_reference.last_rules(db.engine) is before
    assert tablet.sync().ok and tablet.refused() == []
    assert [item.id for item in tablet.list("visit")] == [entry]
