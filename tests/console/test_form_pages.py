"""The preview of a form in a browser: as a tablet shows it, at a desk and on a phone."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import ViewportSize, expect

from tests.axe import serious_findings
from tests.console.conftest import PHONE, OpenPage
from tests.server.office import Office, office
from tests.stories.forms.workbooks import pond, workbook

__all__ = ["office"]
SIZES = pytest.mark.parametrize("size", [{"width": 1366, "height": 768}, PHONE], ids=["desk", "phone"])


@SIZES
def test_a_form_is_looked_at_and_proposed(
    open_page: OpenPage, office: Office, size: ViewportSize, tmp_path: Path
) -> None:
    page = open_page("/console/admin/forms", size, "admin")
    page.get_by_label("文件").set_input_files(workbook(tmp_path / "池塘巡查.xlsx", pond()))
    page.get_by_role("button", name="检查并预览").click()
    picture = page.get_by_role("region", name="平板上的样子")
    expect(picture.get_by_text("有漂浮物")).to_be_visible()
    expect(page.get_by_text("+ 选项 look.clear: 清洁")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert serious_findings(page) == []
    page.get_by_label("理由").fill("市民反映池塘无人巡查")
    page.get_by_role("button", name="提议发布").click()
    page.get_by_role("link", name="池塘巡查 (pond_round) 第 1 版").click()
    expect(page.get_by_role("region", name="平板上的样子")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert serious_findings(page) == []
