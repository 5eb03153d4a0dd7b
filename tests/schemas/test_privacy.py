"""What leaves a sealed body is decided field by field, or the program does not start."""

from __future__ import annotations

import pytest

from schemas import limits
from schemas.fields import Body, matching, text
from schemas.kinds import KINDS, Kind
from schemas.privacy import OPEN, Privacy, opened
from schemas.worker import WorkerBody
from server.rules.masking import MASKS, mask_field, served_fields

PHONE = "^1[0-9]{10}$"


def test_a_sealed_kind_with_a_field_that_nobody_decided_about_stops_the_start() -> None:
    class Grown(WorkerBody):
        contact_number_of_family = matching("家属电话", PHONE, "…", optional=True)

    with pytest.raises(TypeError, match="contact_number_of_family"):
        Kind("worker", "人员", "register", Grown, sealed=True)


@pytest.mark.parametrize("name", ["phone", "mobile_phone", "passport_no", "bank_account", "birth_date"])
def test_a_persons_number_in_a_kind_that_is_not_sealed_stops_the_start(name: str) -> None:
    shape = type("Shape", (Body,), {name: text("某项", limits.NOTE_MAX)})
    with pytest.raises(TypeError, match=name):
        Kind("log", "记录", "fact", shape)


def test_a_fact_is_served_as_it_was_written_and_so_cannot_mask() -> None:
    class Fact(Body):
        privacy = opened() | {"phone": Privacy("phone")}
        phone = matching("手机号", PHONE, "…")

    with pytest.raises(TypeError, match="phone"):
        Kind("log", "记录", "fact", Fact, sealed=True)


def test_every_policy_is_of_a_field_and_every_mask_is_known() -> None:
    for kind in KINDS.values():
        assert set(kind.schema.privacy) <= set(kind.fields)
        assert {policy.mask for policy in kind.schema.privacy.values()} - {None} <= set(MASKS)


def test_a_worker_comes_down_with_numbers_masked() -> None:
    state = {"name": "王芳", "certificate_number": "411023197105188104", "phone": "13812345678"}
    assert served_fields("worker", state, lambda field: f"digest of {field}") == {
        "name": "王芳",
        "certificate_masked": "411***********8104",
        "certificate_digest": "digest of certificate_number",
        "phone": "138****5678",
    }


def test_a_field_that_is_declared_masked_is_masked_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WorkerBody, "privacy", {**WorkerBody.privacy, "dormitory": Privacy("whole", "")})
    assert mask_field("worker", "dormitory", "1-101") == "****"
    assert served_fields("worker", {"dormitory": "1-101"}, str) == {}


def test_what_a_sealed_kind_does_not_list_is_not_shown() -> None:
    assert mask_field("worker", "phone2", "13812345678") == "****"
    assert mask_field("nothing", "x", "13812345678") == "****"
    assert mask_field("disinfection_log", "place", "canteen") == "canteen"


def test_opened_fields_travel_as_they_are() -> None:
    assert opened("a", "b") == {"a": OPEN, "b": OPEN}
