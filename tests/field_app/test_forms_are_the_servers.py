"""A form is judged by one rule in two languages: what the app writes of any form has the outcome that the app foresees."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.forms.conditions import Context
from schemas.forms.definition import Form, written
from schemas.forms.kind import FormKind
from schemas.forms.shipped import shipped_forms
from schemas.forms.validate import validate_form_body
from server.field_app import HOME
from server.field_app.build import NODE_BIN, prepare
from tests.schemas.forms.cast import CLERKS, EXAMPLES, form
from tests.schemas.forms.made_forms import HASHES, bodies, forms
from tests.schemas.forms.test_bodies import filled
from tests.schemas.forms.test_readers_agree import CONTEXTS

NODE = NODE_BIN / "node"
ROLLDOWN = HOME / "node_modules" / "rolldown" / "bin" / "cli.mjs"
PROGRAM = """
import { readFileSync, writeFileSync } from "node:fs";
import { walk } from %s;
const cases = JSON.parse(readFileSync(process.argv[2], "utf8"));
const walked = cases.map(({ form, body, today, limit, media }) => {
  const context = { rule: (code) => (code === "limit" ? limit : null) };
  const found = walk(form, body, { ...context, ...(today && { today }), ...(media && { media: new Set(media) }) });
  return { problems: found.problems, doubts: Object.keys(found.doubts), body: found.body };
});
writeFileSync(process.argv[3], JSON.stringify(walked));
"""
HIDDEN = "按前面的填写, 这一项不应填写, 请去掉。"

Case = tuple[Form, dict[str, Any], Context]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The app's own sources, bundled for Node."""
    prepare()
    folder = tmp_path_factory.mktemp("walk")
    source = PROGRAM % json.dumps(str(HOME / "src" / "domain" / "form_walk.ts"))
    (folder / "walk.mjs").write_text(source, "utf-8")
    command = (NODE, ROLLDOWN, folder / "walk.mjs", "--platform", "node", "-o", folder / "built.mjs")
    subprocess.run(command, check=True, cwd=HOME, timeout=120, capture_output=True)
    return folder / "built.mjs"


def walked(program: Path, cases: list[Case]) -> list[dict[str, Any]]:
    """What the app makes of each case."""
    asked = [
        {
            "form": json.loads(written(form)),
            "body": body,
            "today": context.today,
            "limit": context.rule("limit"),
            "media": None if context.media is None else sorted(context.media),
        }
        for form, body, context in cases
    ]
    given_, found = program.with_name("cases.json"), program.with_name("walked.json")
    given_.write_text(json.dumps(asked), "utf-8")
    subprocess.run((NODE, program, given_, found), check=True, timeout=120)
    answers: list[dict[str, Any]] = json.loads(found.read_text("utf-8"))
    return answers


def assert_same(form: Form, context: Context, app: Mapping[str, Any]) -> None:
    """The server says of what the app writes what the app foresaw."""
    verdict = validate_form_body(FormKind(form), "add", app["body"], context)
    said = {pointer.split("/")[2]: messages[0] for pointer, messages in verdict.errors.items()}
    assert said.keys() == app["problems"].keys(), (app, verdict)
    for name, message in app["problems"].items():
        is_typed = not said[name].startswith("这里应为")  # the app's screens give no value of another type
        is_whole = not any(pointer.startswith(f"/body/{name}/") for pointer in verdict.errors)
        assert not (is_typed and is_whole) or message in verdict.errors[f"/body/{name}"], (app, verdict)
    if verdict.clean is not None:
        assert verdict.clean == app["body"]
        assert set(verdict.doubts) == set(app["doubts"])


def _with_one_kind_of_number(value: Any) -> Any:
    """7.0 as 7: the app has one kind of number, and never writes a whole one with a fraction."""
    if isinstance(value, dict):
        return {name: _with_one_kind_of_number(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_with_one_kind_of_number(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


def test_a_batch_of_random_forms_and_bodies_has_the_same_outcomes(program: Path) -> None:
    batch: list[Case] = []

    @settings(suppress_health_check=[HealthCheck.too_slow], database=None)
    @given(form=forms(), context=CONTEXTS, data=st.data())
    def gather(form: Form, context: Context, data: st.DataObject) -> None:
        for _ in range(4):
            body = data.draw(bodies(form))
            if _is_json(body):
                batch.append((form, _with_one_kind_of_number(body), context))

    gather()
    answers = walked(program, batch)
    assert {bool(app["problems"]) for app in answers} == {True, False}
    for (of, body, context), app in zip(batch, answers, strict=True):
        assert_same(of, context, app)
        raw = validate_form_body(FormKind(of), "add", body, context)
        hidden = {item.name for item in of.fields if HIDDEN in raw.errors.get(f"/body/{item.name}", ())}
        answered = {
            item.name
            for item in of.fields
            if body.get(item.name) is not None and body[item.name] not in ("", [])
        }
        assert answered - app["body"].keys() == hidden & answered, (body, app)


def test_the_examples_of_clerks_have_the_outcomes_that_they_say(program: Path) -> None:
    context = Context(media=frozenset(HASHES))
    examples = [
        (form(name), filled(entry["body"]), entry)
        for name in CLERKS
        for entry in json.loads((EXAMPLES / f"{name}.entries.json").read_text("utf-8"))
    ]
    answers = walked(program, [(of, body, context) for of, body, _ in examples])
    for (of, body, entry), app in zip(examples, answers, strict=True):
        assert_same(of, context, app)
        if entry["outcome"] == "applied":
            assert app["problems"] == {} and app["body"] == body
        else:  # hidden fields and names that the form lacks are not written at all
            named = entry["pointer"].split("/")[2]
            assert named in app["problems"] or named not in app["body"]


def test_a_shipped_form_takes_any_code_of_a_kind_of_place(program: Path) -> None:
    log = next(form for form in shipped_forms() if form.code == "disinfection_log")
    body = {"place": "pump_house", "agent": "alcohol", "operator": "王师傅"}
    wrong = {**body, "place": "泵房"}
    fine, refused = walked(program, [(log, body, Context()), (log, wrong, Context())])
    assert fine["problems"] == {} and refused["problems"].keys() == {"place"}


def _is_json(body: dict[str, Any]) -> bool:
    try:
        json.dumps(body, allow_nan=False)
    except ValueError:
        return False
    return True
