"""Every vector of expressions holds here; the app's half is expressions.test.ts, which reads the same file."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest

from schemas.expressions.check import Known, Tree, Type, compile_expression
from schemas.expressions.evaluate import evaluate
from schemas.expressions.faults import ExpressionFault

VECTORS = json.loads(files("sync_protocol.vectors").joinpath("expressions.json").read_text("utf-8"))[
    "vectors"
]
_TYPES = {
    **{"integer": "number", "decimal": "number", "dateTime": "instant", "acknowledge": "ack", "image": "any"},
    **{"select_one": "choice", "select_multiple": "choices"},
}


def type_of(written: str | list[Any]) -> Type:
    if isinstance(written, list):
        return Type(_TYPES[written[0]], tuple(written[2]))
    return Type(_TYPES.get(written, written))


def compiled(vector: dict[str, Any]) -> Tree:
    own = type_of(vector["self_type"]) if "self_type" in vector else None
    fields = {name: type_of(written) for name, written in vector["fields"].items()}
    return compile_expression(vector["expression"], Known(fields, own=own))[1]


def as_arrays(tree: Any) -> Any:
    return [as_arrays(part) for part in tree] if isinstance(tree, tuple) else tree


@pytest.mark.parametrize("vector", [one for one in VECTORS if "tree" in one], ids=lambda one: one["id"])
def test_an_expression_gives_the_tree_and_the_value_of_its_vector(vector: dict[str, Any]) -> None:
    tree = compiled(vector)
    assert as_arrays(tree) == vector["tree"]
    rules = vector.get("rules", {})
    value = evaluate(
        tree, vector["values"], own=vector.get("self"), today=vector.get("today"), rule=rules.get
    )
    assert (value, type(value)) == (vector["value"], type(vector["value"]))


@pytest.mark.parametrize("vector", [one for one in VECTORS if "refused" in one], ids=lambda one: one["id"])
def test_an_expression_that_no_form_can_have_is_refused_by_its_code_in_chinese(
    vector: dict[str, Any],
) -> None:
    with pytest.raises(ExpressionFault) as fault:
        compiled(vector)
    assert fault.value.code == vector["refused"]
    assert any("\u4e00" <= character <= "\u9fff" for character in fault.value.message)


def test_every_vector_has_a_name_of_its_own_and_an_end() -> None:
    assert len({vector["id"] for vector in VECTORS}) == len(VECTORS)
    assert all(("value" in vector) == ("tree" in vector) != ("refused" in vector) for vector in VECTORS)
