"""E-mail."""

from __future__ import annotations

from collections.abc import Collection

from server.actions.notices.outgoing import Outgoing, send_by_apprise

CODE = "mail"
TITLE = "邮件"
SCHEMES = ("mailto", "mailtos")
EXAMPLE = "mailto://…"


def send(outgoing: Outgoing, address: str, _private_hosts: Collection[str]) -> bool:
    """Send it; whether the mail server accepted it. The bureau's own is usually in a private network. A
    message that is sent again has the same id."""
    return send_by_apprise(outgoing, address, f"&%2BMessage-ID=<{outgoing.key}@gongdi>")
