"""Facts as files, for whoever counts them elsewhere."""

from __future__ import annotations

from pathlib import Path

import click

from schemas.fields import is_real_date
from server.actions.accounts.manage_users import find_user
from server.base.db import read
from server.cli.base import make_app, runtime_of
from server.models.access import viewer_of
from server.rules.calendar import add_days, local_date_of
from server.workflows.export_csv import Asked, export_csv


@click.command("export")
@click.option("--csv", "folder", required=True, type=click.Path(path_type=Path), help="写到哪个空文件夹。")
@click.option("--by", "name", required=True, help="由哪个用户导出: 只有他能看到的地点和种类。")
@click.option("--reason", required=True, help="事由, 会被保留。")
@click.option("--from", "first", default="", help="从哪天, 如 2026-11-01; 不写为最近 31 天。")
@click.option("--to", "last", default="", help="到哪天 (含)。")
def export(folder: Path, name: str, reason: str, first: str, last: str) -> None:
    """把记录和每日数字写成 CSV 文件, 不含身份: 人员是固定的假名, 自由填写的文字不在其中。

    \b
    gongdi export --csv ./facts --by zhian --reason 月度统计 --from 2026-11-01 --to 2026-11-30
    """
    app = make_app()
    runtime = runtime_of(app)
    now_ms = runtime.clock.now_ms()
    last = last or local_date_of(now_ms)
    first = first or (add_days(last, -30) if is_real_date(last) else last)
    if not (is_real_date(first) and is_real_date(last)):
        raise click.UsageError("日期应写成 2026-11-01 的样子。")
    if not reason.strip():
        raise click.UsageError("请写明事由。")
    with app.app_context():
        with read() as session:
            viewer = viewer_of(session, find_user(session, name))
        rows = export_csv(runtime.seals, viewer, folder, Asked(first, last), reason, now_ms)
    click.echo(f"已写入 {folder}: {len(rows)} 个文件, {sum(rows.values())} 行")
