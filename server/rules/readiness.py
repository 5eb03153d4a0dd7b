"""Is this server ready? Each check says by a code, and in words for the operator, what is wrong and what to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from server.rules.calendar import HOUR_MS, Holidays, add_days
from server.rules.keys import KeyFault

AHEAD_MS_MAX = 10_000  # by so much the clocks of two machines may differ
_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that the work needs. `ok` with a `code`: a warning, the work continues. `figures`: what was measured."""

    ok: bool
    code: str = ""
    detail: str = ""
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def warns(self) -> bool:
        return self.ok and bool(self.code)

    def as_dict(self) -> dict[str, Any]:
        problem = {"code": self.code, "detail": self.detail} if self.code else {}
        return {"ok": self.ok, **problem, **self.figures}


@dataclass(frozen=True, slots=True)
class DiskLimits:
    """Free room in megabytes: below `least_mb` nothing can be accepted for sure, below `warn_mb` there is a warning."""

    least_mb: float
    warn_mb: float


def check_schema(at: str | None, newest: str | None) -> Check:
    """Whether the database is at the version that this program needs."""
    figures = {"at": at, "newest": newest}
    if at == newest:
        return Check(True, figures=figures)
    return Check(False, "schema_differs", "数据库版本与程序不符, 请运行 gongdi db upgrade。", figures)


def check_heartbeat(age_ms: int | None, late_ms: int) -> Check:
    """Whether a scheduler finished a tick within `late_ms`. A heartbeat from the future (`age_ms` below 0) proves nothing:
    this machine's clock was set back, or another's is ahead."""
    figures = {"heartbeat_age_s": None if age_ms is None else round(age_ms / 1000, 1)}
    if age_ms is not None and age_ms < -AHEAD_MS_MAX:
        detail = "最近一次调度的时间在将来: 服务器时钟被拨回, 或几台机器的时钟不一致。请校准时钟 (NTP)。"
        return Check(False, "heartbeat_in_future", detail, figures)
    if age_ms is None or age_ms > late_ms:
        return Check(
            False, "scheduler_silent", "调度没有在运行。请启动 gongdi scheduler 并查看它的日志。", figures
        )
    return Check(True, figures=figures)


def check_keys(faults: list[KeyFault]) -> Check:
    """Whether the keys that the process holds, and those it would start with, are the database's."""
    if not faults:
        return Check(True)
    return Check(False, faults[0].code, " ".join(fault.detail for fault in faults))


def check_disk(free_bytes: int, limits: DiskLimits) -> Check:
    """Whether there is enough free space."""
    free_mb = free_bytes // _MB
    figures = {"free_mb": free_mb}
    if free_mb < limits.least_mb:
        detail = "磁盘将满, 数据无法可靠保存。请清理磁盘或扩容; 平板上未发的记录不会丢, 之后会自动重发。"
        return Check(False, "disk_full", detail, figures)
    if free_mb < limits.warn_mb:
        return Check(True, "disk_low", "磁盘剩余空间不多, 请尽快清理或扩容。", figures)
    return Check(True, figures=figures)


def check_backup(age_ms: int | None, late_h: float) -> Check:
    """Whether the newest backup is no older than `late_h` hours. A late one is a warning: the work continues."""
    figures = {"backup_age_h": None if age_ms is None else round(age_ms / HOUR_MS, 1)}
    if age_ms is None or age_ms > late_h * HOUR_MS:
        detail = "没有新的备份。请查看 gongdi scheduler 的日志, 以及 GONGDI_BACKUP_DIR 的空间和权限。"
        return Check(True, "backup_late", detail, figures)
    return Check(True, figures=figures)


def check_holidays(holidays: Holidays, today: str, warn_days: int) -> Check:
    """Whether the official calendar is known for today and for `warn_days` from now."""
    for local_date in (today, add_days(today, warn_days)):
        if not holidays.knows(local_date):
            year = local_date[:4]
            detail = (
                f"{year} 年的节假日安排没有装入, 该年周一至周五一律按工作日计。"
                "请按国务院办公厅的通知补 seed_data/holidays.csv, 再运行 gongdi seed reference。"
            )
            return Check(True, "holidays_end", detail, {"year": int(year)})
    return Check(True)
