"""Browsers in which a name has logged in: marks in a cookie, which only this server can make."""

from __future__ import annotations

import hmac
import secrets

from flask import request

from server.actions.accounts.log_in import normal_name
from server.web.responses import runtime

BROWSER_COOKIE = "gongdi_browser"
BROWSER_S = 180 * 24 * 3600
_NAMES_MAX = 4  # that share a browser; the oldest leaves first


def known_browser(name: str) -> str | None:
    """The nonce of this browser's mark for a log-in name; None without one."""
    for mark in _marks():
        nonce, _, mac = mark.partition(".")
        if hmac.compare_digest(mac.encode(), _mac(nonce, name).encode()):
            return nonce
    return None


def marked(name: str) -> str:
    """The cookie's value once `name` has logged in here."""
    nonce = known_browser(name)
    if nonce is None:
        nonce = secrets.token_urlsafe(12)
    mine = f"{nonce}.{_mac(nonce, name)}"
    others = [mark for mark in _marks() if mark != mine]
    return "~".join([*others, mine][-_NAMES_MAX:])


def _marks() -> list[str]:
    return [mark for mark in request.cookies.get(BROWSER_COOKIE, "")[:400].split("~") if "." in mark]


def _mac(nonce: str, name: str) -> str:
    return runtime().seals.digest("known browser", f"{nonce}|{normal_name(name)}")
