from __future__ import annotations

from pathlib import Path

import pytest

from server.actions.notices import channels
from tests.server.office import office

__all__ = ["office", "pigeon"]

PIGEON = """
CODE, TITLE, SCHEMES, EXAMPLE = "pigeon", "信鸽", ("pigeon",), "pigeon://…"
SENT = []


def send(outgoing, address, _private_hosts):
    SENT.append((outgoing.title, address))
    return True
"""


@pytest.fixture
def pigeon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    (tmp_path / "pigeon.py").write_text(PIGEON, "utf-8")
    monkeypatch.setattr(channels, "__path__", [*channels.__path__, str(tmp_path)])
    found = channels.find_channels(channels.__path__)["pigeon"]
    monkeypatch.setitem(channels.CHANNELS, "pigeon", found)
    found.SENT.clear()  # type: ignore[attr-defined]
    return found.SENT  # type: ignore[attr-defined, no-any-return]
