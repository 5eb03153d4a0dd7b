"""What the tablet reports to its caller: outcomes of an exchange are values, only misuse is an exception."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_TEXTS = {
    "offline": "连不上服务器, 记录已保存在本机, 稍后会自动重试。",
    "no_answer": "服务器没有及时回答, 记录已保存在本机, 下次会分成小批再传。",
    "bad_answer": "服务器的回答无法识别, 记录仍保存在本机。",
    "receipt_invalid": "服务器回执的签名不正确, 记录仍保存在本机。请联系管理员。",
    "not_enrolled": "本设备还没有注册。",
    "already_enrolled": "本设备已经注册, 重新注册请使用新的目录。",
    "device_revoked": "本设备已被停用, 不能再写入记录。",
    "scope_gone": "您已不再负责这个地点, 不能再写入记录。",
    "unknown_record": "本机没有这条记录。",
    "observed_ahead": "补录的实际时间不能晚于现在。",
    "unreadable": "这条记录的内容不是有效的 JSON。",
}


class TabletError(Exception):
    """The caller asked for something that cannot be done here. `code` is stable, `detail` is for people
    (zh-CN)."""

    def __init__(self, code: str, detail: str = "") -> None:
        self.code = code
        self.detail = detail or _TEXTS.get(code, "")
        super().__init__(f"{code}: {self.detail}" if self.detail else code)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why an exchange stopped: a problem code of the server's, or `offline`, `no_answer`, `bad_answer`,
    `receipt_invalid`.

    `status` is the HTTP status, 0 without an answer. `members` is the problem document as it came.
    """

    code: str
    detail: str = ""
    status: int = 0
    retry_after_s: float | None = None
    members: Mapping[str, Any] = field(default_factory=dict)


class ExchangeFailed(Exception):
    """Carries a `Trouble` from the exchange to push or pull, which report it as a value."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.code)
        self.trouble = trouble


def trouble_of(code: str, detail: str = "") -> Trouble:
    """A trouble of this side's own, with its text."""
    return Trouble(code, detail or _TEXTS.get(code, ""))


@dataclass(slots=True)
class PushReport:
    """`sent` entries went up and were answered; `outcomes` counts the answers; `waiting` entries are still
    held."""

    sent: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    waiting: int = 0
    problem: Trouble | None = None


@dataclass(slots=True)
class PullReport:
    """`puts` and `dels` were stored; `resets` scopes were begun again; `gone` scopes were purged, `leaving`
    ones wait until their outbox is empty. `cut`: the answer broke off, and what was complete of it is
    stored."""

    puts: int = 0
    dels: int = 0
    resets: int = 0
    gone: list[str] = field(default_factory=list)
    leaving: list[str] = field(default_factory=list)
    mismatched: list[str] = field(default_factory=list)
    cut: bool = False
    problem: Trouble | None = None


@dataclass(frozen=True, slots=True)
class SyncReport:
    """Both halves, and how many seconds to wait before trying again on one's own (0: nothing failed)."""

    push: PushReport
    pull: PullReport | None
    wait_s: float

    @property
    def ok(self) -> bool:
        return self.push.problem is None and (self.pull is None or self.pull.problem is None)


@dataclass(frozen=True, slots=True)
class Item:
    """One record as a person sees it now: what was pulled, with this tablet's own unsent work laid over it.

    A corrected fact stays, with `amended_by` in its body and `amends` in the other's; a void one with
    `voided`; one that was written down later has `observed`, and so has its correction: as the server sends
    them. `rev` is 0 until the server has given one. `state`: `synced`,
    `sent` (acknowledged, not pulled yet), `held`, `unsent`.
    """

    scope: str
    kind: str
    id: str
    rev: int
    body: Mapping[str, Any]
    state: str = "synced"


@dataclass(frozen=True, slots=True)
class RefusedEntry:
    """An entry that the server refused and keeps in quarantine. `body` is None after its scope was purged."""

    id: str
    scope: str
    n: int
    kind: str
    record: str
    act: str
    code: str
    errors: Mapping[str, Any]
    body: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class ScopeStatus:
    """`n` entries were written here, `unsent` of them wait; `receipt_at` is the time of the server's last
    receipt."""

    scope: str
    n: int
    hash: str
    unsent: int
    records: int
    active: bool
    receipt_at: str | None
    trouble: str | None


@dataclass(frozen=True, slots=True)
class Status:
    """Everything that the tablet's owner may ask about it. `state`: `new`, `enrolling`, `enrolled`,
    `revoked`."""

    state: str
    device: str
    user: str
    url: str
    name: str
    unsent: int
    held: int
    refused: int
    beacon: str | None
    server_offset_ms: int | None
    pushed_ms: int | None
    pulled_ms: int | None
    failures: int
    scopes: tuple[ScopeStatus, ...]
