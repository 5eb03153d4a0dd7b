"""Commands for the official calendar of days off."""

from __future__ import annotations

from pathlib import Path

import click

from server.actions.reference.enter_holidays import (
    enter_holidays,
    known_until,
    read_holidays,
    years_entered,
)
from server.cli.base import print_table, table, writing
from server.files.read_workbook import read_workbook


@click.command("list")
def show() -> None:
    """列出已录入的年份, 以及安排已知到哪一天。"""
    shown = table("年份", "放假", "上班", "依据")
    with writing() as (session, _, now_ms):
        for one in years_entered(session):
            shown.add_row(one.year, str(one.days_off), str(one.working_days), one.source)
        until = known_until(session, now_ms)
    print_table(shown)
    click.echo(f"已知到 {until}; 之后按周一至周五算工作日。")


@click.command("add")
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", required=True, help="依据, 如国务院办公厅通知的文号。")
def add(file: Path, source: str) -> None:
    """录入一年的节假日安排 FILE (.csv 或 .xlsx): 列为 日期、安排 (放假或上班)、名称。再次录入会替换这一年的安排。

    \b
    gongdi holidays add 2027.csv --source 国办发明电〔2026〕7号
    """
    rows = read_holidays(read_workbook(file.read_bytes()))
    with writing() as (session, _, now_ms):
        year = enter_holidays(session, rows, source.strip(), now_ms)
        until = known_until(session, now_ms)
    click.echo(f"已录入 {year} 年的安排, 共 {len(rows)} 天; 已知到 {until}")
