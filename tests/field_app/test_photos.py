"""Photos from the tablet: they follow their entries, resume where they broke off, and are never lost without a message."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Request, Route, expect

from server.base.db import read
from server.models import Media
from tests.field_app.conftest import elsewhere
from tests.field_app.inspector import Inspector, log_disinfection

CREATE, PIECES, ALL_OF_MEDIA = "**/sync/v1/media", "**/sync/v1/media/*", "**/sync/v1/media/**"
SITE_PIXELS = (1400, 1000)  # of noise: a photo of several pieces


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    file = tmp_path / "photo.jpg"
    noise = random.Random(1).randbytes(SITE_PIXELS[0] * SITE_PIXELS[1] * 3)
    Image.frombytes("RGB", SITE_PIXELS, noise).save(file, "JPEG", quality=90)
    return file


def disinfect(inspector: Inspector, photo: Path) -> None:
    page = inspector.page
    inspector.open("消毒")
    page.get_by_role("button", name="工人食堂").click()
    page.locator(".photo input").set_input_files(photo)
    expect(page.locator(".photo")).to_contain_text("照片已附上")
    log_disinfection(page)
    expect(page.get_by_role("heading", name="消毒")).to_be_visible()


def expect_photos_waiting(inspector: Inspector, count: int) -> None:
    inspector.open("同步")
    state = f"{count} 张保存在本机, 等待上传" if count else "没有等待上传的"
    expect(inspector.page.locator(".facts")).to_contain_text(state)


def arrived(inspector: Inspector) -> list[Media]:
    with inspector.field.app.app_context(), read() as session:
        return session.query(Media).all()


def offsets_of_pieces(inspector: Inspector) -> list[int]:
    """Where each piece that leaves the browser begins; filled as they go."""
    offsets: list[int] = []

    def note(request: Request) -> None:
        if request.method == "PATCH":
            offsets.append(int(request.headers["upload-offset"]))

    inspector.context.on("request", note)
    return offsets


def test_a_photo_follows_its_entry_when_there_is_a_network(inspector: Inspector, photo: Path) -> None:
    inspector.enrol()
    with inspector.cut_off():
        disinfect(inspector, photo)
        expect_photos_waiting(inspector, 1)
    inspector.sync()
    expect_photos_waiting(inspector, 0)
    (there,) = arrived(inspector)
    assert (there.scope_id, there.type) == (inspector.field.cast.site_a, "image/jpeg")
    assert max(there.width, there.height) == SITE_PIXELS[0]


def test_an_upload_goes_on_where_the_network_broke_off_also_after_a_restart(
    inspector: Inspector, photo: Path
) -> None:
    inspector.enrol()
    offsets = offsets_of_pieces(inspector)

    def cut(route: Route) -> None:
        route.abort("connectionreset") if offsets[2:] else route.continue_()

    inspector.context.route(PIECES, cut)
    with inspector.context.expect_event("requestfailed", lambda request: request.method == "PATCH"):
        disinfect(inspector, photo)
        inspector.sync()
    expect_photos_waiting(inspector, 1)
    assert arrived(inspector) == []
    first, second, third = offsets[:3]
    assert 0 == first < second < third
    inspector.context.unroute(PIECES)
    inspector.open_again()
    inspector.sync()
    expect_photos_waiting(inspector, 0)
    assert offsets[3] == third  # what had arrived was not sent again
    assert len(arrived(inspector)) == 1


def test_a_lost_answer_to_the_last_piece_is_no_second_upload(inspector: Inspector, photo: Path) -> None:
    inspector.enrol()
    offsets = offsets_of_pieces(inspector)

    def lose(route: Route) -> None:
        if arrived(inspector):
            return route.abort("connectionreset")
        if route.request.method != "PATCH":
            return route.continue_()
        answer = route.fetch()
        return route.abort("connectionreset") if arrived(inspector) else route.fulfill(response=answer)

    inspector.context.route(ALL_OF_MEDIA, lose)
    with inspector.context.expect_event("requestfailed", lambda request: request.method == "PATCH"):
        disinfect(inspector, photo)
        inspector.sync()
    expect_photos_waiting(inspector, 1)
    pieces = len(offsets)
    inspector.context.unroute(ALL_OF_MEDIA)
    inspector.sync()
    expect_photos_waiting(inspector, 0)
    assert len(offsets) == pieces
    assert len(arrived(inspector)) == 1


def test_an_upload_that_the_server_has_forgotten_begins_again(inspector: Inspector, photo: Path) -> None:
    inspector.enrol()
    offsets = offsets_of_pieces(inspector)

    def forget(route: Route) -> None:
        route.fulfill(status=404) if route.request.method == "HEAD" else route.continue_()

    inspector.context.route(PIECES, lambda route: route.abort() if offsets[1:] else route.continue_())
    with inspector.context.expect_event("requestfailed", lambda request: request.method == "PATCH"):
        disinfect(inspector, photo)
        inspector.sync()
    expect_photos_waiting(inspector, 1)
    inspector.context.unroute(PIECES)
    inspector.context.route(PIECES, forget)
    before = len(offsets)
    inspector.sync()
    expect_photos_waiting(inspector, 0)
    assert offsets[before] == 0
    assert len(arrived(inspector)) == 1


def test_a_photo_that_is_not_accepted_is_reported_and_its_entry_stays(
    inspector: Inspector, photo: Path
) -> None:
    page = inspector.enrol()
    refusal = {"status": 422, "code": "media_unreadable", "title": "照片无法打开"}
    inspector.context.route(CREATE, lambda route: route.fulfill(status=422, json=refusal))
    disinfect(inspector, photo)
    inspector.sync()
    expect(page.locator(".refused")).to_contain_text("照片未被接受")
    expect(page.locator(".refused")).to_contain_text("请重新拍摄")
    inspector.expect_unsent(0)
    page.get_by_role("button", name="知道了").click()
    expect(page.locator(".refused")).to_have_count(0)
    assert len(elsewhere(inspector.field, "disinfection_log")) == 1


def test_the_photo_of_a_refused_entry_goes_with_the_one_that_replaces_it(
    inspector: Inspector, photo: Path
) -> None:
    page = inspector.enrol()
    inspector.refuse_first("/body/operator", "请复核。")
    disinfect(inspector, photo)
    inspector.sync()
    page.get_by_role("button", name="改正后重新填写").click()
    expect(page.locator(".photo")).to_contain_text("照片已附上")
    page.get_by_role("button", name="保存").click()
    inspector.sync()
    expect_photos_waiting(inspector, 0)
    assert len(arrived(inspector)) == 1


def test_a_person_is_registered_with_a_photo(
    inspector: Inspector, workers: dict[str, str], photo: Path
) -> None:
    page = inspector.enrol()
    inspector.open("名册")
    page.get_by_role("button", name="张三").click()
    page.locator(".photo input").set_input_files(photo)
    expect(page.locator(".photo")).to_contain_text("照片已附上")
    page.get_by_role("button", name="保存修改").click()
    inspector.sync()
    expect_photos_waiting(inspector, 0)
    assert len(arrived(inspector)) == 1
