"""The console's forms: their marks against forgery, the page that each belongs to, and what was typed into one that
could not be acted upon."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass

from flask import current_app, g, request, url_for
from markupsafe import Markup
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException

from schemas.limits import ROSTER_BYTES_MAX
from server.actions.accounts.form_keys import (
    Draft,
    FormKey,
    claim_form,
    draft_of,
    forget_drafts,
    keep_draft,
    limit_drafts,
    make_key,
    read_key,
)
from server.base.db import Session, read, write
from server.base.problems import Problem
from server.web.responses import FORM_BYTES, now_ms, runtime

COOKIE = "gongdi_session"
FORM_BYTES_MAX = 16 * 1024
_MARKS = ("form_token", "form_key")
_PATH_MAX = 200
_PATH = re.compile(r"/console/[A-Za-z0-9/_.-]*")


@dataclass(frozen=True, slots=True)
class Form:
    """A form by the endpoint that takes it: the page on which it is (its endpoint takes the same arguments, or fewer),
    and how large it may be. `typed`: whether a person types anything in it that a lost session must not lose."""

    page: str
    bytes_max: int = FORM_BYTES_MAX
    typed: bool = True


FORMS: Mapping[str, Form] = {
    "console.act": Form("console.show_flag", 30 * 1024 * 1024),  # with photos
    "console.take_filled_form": Form("console.show_form_to_fill", 30 * 1024 * 1024),  # with photos
    "console.take_changed_record": Form("console.show_record_to_change", 30 * 1024 * 1024),
    "console.act_together": Form("console.show_today", 64 * 1024, typed=False),
    "console.search": Form("console.show_search", typed=False),
    "console.take_visits": Form("console.show_today", 64 * 1024, typed=False),
    "console.drop_visit": Form("console.show_visits", typed=False),
    "console.keep_filter": Form("console.list_flags", typed=False),
    "console.drop_filter": Form("console.list_flags", typed=False),
    "console.start_flag_paper": Form("console.show_flag", typed=False),
    "console.keep_paper_draft": Form("console.show_paper", 30 * 1024 * 1024),  # with photos
    "console.sign_one_paper": Form("console.show_paper", typed=False),
    "console.void_one_paper": Form("console.show_paper"),
    "console.serve_one_paper": Form("console.show_paper"),
    "console.add_service_account": Form("console.list_service_accounts", 64 * 1024),  # many sites by name
    "console.make_service_key": Form("console.list_service_accounts", typed=False),
    "console.revoke_service_key": Form("console.list_service_accounts", typed=False),
    "console.close_service_account": Form("console.list_service_accounts", typed=False),
    "console.add_event_sink": Form("console.list_service_accounts"),
    "console.close_event_sink": Form("console.list_service_accounts", typed=False),
    "console.put_stand_in": Form("console.list_stand_ins"),
    "console.drop_stand_in": Form("console.list_stand_ins", typed=False),
    "console.mark_read": Form("console.list_notices", typed=False),
    "console.search_people": Form("console.show_people"),
    "console.export_full_roster": Form("console.show_people"),
    "console.export_full_kind": Form("console.show_records"),
    "console.choose_value": Form("console.list_questions"),
    "console.choose_place": Form("console.list_questions"),
    "console.take_archive": Form("console.show_archive"),
    "console.take_flag_archive": Form("console.show_flag_archive"),
    "console.add_site_place": Form("console.show_site"),
    "console.rename_site_place": Form("console.show_site"),
    "console.measure_site_place": Form("console.show_site"),
    "console.close_site_place": Form("console.show_site"),
    "console.decide_one_contact": Form("console.show_one_case"),
    "console.close_one_case": Form("console.show_one_case", typed=False),
    "console.confirm_one_case": Form("console.show_one_case"),
    "console.settle": Form("console.list_questions"),
    "console.decide": Form("console.list_questions"),
    "console.merge_same_people": Form("console.list_same_people"),
    "console.undo_same_people": Form("console.list_same_people"),
    "console.take_roster": Form("console.show_site_roster", ROSTER_BYTES_MAX + FORM_BYTES, typed=False),
    "console.leave_all": Form("console.show_site_roster", typed=False),
    "console.commit": Form("console.show_roster", 64 * 1024),  # it may name people one by one
    "console.choose_columns": Form("console.show_columns", 400 * 1024),  # every column of every sheet
    "console.forget": Form("console.show_titles", typed=False),
    "console.decide_proposal": Form("console.show_proposal"),
    "console.propose_rule": Form("console.show_rule"),
    "console.propose_row": Form("console.show_office_row", 128 * 1024),  # a template is long
    "console.propose_new_row": Form("console.new_office_row", 128 * 1024),
    "console.propose_revocation": Form("console.show_evidence"),
    "console.check_form_file": Form("console.list_published_forms", 2 * 1024 * 1024, typed=False),
    "console.propose_form": Form(
        "console.list_published_forms", 2 * 1024 * 1024, typed=False
    ),  # with its tables
    "console.propose_pack": Form("console.show_pack"),
    "console.propose_season": Form("console.show_pack"),
    "console.propose_form_retiring": Form("console.show_published_form"),
    "console.add_user": Form("console.list_users"),
    "console.edit_user": Form("console.show_user"),
    "console.switch_user": Form("console.show_user"),
    "console.reset_user": Form("console.show_user", typed=False),
    "console.change_password": Form("console.show_password", typed=False),
    "console.add_notice_channel": Form("console.list_notice_channels", typed=False),  # a secret is in it
    "console.try_notice_channel": Form("console.list_notice_channels", typed=False),
    "console.remove_notice_channel": Form("console.list_notice_channels", typed=False),
    "console.take_person_request": Form("console.list_person_requests"),
    "console.answer_person_request": Form("console.list_person_requests"),
    "console.tie_own_account": Form("console.show_password", typed=False),
    "console.untie_own_account": Form("console.show_password", typed=False),
    "console.untie_user": Form("console.show_user", typed=False),
    "console.name_company": Form("console.list_companies"),
    "console.register_site": Form("console.list_sites_to_edit"),
    "console.edit_site": Form("console.show_site_to_edit"),
    "console.put_company": Form("console.show_site_to_edit"),
    "console.remove_company": Form("console.show_site_to_edit", typed=False),
    "console.assign_inspector": Form("console.show_site_to_edit", typed=False),
    "console.unassign_inspector": Form("console.show_site_to_edit", typed=False),
    "console.move_assignments": Form("console.list_assignments"),
    "console.propose_suspension": Form("console.show_suspensions"),
    "console.raise_site_alert": Form("console.show_alert"),
    "console.propose_lower_alert": Form("console.show_alert"),
    "console.resume_site": Form("console.show_suspensions", typed=False),
    "console.make_codes": Form("console.list_codes", 64 * 1024, typed=False),
    "console.revoke_device": Form("console.show_device"),
    "console.show_unlock_code": Form("console.show_device"),
    "console.enter_year": Form("console.list_holidays", 1024 * 1024, typed=False),
    "console.add_one_camera": Form("console.list_cameras_to_edit"),
    "console.close_one_camera": Form("console.list_cameras_to_edit", typed=False),
    "console.enter_camera_file": Form("console.list_cameras_to_edit", 4 * 1024 * 1024, typed=False),
    "console.add_one_platform": Form("console.list_cameras_to_edit", typed=False),  # a secret is in it
    "console.renew_platform_secret": Form("console.list_cameras_to_edit", typed=False),
    "console.close_one_platform": Form("console.list_cameras_to_edit", typed=False),
    "console.enter_risk_areas": Form("console.list_risk_areas", 4 * 1024 * 1024, typed=False),
    "console.propose_retiring": Form("console.list_keys"),
    "console.propose_unmasking": Form("console.show_people"),
    "console.take_log_out": Form("console.show_log_in", typed=False),
    "console.take_log_in": Form("console.show_log_in", typed=False),
}


def form_marks() -> Markup:
    """The hidden fields of every form: that this session's page made it, and its one-time key."""
    key = make_key(runtime().seals, g.viewer.id, now_ms())
    hidden = Markup('<input type="hidden" name="{}" value="{}">')
    return hidden.format("form_token", form_token()) + hidden.format("form_key", key)


def form_token(secret: str | None = None) -> str:
    """What a form must bring back: a keyed digest of the cookie, which another site can neither read nor make."""
    return runtime().seals.digest("form", secret or request.cookies.get(COOKIE, ""))


def is_ours(secret: str) -> bool:
    """Whether the form that came was made under this cookie."""
    given = request.form.get("form_token", "")
    return bool(secret) and hmac.compare_digest(given.encode(), form_token(secret).encode())


def check_form() -> None:
    """Raises Problem 403 for a form that this session's pages did not make. What was typed into one that an earlier
    session of the same user made is kept."""
    if is_ours(request.cookies.get(COOKIE, "")):
        return
    keep_typed()
    raise Problem("form_expired", "请返回上一页, 刷新后再试。填写的内容会放回表单里。")


def claim(session: Session) -> bool:
    """Record the submitted form as acted upon, in this transaction. False when it was already: a second press changes
    nothing. Raises Problem 409 when it was with other words."""
    key = _key()
    if key is None or key.user_id != g.viewer.id:
        return True  # a page from before these keys; the session's token was checked
    return claim_form(session, runtime().seals, key, request.path, _said(), now_ms())


def keep_typed() -> bool:
    """Keep what was typed into the form that came, for the user whose page made it; whether there was anything."""
    form = FORMS.get(request.endpoint or "")
    if form is None or not form.typed:
        return False
    with write() as session:  # before the body is read: whoever sends it is not logged in
        limit_drafts(session, request.remote_addr or "", now_ms())
    key = _key()
    if key is None:
        return False
    with write() as session:
        draft = Draft(request.path[:_PATH_MAX], _said())
        keep_draft(session, runtime().seals, key, page_of_form(), draft, now_ms())
    g.kept_draft = True
    return True


def recall_draft() -> None:
    """Fill in again what was kept for this page and this user."""
    with read() as session:
        g.draft = draft_of(session, runtime().seals, g.viewer.id, request.path)


def drop_drafts(status: int) -> None:
    """After a form that succeeded, delete the drafts of its page."""
    if status < 400 and g.get("viewer") is not None and not g.get("kept_draft"):
        form = FORMS.get(request.endpoint or "")
        if form is not None and form.typed:
            with write() as session:
                forget_drafts(session, g.viewer.id, page_of_form())


def typed(action: str | None = None) -> MultiDict[str, str]:
    """What was typed into the form of `action` (None: of any): in this request, or before the session ended."""
    if request.method == "POST":
        return request.form if action in (None, request.path) else MultiDict()
    draft: Draft | None = g.get("draft")
    return MultiDict(draft.fields) if draft is not None and action in (None, draft.action) else MultiDict()


def page_of_form() -> str:
    """The page of the form that came."""
    page = FORMS[request.endpoint or ""].page
    (rule,) = current_app.url_map.iter_rules(page)
    given = request.view_args or {}
    return url_for(page, **{name: given[name] for name in rule.arguments})


def own_page(path: str) -> str:
    """Where to go after the log-in: a page of the console, without a query; its home for everything else."""
    if _PATH.fullmatch(path) and "//" not in path and len(path) <= _PATH_MAX:
        try:
            current_app.url_map.bind("").match(path, method="GET")
        except HTTPException:
            return url_for("console.home")
        return path
    return url_for("console.home")


def _key() -> FormKey | None:
    return read_key(runtime().seals, request.form.get("form_key", "")[:200], now_ms())


def _said() -> dict[str, list[str]]:
    return {name: texts for name, texts in request.form.lists() if name not in _MARKS}
