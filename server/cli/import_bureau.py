"""The command that imports a bureau's sites, people and assignments from one workbook."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import click
import xlsxwriter

from server.actions.sites.import_rows import HINTS, PROBLEM, SHEETS, Imported, import_rows
from server.cli.base import writing
from server.files.read_workbook import read_workbook

_SHOWN_MAX = 5  # wrong rows on the screen; all of them are in the file


@click.command("import")
@click.argument("file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--commit", is_flag=True, help="导入。不写则只预览, 什么都不改变。")
@click.option("--template", is_flag=True, help="把空白模板写到 FILE。")
def import_file(file: Path, commit: bool, template: bool) -> None:
    """从一个工作簿 FILE 导入地点、人员和分配: 先预览, 再导入; 有问题的行另存, 改好再导入。

    \b
    gongdi import 全市.xlsx --template    写一份空白模板
    gongdi import 全市.xlsx               预览
    gongdi import 全市.xlsx --commit      导入

    没有填初始密码的, 密码自动生成, 存在 “…-密码.xlsx” (只有本人能读), 交给本人后请删除。重复导入同一个文件不会重复新增。
    """
    if template:
        _write(file, {sheet: [titles] for sheet, titles in SHEETS.items()}, notes=True)
        click.echo(f"模板已写到 {file}")
        return
    workbook = read_workbook(file.read_bytes())
    with writing() as (session, runtime, now_ms):
        tried = session.begin_nested()
        found = import_rows(session, runtime.seals, workbook, now_ms)
        if commit:
            tried.commit()
        else:
            tried.rollback()
    _print_found(file, found, commit)


def _print_found(file: Path, found: Imported, commit: bool) -> None:
    for sheet, counts in found.counts.items():
        click.echo(f"{sheet}: 新增 {counts['new']}, 已有 {counts['same']}, 有问题 {counts['wrong']}")
    if found.unread:
        click.echo(f"没有读的工作表: {'、'.join(found.unread)}")
    for row in found.wrong[:_SHOWN_MAX]:
        click.echo(f"  {row.sheet} 第 {row.line} 行: {row.problem}")
    if found.wrong:
        problems = file.with_name(f"{file.stem}-问题.xlsx")
        _write(problems, {sheet: list(_wrong_rows(found, sheet)) for sheet in SHEETS})
        click.echo(f"有问题的 {len(found.wrong)} 行在 {problems}, 改好后再导入。")
    if not commit:
        click.echo("以上是预览, 什么都没有改变。导入请加 --commit")
    elif found.passwords:
        kept = file.with_name(f"{file.stem}-密码.xlsx")
        rows = [["登录名", "初始密码"], *([name, password] for name, password in found.passwords.items())]
        _write(kept, {"密码": rows}, private=True)
        click.echo(f"自动生成的密码在 {kept}, 交给本人后请删除。")


def _wrong_rows(found: Imported, sheet: str) -> Iterable[Sequence[str]]:
    rows = [row for row in found.wrong if row.sheet == sheet]
    if rows:
        yield [*SHEETS[sheet], PROBLEM]
        for row in rows:
            yield [*(row.cells[title.rstrip("*")] for title in SHEETS[sheet]), row.problem]


def _write(
    file: Path, sheets: Mapping[str, Sequence[Sequence[str]]], *, private: bool = False, notes: bool = False
) -> None:
    """A workbook in which every cell is text, so that none can start a formula."""
    if private:  # before anything is in it
        file.touch(mode=0o600)
        os.chmod(file, 0o600)
    with file.open("wb") as out, xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        bold, text = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
        for name, rows in sheets.items():
            if rows:
                page = book.add_worksheet(name)
                page.set_column(0, len(rows[0]) - 1, 18, text)
                for number, row in enumerate(rows):
                    for column, cell in enumerate(row):
                        page.write_string(number, column, cell, bold if number == 0 else text)
                        hint = HINTS.get(cell.rstrip("*")) if notes else None
                        if hint:
                            page.write_comment(number, column, hint)
