"""What keeps an entry from taking effect, before anything is looked up."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from server.actions.sync.values import Effect, Written
from server.models.erasure import PERSON_ERASED

_ERASED = {"": ["此人的个人资料已依法删除, 这条记录不再生效; 原文由主管人员处理后删除。"]}


@dataclass(frozen=True, slots=True)
class Gate:
    """`kinds`: those that the device may write (None: all); `stopped_ms`: when it was revoked or its user disabled;
    `gone_ms`: when it pulled that its site is somebody else's; `erased`: entries about people whose data was erased."""

    kinds: Collection[str] | None
    stopped_ms: int | None
    gone_ms: int | None
    erased: Collection[str]

    @property
    def is_open(self) -> bool:
        """Whether it stops nothing but what is refused already."""
        return self.kinds is None and self.stopped_ms is None and self.gone_ms is None and not self.erased

    def stops(self, written: Written) -> Effect | None:
        """Why an entry has no effect now; None lets it pass. What was written before a device was stopped, and what was
        written after it had to hand its site over, waits for a user. What is about somebody whose data was erased is
        refused first of all: it must not stay under another code."""
        line, earliest_ms = written.line, written.times.earliest_ms
        if written.entry.id in self.erased:
            return Effect("refused", code=PERSON_ERASED, errors=_ERASED)
        if line.code is not None:
            return Effect("refused", code=line.code, errors=line.errors)
        if self.kinds is not None and written.entry.kind not in self.kinds:
            return Effect("refused", code="kind_not_allowed")
        if self.stopped_ms is not None:
            outcome = "held" if earliest_ms < self.stopped_ms else "refused"
            return Effect(outcome, code="device_revoked")
        if self.gone_ms is not None and earliest_ms >= self.gone_ms:
            return Effect("held", code="scope_not_assigned")
        return None
