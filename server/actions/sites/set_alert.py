"""Set how alert a site has to be (防控级别): slots follow, and a raised level asks at once for what duties tie to it."""

from __future__ import annotations

from server.actions.duties.plan_windows import plan_again
from server.actions.duties.site_profile import make_profile
from server.actions.records.feed import publish
from server.actions.records.window_record import window_put
from server.actions.reference.check_codes import wrong
from server.actions.sites.edit_site import site_to_edit
from server.models.audit import Deed, record_deed
from server.models.scope import lock_scope
from server.models.site import Site, suspensions_of
from server.models.tx import Tx
from server.models.window import Window, insert_windows, make_window
from server.rules.calendar import local_date_of
from server.rules.duties.rolling import rolling_rule
from server.rules.duties.windows import NORMAL, asks, plan_raised

RAISED_LEVEL = "raised"
ALERTS = (NORMAL, RAISED_LEVEL)


def set_alert(tx: Tx, site_id: str, level: str, reason: str, by: str | None = None) -> bool:
    """Whether the level changed. Windows to come are planned by the new one; those that opened keep their times. Raises
    Problem 404, 422."""
    site = site_to_edit(tx, site_id)
    if level not in ALERTS:
        raise wrong("alert", f"防控级别只能是: {', '.join(ALERTS)}。")
    if site.alert == level:
        return False
    before, site.alert = site.alert, level
    scope = lock_scope(tx.session, site_id)
    assert scope is not None, "the site has one"
    plan_again(tx, scope)
    if level == RAISED_LEVEL:
        made = _raised_windows(tx, site)
        insert_windows(tx.session, made)
        publish(tx.session, scope, tx.seals, tx.now_ms, list(map(window_put, made)))
    deed = Deed("alert_set", by, site.name, site.id, {"alert": (before, level)}, reason)
    record_deed(tx.session, deed, tx.now_ms)
    return True


def _raised_windows(tx: Tx, site: Site) -> list[Window]:
    """What is asked because the level has turned, once a day at most."""
    today = local_date_of(tx.now_ms)
    profile = make_profile(site, (), suspensions_of(tx.session, [site.id])[site.id], tx.book, today)
    made = []
    for code in sorted({rule.code for rule in tx.book.duties if rule.mode.rolling is not None}):
        rule = rolling_rule(tx.book.duties, code, site.alert, today)
        if rule is None or rule.mode.rolling is None or not rule.mode.rolling.raised_days:
            continue
        if asks(profile, rule):
            window = make_window(site.id, plan_raised(profile, tx.book.holidays, rule, tx.now_ms))
            if tx.session.get(Window, (site.id, window.id)) is None:
                made.append(window)
    return made
