"""Set how alert a site has to be (防控级别): slots follow, and a raised level asks at once for what duties tie to it."""

from __future__ import annotations

from server.actions.duties.site_profile import make_profile
from server.actions.records.feed import publish
from server.actions.records.window_record import window_put
from server.actions.reference.check_codes import wrong
from server.actions.sites.edit_site import site_to_edit
from server.actions.sites.register_site import publish_site
from server.models.audit import Deed, record_deed
from server.models.scope import lock_scope
from server.models.site import ALERTS, Site, suspensions_of
from server.models.tx import Tx
from server.models.window import DueWindow, Window, insert_windows, plain_window
from server.rules.alerts import RAISED
from server.rules.calendar import local_date_of
from server.rules.duties.rolling import rolling_rule
from server.rules.duties.windows import asks, plan_raised


def set_alert(tx: Tx, site_id: str, level: str, source: str, by: str | None = None) -> bool:
    """The site's alert level from now on; whether it changed. What opens after the next tick is asked by its slots, what was
    opened before stays as it was asked. Raises Problem 404, 422."""
    site = site_to_edit(tx, site_id)
    if level not in ALERTS:
        raise wrong("level", f"防控级别只能是: {'、'.join(ALERTS)}。")
    if site.alert == level:
        return False
    before, site.alert, site.planned_stamp = site.alert, level, ""
    publish_site(tx.session, tx.seals, tx.now_ms, site)
    if level == RAISED:
        scope = lock_scope(tx.session, site_id)
        assert scope is not None, "the site has one"
        made = _raised_windows(tx, site)
        insert_windows(tx.session, made)
        publish(tx.session, scope, tx.seals, tx.now_ms, list(map(window_put, made)))
    deed = Deed("alert_changed", by, site.name, site.id, {"alert": (before, level)}, source)
    record_deed(tx.session, deed, tx.now_ms)
    return True


def _raised_windows(tx: Tx, site: Site) -> list[DueWindow]:
    """What is asked because the level has turned, once a day at most."""
    today = local_date_of(tx.now_ms)
    profile = make_profile(site, (), suspensions_of(tx.session, [site.id])[site.id], tx.book, today)
    made = []
    for code in sorted({rule.code for rule in tx.book.duties if rule.mode.rolling is not None}):
        rule = rolling_rule(tx.book.duties, code, site.alert, today)
        if rule is None or rule.mode.rolling is None or not rule.mode.rolling.raised_days:
            continue
        if asks(profile, rule):
            window = plain_window(site.id, plan_raised(profile, tx.book.holidays, rule, tx.now_ms))
            if tx.session.get(Window, (site.id, window.id)) is None:
                made.append(window)
    return made
