"""Commands for forms: the kinds of records that an office writes itself."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import click

from schemas.forms.faults import FormRefused
from schemas.forms.shipped import example_tables_json
from schemas.forms.tables import Tables
from server.actions.accounts.manage_users import find_user
from server.actions.forms.check_form import check_form, faults_json
from server.actions.forms.diff_form import diff_forms
from server.actions.forms.list_forms import form_of_code, list_forms, reach_of, tables_of
from server.actions.forms.publish_form import Published, Signers, publish_form
from server.actions.forms.retire_form import retired_tables
from server.actions.reference.load_reference import rules_in_force, tx_of
from server.actions.reference.office_fields import TITLES
from server.base.clock import to_iso
from server.base.db import Session, read, write
from server.base.problems import Problem
from server.cli.base import check_schema, make_app, print_table, runtime_of, table
from server.files.form_files import form_workbook, read_form_file
from server.rules.calendar import add_days, local_date_of
from server.workflows.judge_forms import judge_waiting

_FILE = click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))


def read_tables(path: Path) -> Tables:
    """The tables of a workbook, or of its JSON. Raises Problem 4xx for the file itself."""
    return read_form_file(path.name, path.read_bytes())


@click.command("check")
@_FILE
@click.option("--json", "as_json", is_flag=True, help="打印全部问题 (JSON)。")
def check(file: Path, as_json: bool) -> None:
    """检查表单 FILE (.xlsx 或 JSON), 不发布。有问题时以 1 退出。"""
    app = make_app()
    check_schema(app)
    runtime, faults = runtime_of(app), []
    try:
        with app.app_context(), read() as session:
            form = check_form(
                tx_of(session, runtime.seals, runtime.clock.now_ms()), read_tables(file)
            ).compiled
    except FormRefused as refused:
        faults = faults_json(refused)
        lines = [*map(str, refused.faults), *_more(refused)]
    except Problem as problem:  # of the file itself
        faults = [_file_fault(problem)]
        lines = [f"{problem.title}: {problem.detail}"]
    else:
        lines = [f"没有问题: {form.form.title} ({form.form.code}) 第 {form.form.version} 版"]
        lines += [
            f"  连同 {row.sheet} 第 {row.number} 行: {row.data['code']}"
            for row in form.rows
            if row.noun in TITLES
        ]
    click.echo(json.dumps(faults, ensure_ascii=False, indent=1) if as_json else "\n".join(lines))
    if faults:
        raise SystemExit(1)


@click.command("publish")
@_FILE
@click.option("--author", help="写这张表单的用户; 和 --approver 一起用。")
@click.option("--approver", help="批准发布的另一名用户。")
def publish(file: Path, author: str | None, approver: str | None) -> None:
    """发布表单 FILE, 连同其中的职责、场所类型和地点类型; 有一处不对就全部不发布。平板下一次同步就有。

    \b
    gongdi form check 池塘巡查.xlsx
    gongdi form publish 池塘巡查.xlsx
    """
    if (author is None) != (approver is None):
        raise click.UsageError("--author 和 --approver 要一起写, 由两名用户担任。")
    tables = _read_or_fail(file)

    def act(session: Session, seals: Any, now_ms: int) -> Published:
        names = [find_user(session, name).id if name is not None else None for name in (author, approver)]
        return publish_form(tx_of(session, seals, now_ms), tables, Signers(*names))

    _publish(act)


@click.command("retire")
@click.argument("code")
@click.option("--to", metavar="YYYY-MM-DD", help="从哪一天起停用; 不填为明天。")
def retire(code: str, to: str | None) -> None:
    """停用表单 CODE: 发布一个写明停用日期的新版本。已写的记录照常有效。"""

    def act(session: Session, seals: Any, now_ms: int) -> Published:
        tx = tx_of(session, seals, now_ms)
        _, tables = retired_tables(tx, code, to or add_days(local_date_of(now_ms), 1))
        return publish_form(tx, tables)

    _publish(act)


def _publish(act: Any) -> None:
    app = make_app()
    check_schema(app)
    runtime = runtime_of(app)
    now_ms = runtime.clock.now_ms()
    with app.app_context():
        try:
            with write() as session:
                done = act(session, runtime.seals, now_ms)
        except FormRefused as refused:
            _fail(refused)
        again = judge_waiting(runtime, now_ms)
        with read() as session:
            reach = reach_of(session, done.form)
    form = done.form
    what = "已发布" if done.is_new else "内容相同, 没有变化"
    click.echo(f"{what}: {form.title} ({form.code}) 第 {form.version} 版, {form.since} 起用")
    if done.rows:
        click.echo(f"一起装入 {done.rows} 行: 职责、时段、场所类型或地点类型; 下一次调度就生成时段")
    if again["done"]:
        click.echo(f"以前退回、等这张表单的记录已重新处理: {again['done']} 条")
    click.echo(f"涉及{reach}")


@click.command("diff")
@_FILE
def diff(file: Path) -> None:
    """表单 FILE 和已发布的最新版本相比, 改了什么。"""
    tables = _read_or_fail(file)
    app = make_app()
    check_schema(app)
    runtime = runtime_of(app)
    with app.app_context(), read() as session:
        tx = tx_of(session, runtime.seals, runtime.clock.now_ms())
        try:
            form = check_form(tx, tables).compiled.form
        except FormRefused as refused:
            _fail(refused)
        versions = tx.book.kinds.forms.get(form.code, {})
        old = versions[max(versions)].form if versions else None
    changes = diff_forms(old, form)
    named = f"第 {old.version} 版 → 第 {form.version} 版" if old is not None else "新表单"
    click.echo(f"{form.title} ({form.code}): {named}")
    for change in changes:
        click.echo(f"  {change}")
    if not changes:
        click.echo("  内容相同")


@click.command("export")
@click.argument("code")
@click.option("--version", type=int, help="第几版; 不填为最新。")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="写到文件 (.xlsx 或 .json)。")
def export(code: str, version: int | None, out: Path | None) -> None:
    """取出表单 CODE 的工作簿, 改了可以发布下一版。不写 --out 时打印 JSON。"""
    app = make_app()
    check_schema(app)
    with app.app_context(), read() as session:
        tables = tables_of(session, form_of_code(rules_in_force(session), code, version))
    if out is not None and out.suffix.lower() == ".xlsx":
        out.write_bytes(form_workbook(tables))
        return
    text = json.dumps(tables, ensure_ascii=False, indent=1)
    if out is not None:
        out.write_text(text + "\n", "utf-8")
    else:
        click.echo(text)


@click.command("example")
@click.argument("file", metavar="FILE.xlsx", type=click.Path(dir_okay=False, path_type=Path))
def example(file: Path) -> None:
    """写出一份完整的样表 FILE.xlsx (池塘巡查: 表单、职责、场所类型、地点类型), 改了就能发布。"""
    file.write_bytes(form_workbook(example_tables_json()))
    click.echo(f"已写到 {file}; 改好后: gongdi form check {file}")


@click.command("list")
def show() -> None:
    """列出全部表单和版本。"""
    shown = table("代码", "版本", "名称", "起用", "停用", "发布")
    app = make_app()
    check_schema(app)
    with app.app_context(), read() as session:
        for one in list_forms(session, rules_in_force(session)):
            form = one.form
            at = "随系统提供" if one.at_ms is None else to_iso(one.at_ms)[:16].replace("T", " ")
            shown.add_row(form.code, str(form.version), form.title, form.since, form.to or "", at)
    print_table(shown)


def _read_or_fail(file: Path) -> Tables:
    try:
        return read_tables(file)
    except Problem as problem:
        raise click.ClickException(f"{problem.title}: {problem.detail} [{problem.code}]") from problem


def _file_fault(problem: Problem) -> Mapping[str, str | int | None]:
    return {"sheet": "", "row": None, "column": None, "code": problem.code, "message": problem.detail}


def _fail(refused: FormRefused) -> NoReturn:
    click.echo("表单没有发布, 请改正后重试:", err=True)
    for line in (*map(str, refused.faults), *_more(refused)):
        click.echo(line, err=True)
    sys.exit(1)


def _more(refused: FormRefused) -> list[str]:
    more = refused.count - len(refused.faults)
    return [f"另有 {more} 处。"] if more else []
