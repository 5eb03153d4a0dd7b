"""What axe-core says of a page. It comes with the tools of the app (server/field_app/package.json)."""

from __future__ import annotations

from playwright.sync_api import Page

from server.field_app import HOME
from server.field_app.build import prepare

_SOURCE = HOME / "node_modules" / "axe-core" / "axe.min.js"
_RUN = """axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => violations
  .filter(({ impact }) => impact === "serious" || impact === "critical")
  .flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} ${target}: ${failureSummary}`)))"""


def serious_findings(page: Page) -> list[str]:
    """Each serious or critical finding on the page as it shows now, with its rule and its element."""
    prepare()
    page.evaluate(_SOURCE.read_text("utf-8"))
    findings: list[str] = page.evaluate(_RUN)
    return findings
