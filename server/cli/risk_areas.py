"""Commands for the list of areas at risk."""

from __future__ import annotations

from pathlib import Path

import click

from server.actions.reference.list_areas import enter_areas, listed_areas, read_areas
from server.actions.reference.load_reference import tx_of
from server.cli.base import print_table, table, writing
from server.files.read_workbook import read_workbook
from server.rules.calendar import local_date_of
from server.rules.travel import LEVELS


@click.command("list")
def show() -> None:
    """列出现在的风险地区。"""
    shown = table("代码", "名称", "级别", "起算", "列入", "移出", "来源")
    with writing() as (session, _, now_ms):
        for row in listed_areas(session, local_date_of(now_ms)):
            dates = (row.get("since") or "", row["from"], row["to"] or "")
            shown.add_row(row["code"], row["name"], LEVELS[row["level"]], *dates, row["source"])
    print_table(shown)


@click.command("import")
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", required=True, help="来源, 如 国务院客户端 2021-12-20。")
@click.option("--complete", is_flag=True, help="这是完整名单: 没有列出的地区今天移出。")
def import_list(file: Path, source: str, complete: bool) -> None:
    """录入风险地区名单 FILE (.csv 或 .xlsx): 列为 代码、名称、级别、起算日期、列入日期、移出日期。

    \b
    gongdi risk-area import 名单.xlsx --source "国务院客户端 2021-12-20" --complete
    """
    areas = read_areas(read_workbook(file.read_bytes()))
    with writing() as (session, runtime, now_ms):
        done = enter_areas(tx_of(session, runtime.seals, now_ms), areas, source, is_complete=complete)
    click.echo(f"已录入 {done.changed} 处, 移出 {done.ended} 处; 下一次调度核对各地点的行程")
