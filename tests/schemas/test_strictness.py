"""Nothing is converted, nothing is guessed: what is not exactly right is refused, at its field."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.kinds import validate_body
from tests.schemas.strategies import PUSHED, bodies, odd_values

UUID = "01980a1e-1111-7222-8333-444455556666"
CHECK = {"worker": UUID, "celsius": 36.5, "slot": "before_work", "point": "gate"}
LOG = {"place": "canteen", "agent": "chlorine", "operator": "张三"}
WORKER = {
    "name": "买买提·吐尔逊",
    "certificate_type": "id_card",
    "certificate_number": "11010519491231002X",
    "company": "91110000101623741K",
    "team": "钢筋一班",
    "trade": "020",
    "role": "worker",
    "entered_on": "2021-11-01",
}


def field_errors(kind: str, whole: dict[str, Any], field: str, value: object) -> list[str]:
    """The messages at one field of a body that is right but for that field's value."""
    _, code, errors = validate_body(kind, "add", {**whole, field: value})
    assert (code == "body_invalid") == bool(errors)
    assert errors.keys() <= {f"/body/{field}"}
    return errors.get(f"/body/{field}", [])


@pytest.mark.parametrize("celsius", [36, 36.5, 30, 30.0, 45.0, 45, 37.3, 36.6, 36.9, 40.1])
def test_a_temperature_has_at_most_one_decimal_and_may_be_whole(celsius: float) -> None:
    assert field_errors("temperature_check", CHECK, "celsius", celsius) == []


@pytest.mark.parametrize(
    "celsius",
    [
        True,
        "36.5",
        None,
        29.9,
        45.1,
        36.55,
        36.05,
        0,
        -36.5,
        10**400,
        float("nan"),
        float("inf"),
        [36.5],
        {"c": 36.5},
    ],
)
def test_what_is_no_temperature_is_refused(celsius: object) -> None:
    assert field_errors("temperature_check", CHECK, "celsius", celsius)


@pytest.mark.parametrize(
    "uuid",
    [
        UUID.upper(),
        UUID.replace("-", ""),
        "{" + UUID + "}",
        UUID + "\n",
        " " + UUID,
        UUID[:-1],
        "",
        None,
        7,
        "urn:uuid:" + UUID,
    ],
)
def test_an_id_is_canonical_lower_case_text(uuid: object) -> None:
    assert field_errors("temperature_check", CHECK, "worker", uuid)


@pytest.mark.parametrize("value", [0, 1, "true", "yes", "", []])
def test_only_true_and_false_are_yes_and_no(value: object) -> None:
    assert field_errors("temperature_check", CHECK, "mask_worn", value)


@pytest.mark.parametrize(
    "name", ["张三", "买买提·吐尔逊", "㑇𤭢生", "O'Neill Müller", "\ue000生", "龙" * 50, "𤭢" * 50]
)
def test_names_keep_middle_dots_and_rare_characters(name: str) -> None:
    assert field_errors("worker", WORKER, "name", name) == []


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "\u3000\u00a0",
        "张\n三",
        "张\x00三",
        "张\x7f三",
        "张\u202e三",
        "张\u2028三",
        "\ufeff张三",
        "张\ud800",
        "龙" * 51,
        7,
    ],
)
def test_blank_text_controls_lone_surrogates_and_too_much_are_refused(name: object) -> None:
    assert field_errors("worker", WORKER, "name", name)


@pytest.mark.parametrize("day", ["2021-02-28", "2020-02-29", "2021-12-31"])
def test_real_days_are_taken(day: str) -> None:
    assert field_errors("worker", WORKER, "entered_on", day) == []


@pytest.mark.parametrize(
    "day",
    [
        "2021-02-29",
        "2021-13-01",
        "2021-00-10",
        "0000-01-01",
        "2021-1-1",
        "20211201",
        "2021-W48-3",
        "2021.12.1",
    ]
    + ["2021-12-01T00:00:00", "2021-12-01\n", "２０２１-12-01", "", 44531, None],
)
def test_what_the_calendar_lacks_or_spells_otherwise_is_refused(day: object) -> None:
    assert field_errors("worker", WORKER, "entered_on", day)


@pytest.mark.parametrize(
    "phone", ["12812345678", "1381234567", "+8613812345678", "138 1234 5678", "１３８12345678", 13812345678]
)
def test_a_phone_is_in_normal_form(phone: object) -> None:
    assert field_errors("worker", WORKER, "phone", phone)


@pytest.mark.parametrize("trade", ["20", "0200", "０２０", "abc", 20, ""])
def test_a_trade_is_three_digits(trade: object) -> None:
    assert field_errors("worker", WORKER, "trade", trade)


@pytest.mark.parametrize(
    "company", ["91110000101623741A", "91110000101623741k", "9111000010162374", "", 91110000101623741]
)
def test_a_company_has_its_check_character(company: object) -> None:
    assert field_errors("worker", WORKER, "company", company)


@pytest.mark.parametrize("mg_l", [0, 500, 500.25, 100_000])
def test_a_concentration_up_to_the_limit_is_taken(mg_l: float) -> None:
    assert field_errors("disinfection_log", LOG, "concentration_mg_l", mg_l) == []


@pytest.mark.parametrize("mg_l", [-1, 100_000.5, "500", True, float("nan"), float("-inf")])
def test_a_concentration_that_cannot_be_is_refused(mg_l: object) -> None:
    assert field_errors("disinfection_log", LOG, "concentration_mg_l", mg_l)


@pytest.mark.parametrize("body", [None, [], "x", 1, True])
def test_a_body_is_an_object(body: object) -> None:
    assert validate_body("worker", "add", body)[1:] == (
        "body_invalid",
        {"/body": ["正文应为一个 JSON 对象。"]},
    )


@given(kind=st.sampled_from(PUSHED), data=st.data())
def test_a_refusal_names_what_is_wrong_and_never_repeats_the_value(kind: str, data: st.DataObject) -> None:
    body = dict(data.draw(bodies(kind)))
    secret = data.draw(st.from_regex("[0-9]{14,16}[A-Za-z]{2}", fullmatch=True))
    name = data.draw(st.sampled_from(sorted(body)))
    body[name] = data.draw(st.sampled_from((secret, [secret], {secret: secret})) | odd_values())
    clean, code, errors = validate_body(kind, "add", body)
    assert (clean is None) == (code is not None) == bool(errors)
    assert secret not in str(errors)
    for pointer, messages in errors.items():
        assert pointer.startswith("/body/") and messages
        assert all(any("\u4e00" <= character <= "\u9fff" for character in message) for message in messages)
