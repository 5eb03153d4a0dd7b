"""Whatever tables somebody sends, they are compiled or refused with faults that say where: nothing else happens."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.forms.compile import compile_form
from schemas.forms.definition import read, written
from schemas.forms.faults import FormRefused
from schemas.forms.kind import FormKind
from schemas.forms.limits import FAULTS_MAX
from schemas.forms.tables import tables_from_json
from tests.schemas.forms.cast import CLERKS, LABEL, example, pond

_CELLS: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        0,
        -1,
        1.5,
        1e308,
        float("nan"),
        float("inf"),
        10**400,
        "",
        " ",
        "\x00",
        "\u202e",
        "\ud800",
        "x" * 5000,
    ),
    *(
        "yes",
        "no",
        "today()",
        ".",
        "${minutes}",
        "${minutes} = 1",
        "((((",
        "' or '1' = '1",
        "=1+1",
        "<b>",
        "2021-12-01",
    ),
    *(
        "select_one",
        "select_one look",
        "select_one_from_file",
        "select_one_from_file ../x.csv",
        "begin_group",
        "end_group",
    ),
    *("calculate", "note", "any", "__class__", "constructor", "from", "1", "一", [], {}, ["a"], {"a": 1}),
)


def outcome(tables: Any) -> None:
    """Compiled to a form whose readers can be made, or refused with faults that point somewhere."""
    try:
        form = compile_form(tables_from_json(tables)).form
    except FormRefused as refused:
        assert 1 <= len(refused.faults) <= min(refused.count, FAULTS_MAX)
        for fault in refused.faults:
            assert fault.code and any("\u4e00" <= character <= "\u9fff" for character in fault.message)
            assert (fault.row is None or fault.row >= 1) and str(fault).encode()
        return
    assert read(written(form)) == form
    kind = FormKind(form)
    assert kind.fast and kind.whole.fields.keys() == set(kind.fields)


@given(name=st.sampled_from((*CLERKS, "pond_round")), data=st.data())
def test_a_form_with_cells_rows_or_columns_changed_at_random(name: str, data: st.DataObject) -> None:
    tables = copy.deepcopy(example(name))
    for _ in range(data.draw(st.integers(1, 4))):
        rows = tables[data.draw(st.sampled_from(sorted(tables)))]
        row = data.draw(st.sampled_from(rows)) if rows else {}
        header = data.draw(st.sampled_from(sorted(row) + ["extra", LABEL]))
        choice = data.draw(st.integers(0, 5))
        if choice == 0 and rows:
            rows.remove(row)
        elif choice == 1:
            rows.append(dict(row))
        else:
            row[header] = data.draw(st.sampled_from(_CELLS) | st.text(max_size=20))
    outcome(tables)


@given(
    st.recursive(
        st.sampled_from(_CELLS),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    )
    | st.dictionaries(
        st.sampled_from(("survey", "choices", "settings", "gongdi", "x")),
        st.lists(
            st.none()
            | st.dictionaries(st.sampled_from(("type", "name", LABEL, "x")), st.sampled_from(_CELLS))
        ),
    )
)
def test_what_was_never_a_form(tables: Any) -> None:
    outcome(tables)


@pytest.mark.parametrize(
    "word", ["from", "class", "import", "self", "values", "fields", "context", "load", "dump"]
)
def test_words_of_the_language_it_is_written_in_are_names_as_any_other(word: str) -> None:
    tables = pond(survey_9={"type": "text", "name": word, LABEL: "词"})
    form = compile_form(tables_from_json(tables)).form
    kind = FormKind(form)
    assert kind.fields[-1] == word
    assert kind.whole.fields.keys() == set(kind.fields)
    outcome(tables)
