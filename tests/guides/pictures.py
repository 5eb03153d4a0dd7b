"""How each picture of the guides is made: who is where, and what was done there before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.server.rosters.people import person
from tests.stories.rosters.uploads import people_file


@dataclass(frozen=True)
class Desk:
    """A page of the console, of somebody who is logged in."""

    page: Page
    folder: Path  # for files that are chosen

    def follow(self, name: str) -> None:
        self.page.get_by_role("link", name=name, exact=True).first.click()

    def go(self, path: str, heading: str) -> None:
        self.page.goto(f"/console/{path}")
        expect(self.page.get_by_role("heading", name=heading).first).to_be_visible()


@dataclass(frozen=True)
class Tablet:
    """The app of an inspector who is enrolled, or about to be."""

    page: Page

    def room(self, name: str) -> None:
        bar = self.page.get_by_role("navigation")
        if not bar.get_by_role("link", name=name, exact=True).is_visible():
            bar.get_by_role("link", name="更多").click()
            self.page.locator(".tiles").get_by_role("link", name=name, exact=True).click()
        else:
            bar.get_by_role("link", name=name, exact=True).click()
        expect(self.page.locator("h1").first).to_contain_text(name)


def _waiting(desk: Desk) -> None:
    desk.go("waiting", "待我办理")
    expect(desk.page.locator("tbody tr").first).to_be_visible()


def _upload(desk: Desk) -> None:
    desk.follow("地点与名册")
    desk.follow("上传名册")
    expect(desk.page.get_by_label("名册文件")).to_be_visible()


def _preview(desk: Desk) -> None:
    _upload(desk)
    file = desk.folder / "roster.xlsx"
    file.write_bytes(people_file(person(1), person(2)))
    desk.page.get_by_label("名册文件").set_input_files(file)
    desk.page.get_by_role("button", name="上传并预览").click()
    expect(desk.page.get_by_text("将新增")).to_be_visible()


def _reply(desk: Desk) -> None:
    _waiting(desk)
    desk.page.locator("tbody tr a").first.click()
    expect(desk.page.locator("summary").get_by_text("整改回复", exact=True)).to_be_visible()


def _today(desk: Desk) -> None:
    desk.go("today", "今天")
    expect(desk.page.get_by_text("为什么归您, 从何时").first).to_be_visible()


def _flag(desk: Desk) -> None:
    _today(desk)
    desk.page.locator("table.today a.mark").first.click()
    expect(desk.page.get_by_role("heading", name="办理", exact=True)).to_be_visible()


def _site(desk: Desk) -> None:
    desk.go("sites", "地点与名册")
    desk.page.locator("main table a").first.click()
    expect(desk.page.get_by_role("heading", name="履行情况")).to_be_visible()


def _users(desk: Desk) -> None:
    desk.go("admin", "管理")
    desk.follow("用户")
    expect(desk.page.get_by_role("button", name="新增, 显示一次性密码")).to_be_visible()


def _codes(desk: Desk) -> None:
    desk.go("admin", "管理")
    desk.follow("注册码")
    expect(desk.page.get_by_role("button", name="发注册码").first).to_be_visible()


def _forms(desk: Desk) -> None:
    desk.go("admin", "管理")
    desk.follow("表单")
    expect(desk.page.get_by_role("button", name="检查并预览")).to_be_visible()


def _form(tablet: Tablet) -> None:
    tablet.room("今日")
    tablet.page.locator("main a").filter(has_text="通风").first.click()
    expect(tablet.page.get_by_role("button", name="保存", exact=True)).to_be_attached()


FOR_DESKS: dict[str, tuple[str, Callable[[Desk], None]]] = {
    "contractor-waiting": ("demo-laozi", _waiting),
    "contractor-upload": ("demo-laozi", _upload),
    "contractor-preview": ("demo-laozi", _preview),
    "contractor-flag": ("demo-laozi", _reply),
    "office-today": ("demo-zhian", _today),
    "office-flag": ("demo-zhian", _flag),
    "office-site": ("demo-zhian", _site),
    "administrator-home": ("demo-admin", lambda desk: desk.go("admin", "管理")),
    "administrator-users": ("demo-admin", _users),
    "administrator-codes": ("demo-admin", _codes),
    "administrator-forms": ("demo-admin", _forms),
}
FOR_TABLETS: dict[str, Callable[[Tablet], None]] = {
    "inspector-today": lambda tablet: tablet.room("今日"),
    "inspector-temperature": lambda tablet: tablet.room("测温"),
    "inspector-form": _form,
    "inspector-sync": lambda tablet: tablet.room("同步"),
}
ENROLMENT = "inspector-enrol"
PICTURES = (*FOR_DESKS, ENROLMENT, *FOR_TABLETS)
