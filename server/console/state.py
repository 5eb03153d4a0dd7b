"""运行状况: whether everything works that the work needs, how old the newest backup is, and how long what is kept."""

from __future__ import annotations

from server.actions.reference.load_reference import rules_in_force
from server.actions.reference.name_codes import read_names
from server.base.db import read
from server.console.pages import blueprint, render, require_role
from server.models.entry import refusals_by_site
from server.models.notice import channels_by_state
from server.models.user import ADMIN
from server.rules.calendar import local_date_of
from server.rules.from_rows import UNITS, in_force
from server.web.readiness import readiness
from server.web.responses import now_ms, runtime
from server.workflows.keep_backups import newest_backup_ms

_CHECKS = {
    "database": "数据库",
    "migrations": "数据库版本",
    "scheduler": "定时任务",
    "keys": "密钥",
    "disk": "磁盘",
    "holidays": "节假日安排",
    "backup": "备份",
    "reference": "基础数据",
}
_KEPT = (  # rules by which something is deleted after a time
    *("health_days", "media_days", "window_days", "audit_days", "notice_days", "quarantine_days"),
    *("roster_file_days", "boot_days", "beacon_days", "receipt_days", "enrol_code_days", "coverage_days"),
)
_SITES_SHOWN = 20


@blueprint.get("/admin/state")
def show_state() -> str:
    """The checks of /readyz in words, backups, where refused lines wait, retention and channels."""
    require_role(ADMIN)
    checks = readiness()
    folder = runtime().config.backup_dir
    with read() as session:
        rows = rules_in_force(session).rows["rules"]
        channels = channels_by_state(session)
        refusals = refusals_by_site(session, _SITES_SHOWN)
        names = read_names(session)
    today = local_date_of(now_ms())
    kept = [row for row in (in_force(rows, code, today) for code in _KEPT) if row is not None]
    backup = {
        "keeps_backups": folder is not None,
        "backed_up_ms": newest_backup_ms(folder) if folder else None,
    }
    shown = {"checks": checks, "titles": _CHECKS, "kept": kept, "units": UNITS, "channels": channels}
    shown["refusals"] = refusals
    return render("state.html", names, **shown, **backup, now=now_ms())
