"""Free text as people write it into forms: without what no database holds, and what shows in another order."""

from __future__ import annotations

import re

_TROUBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")


def cleaned(text: str) -> str:
    """The text without controls and marks that reverse its order; its own line ends and tabs stay."""
    return _TROUBLE.sub("", text.replace("\r\n", "\n")).strip()
