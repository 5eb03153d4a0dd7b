"""A day of an inspector whose network comes and goes: what was saved stays, and reaches the server once."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.field_app.conftest import PUSH, Inspector, bodies, elsewhere


def test_written_offline_over_a_cold_start_and_sent_later(inspector: Inspector, workers: dict[str, str]) -> None:
    page = inspector.enrol()
    inspector.expect_unsent(0)
    with inspector.cut_off():
        inspector.measure("zs", "365")
        expect(page.get_by_role("status").filter(has_text="已保存 张三 36.5 ℃")).to_be_visible()
        inspector.expect_unsent(1)
        page.close()  # the app is closed, and opened again where there is no network
        page = inspector.page = inspector.context.new_page()
        page.goto(f"{inspector.live.address}/field/")
        inspector.expect_unsent(1)
        inspector.measure("1234", "368")
        inspector.expect_unsent(2)
    inspector.sync()
    inspector.expect_unsent(0)
    checks = elsewhere(inspector.field, "temperature_check")
    assert bodies(checks, "worker", "celsius", "slot") == sorted(
        [(workers["张三"], 36.5, "before_work"), (workers["曾小贤"], 36.8, "before_work")]
    )


def test_an_acknowledgement_that_is_lost_makes_nothing_twice(inspector: Inspector) -> None:
    inspector.enrol()
    inspector.context.set_offline(True)
    inspector.measure("张三", "365")
    inspector.measure("曾小贤", "364")
    lost = inspector.lose_answers(PUSH, times=1)
    inspector.context.set_offline(False)
    inspector.sync()
    inspector.expect_unsent(2) if len(lost) == 0 else None
    inspector.sync()
    inspector.expect_unsent(0)
    assert lost == [200]
    assert len(elsewhere(inspector.field, "temperature_check")) == 2
