"""Commands for the reports of weeks and months."""

from __future__ import annotations

from pathlib import Path

import click

from server.actions.plans.read_plan import known_plan
from server.actions.reference.load_reference import rules_in_force
from server.base.clock import to_iso
from server.base.db import read
from server.cli.base import check_schema, make_app, print_table, runtime_of, table
from server.models.report import Report, list_reports
from server.rules.calendar import local_date_of
from server.rules.reports import PERIODS, Period, period_named, period_of
from server.workflows.make_reports import make_report

_LISTED = 60


@click.command("make")
@click.option("--week", metavar="2026-W48", help="哪一周 (周一至周日)。")
@click.option("--month", metavar="2026-11", help="哪一月。")
@click.option("--plan", help="方案的代码; 不填为第一个。")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="另存两个文件到这个文件夹。")
def make(week: str | None, month: str | None, plan: str | None, out: Path | None) -> None:
    """生成一份周报或月报 (.xlsx 和 PDF) 并保存; 已有的不再生成, 也不改动。

    \b
    gongdi report make --week 2026-W48
    gongdi report make --month 2026-11 --out 报告
    """
    if (week is None) == (month is None):
        raise click.UsageError("请写 --week 或 --month, 只写一个。")
    period = period_named(str(week or month))
    if period is None or (period.kind == "week") != (week is not None):
        raise click.UsageError("没有这一周或这一月: 周写成 2026-W48, 月写成 2026-11。")
    app = make_app()
    check_schema(app)
    now_ms = runtime_of(app).clock.now_ms()
    if period.ends_ms > now_ms:
        raise click.ClickException(f"{period.title}还没有结束, 报告保存后不再改动, 请等它结束。")
    with app.app_context():
        with read() as session:
            code, _ = known_plan(rules_in_force(session), plan, local_date_of(now_ms))
        made = make_report(code, period, now_ms)
        click.echo(
            f"{'已生成并保存' if made else '早已生成, 没有改动'}: {code} {PERIODS[period.kind]} {period.title}"
        )
        if out is not None:
            _save(code, period, out)


@click.command("list")
@click.option("--plan", help="方案的代码; 不填为第一个。")
def show(plan: str | None) -> None:
    """列出已生成的周报和月报。"""
    shown = table("报告", "时段", "代码", "生成")
    app = make_app()
    check_schema(app)
    today = local_date_of(runtime_of(app).clock.now_ms())
    with app.app_context(), read() as session:
        code, _ = known_plan(rules_in_force(session), plan, today)
        for kind, first_day, made_ms in list_reports(session, code, _LISTED):
            period = period_of(kind, first_day)
            shown.add_row(PERIODS[kind], period.title, period.code, to_iso(made_ms)[:16])
    print_table(shown)


def _save(plan: str, period: Period, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    with read() as session:
        report = session.get_one(Report, (plan, period.kind, period.first_day))
    for ending, data in (("xlsx", report.workbook), ("pdf", report.pdf)):
        path = out / f"{plan}-{period.code}.{ending}"
        path.write_bytes(data)
        click.echo(f"已写入 {path}")
