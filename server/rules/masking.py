"""What is shown of a number that names a person: enough to recognise, not enough to use (PIPL 6, data
minimised)."""

from __future__ import annotations


def mask_certificate(number: str) -> str:
    """First three and last four characters; of a short number the last two only."""
    if len(number) < 10:
        return "*" * (len(number) - 2) + number[-2:]
    return number[:3] + "*" * (len(number) - 7) + number[-4:]


def mask_phone(phone: str) -> str:
    """138****1234."""
    return phone[:3] + "****" + phone[-4:]


def mask_name(name: str) -> str:
    """王**: the first character only."""
    return name[:1] + "**"
