"""Commands for the erasure of one person's data: who it is, the request, and how far each request is."""

from __future__ import annotations

import click

from server.actions.accounts.manage_users import find_user
from server.actions.erasure.list_erasures import erasures, find_by_certificate
from server.actions.erasure.request_erasure import Asked, request_erasure, same_person
from server.base.clock import to_iso
from server.base.db import read, write
from server.cli.base import check_schema, make_app, print_table, runtime_of, table

_DONE = {
    "lines": "日志行",
    "records": "记录",
    "photos": "照片",
    "refused": "退回的记录",
    "rosters": "名册文件",
    "forms": "草稿",
    "late": "事后到达的记录",
    "mentions": "另有提及 (未删, 请人工查看)",
}
_STEPS = {
    "records": "名册",
    "log": "日志",
    "refused": "退回的记录",
    "rosters": "名册文件",
    "forms": "草稿",
    "file": "数据库文件",
}


@click.command("find")
def find() -> None:
    """按证件号码查找一个人在各地点名册上的记录。号码从键盘或标准输入读, 不留在命令历史里。"""
    number = click.prompt("证件号码", hide_input=True).strip()
    app = make_app()
    check_schema(app)
    shown = table("地点", "姓名", "证件号码", "进场", "退场", "编号")
    with app.app_context(), read() as session:
        found = find_by_certificate(session, runtime_of(app).seals, number)
    for one in found:
        shown.add_row(one.site, one.name, one.certificate, one.entered_on, one.exited_on or "", one.id)
    if not found:
        raise click.ClickException("名册里没有这个证件号码。[unknown_person]")
    print_table(shown)


@click.command("erase")
@click.argument("worker_id")
@click.option("--by", "name", required=True, help="经办的管理员 (登录名)。")
@click.option("--reason", required=True, help="理由, 如: 本人依个人信息保护法第四十七条申请。")
@click.option("--document", required=True, help="文号或案号: 依据的申请书、批准文件。")
@click.option("--yes", is_flag=True, help="不再询问。")
def erase(worker_id: str, name: str, reason: str, document: str, yes: bool) -> None:
    """删除一个人的全部个人资料 (名册编号 WORKER_ID, 见 person find)。不能撤回。

    \b
    日志里关于他的每一行只留散列, 链和签名照样可以核对; 名册、测温、出入、个案和照片都删去, 平板同步时也删去。
    已经作出的判定不变。scheduler 在后台逐步进行, 中断后接着做。
    法定保存期 (如实名制台账: 完工且工资结清后三年) 未满的不得删除, 请先核对, 并在文号里写明依据。
    更早的备份里还有他的资料, 请按备份的保存期一并处理。
    """
    app = make_app()
    check_schema(app)
    runtime = runtime_of(app)
    with app.app_context():
        with read() as session:
            records = same_person(session, worker_id.strip().lower())
        if not yes:
            click.confirm(f"此人在名册上有 {len(records)} 条记录。删除之后不能恢复, 继续?", abort=True)
        with write() as session:
            asked = Asked(find_user(session, name), records, reason, document)
            made = request_erasure(session, runtime.seals, asked, runtime.clock.now_ms())
    click.echo(f"已登记删除, 编号 {made.id}; scheduler 在后台进行, 进度见 gongdi person erasures")


@click.command("erasures")
def show() -> None:
    """列出删除个人资料的登记: 谁, 何时, 为什么, 文号, 进度。"""
    app = make_app()
    check_schema(app)
    shown = table("登记时间", "经办", "理由", "文号", "进度", "已删", "编号")
    with app.app_context(), read() as session:
        for row, by in erasures(session):
            state = f"完成 {to_iso(row.done_ms)}" if row.done_ms else f"进行中: {_STEPS[row.step]}"
            done = ", ".join(f"{_DONE[key]} {count}" for key, count in row.done.items() if count)
            shown.add_row(to_iso(row.asked_ms), by, row.reason, row.document, state, done, row.id)
    print_table(shown)
