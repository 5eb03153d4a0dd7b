"""Whatever is written as an expression is read or refused, in bounded time and by name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.expressions.check import Known, Type, compile_condition, compile_expression
from schemas.expressions.evaluate import evaluate
from schemas.expressions.faults import ExpressionFault

KNOWN = Known(
    {
        **{
            "n": Type("number"),
            "m": Type("number"),
            "s": Type("text"),
            "day": Type("date"),
            "t": Type("time"),
        },
        **{
            "at": Type("instant"),
            "look": Type("choice", ("clear", "other")),
            "seen": Type("choices", ("birds",)),
        },
        **{"ack": Type("ack"), "photo": Type("any")},
    },
    later=("below",),
    own=Type("number"),
    rules=("known",),
)
_PIECES = (
    *(
        "${n}",
        "${m}",
        "${s}",
        "${day}",
        "${t}",
        "${at}",
        "${look}",
        "${seen}",
        "${ack}",
        "${photo}",
        ".",
        "${below}",
    ),
    *(
        "'clear'",
        "'birds'",
        "''",
        '"OK"',
        "'2021-12-01'",
        "'07:30'",
        "1",
        "0",
        "2.5",
        "1e9",
        "today()",
        "rule('known')",
    ),
    *(" = ", " != ", " < ", " >= ", " + ", "-", " * ", " div ", " and ", " or ", "not(", "(", ")", ", ", " "),
    *(
        "selected(",
        "count-selected(",
        "coalesce(",
        "if(",
        "days-between(",
        "minutes-between(",
        "＝",
        "“",
        "\x00",
    ),
)


@given(st.lists(st.sampled_from(_PIECES), max_size=30).map("".join) | st.text(max_size=60))
def test_any_text_is_compiled_or_refused_with_a_code_and_what_is_compiled_has_a_value(text: str) -> None:
    try:
        type_, tree = compile_expression(text, KNOWN)
    except ExpressionFault as fault:
        assert fault.code and fault.message.endswith("。")
        return
    value = evaluate(tree, {"n": 1, "look": "clear", "seen": ["birds"]}, own=2, today="2021-12-01")
    assert isinstance(value, bool) == (type_.name == "bool")


@pytest.mark.parametrize(
    "text", ["(" * 500, "-" * 1000, "not(" * 200, "." * 1000, "1" * 1000, "a" * 1001, "'" * 999]
)
def test_what_is_very_long_or_deep_is_refused(text: str) -> None:
    with pytest.raises(ExpressionFault):
        compile_expression(text, KNOWN)


@pytest.mark.parametrize(
    ("text", "character", "meant"),
    [
        ("${look} = ‘clear’", "‘", "'"),
        ("${n} ≥ 1", "≥", ">="),
        ("（${n} = 1）", "（", "("),
        ("${n}　= 1", "\u3000", "空格"),
    ],
)
def test_a_sign_of_a_chinese_keyboard_is_named_with_the_one_that_is_meant(
    text: str, character: str, meant: str
) -> None:
    with pytest.raises(ExpressionFault) as fault:
        compile_expression(text, KNOWN)
    assert f"“{character}”" in fault.value.message and meant in fault.value.message


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("${below} = 1", "forward_reference"),
        ("rule('other') = 1", "unknown_rule"),
        ("${n} + 1", "type_mismatch"),
    ],
)
def test_a_condition_asks_only_for_what_is_above_and_known_and_is_true_or_false(text: str, code: str) -> None:
    with pytest.raises(ExpressionFault) as fault:
        compile_condition(text, KNOWN)
    assert fault.value.code == code
