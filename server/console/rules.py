"""Rules and thresholds: every number with its source, mark and dates; another one is proposed here."""

from __future__ import annotations

from flask import g, request, url_for

from schemas.limits import REASON_MAX, SOURCE_MAX
from server.actions.approvals import rule_change
from server.actions.approvals.proposals import propose
from server.actions.reference.change_rule import MARKS, NOUN
from server.actions.reference.load_reference import rules_in_force
from server.actions.reference.name_codes import read_names
from server.base.db import read
from server.base.problems import Problem, not_found
from server.console.pages import blueprint, render, require_role
from server.console.submit import Answer, submit
from server.models.user import ADMIN
from server.rules.calendar import add_days, local_date_of
from server.rules.from_rows import in_force
from server.web.responses import now_ms


@blueprint.get("/admin/rules")
def list_rules() -> str:
    """Every rule as it holds today, and what is to follow."""
    require_role(ADMIN)
    today, text = local_date_of(now_ms()), request.args.get("text", "").strip()[:64]
    with read() as session:
        every = rules_in_force(session).rows[NOUN]
        names = read_names(session)
    rows = [row for row in every if text in f"{row['name']} {row['source']} {row['code']}"]
    codes = dict.fromkeys(row["code"] for row in rows)
    listed = [(code, in_force(rows, code, today)) for code in codes]
    coming = {row["code"]: row for row in rows if row["from"] > today}
    return render("rules.html", names, listed=listed, coming=coming, marks=MARKS, text=text)


@blueprint.get("/admin/rules/<code>")
def show_rule(code: str) -> str:
    """One rule in all its versions."""
    return _page(code, None)


@blueprint.post("/admin/rules/<code>")
def propose_rule(code: str) -> Answer:
    """Propose another number from a coming date on."""
    require_role(ADMIN)
    asked = {**request.form.to_dict(), "code": code}
    return submit(
        lambda tx: propose(tx, g.viewer, rule_change.EFFECT.kind, asked, request.form.get("reason", "")),
        url_for("console.list_proposals"),
        lambda problem: _page(code, problem),
    )


def _page(code: str, problem: Problem | None) -> str:
    require_role(ADMIN)
    today = local_date_of(now_ms())
    with read() as session:
        rows = [row for row in rules_in_force(session).rows[NOUN] if row["code"] == code]
        names = read_names(session)
    if not rows:
        raise not_found()
    now = in_force(rows, code, today) or rows[-1]
    values = {"code": code, "now": now, "rows": rows[::-1], "today": today, "tomorrow": add_days(today, 1)}
    limits = {"reason_max": REASON_MAX, "source_max": SOURCE_MAX}
    return render("rule.html", names, problem=problem, marks=MARKS, **values, **limits)
