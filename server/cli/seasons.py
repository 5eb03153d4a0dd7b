"""Commands that end duties, or begin them again, on a date."""

from __future__ import annotations

from collections.abc import Callable

import click

from server.actions.reference.load_reference import tx_of
from server.actions.reference.seasons import begin_duties, end_duties
from server.base.problems import not_found
from server.cli.base import writing
from server.models.audit import Deed, record_deed
from server.models.tx import Tx

_CODES = click.argument("codes", metavar="CODE...", nargs=-1, required=True)
_FROM = click.option("--from", "day", metavar="YYYY-MM-DD", required=True, help="从哪一天起; 最早明天。")
_SOURCE = click.option("--source", required=True, help="依据: 文号, 或谁的决定。")


@click.command("end")
@_CODES
@_FROM
@_SOURCE
def end(codes: tuple[str, ...], day: str, source: str) -> None:
    """从一天起不再要求职责 CODE...; 过去的日子按原来的判定, 记录和问题标记都留着。

    \b
    gongdi duty end TEMP TEMP-CANTEEN RETEST --from 2023-01-08 --source 乙类乙管
    """
    _switch(codes, day, source, "to", lambda tx: end_duties(tx, codes, day))


@click.command("begin")
@_CODES
@_FROM
@_SOURCE
def begin(codes: tuple[str, ...], day: str, source: str) -> None:
    """从一天起重新要求停用了的职责 CODE..., 和停用前一样。"""
    _switch(codes, day, source, "from", lambda tx: begin_duties(tx, codes, day, source))


def _switch(codes: tuple[str, ...], day: str, source: str, name: str, act: Callable[[Tx], int]) -> None:
    with writing() as (session, runtime, now_ms):
        tx = tx_of(session, runtime.seals, now_ms)
        if set(codes) - {row["code"] for row in tx.book.rows["duties"]}:
            raise not_found()
        done = act(tx)
        for code in codes if done else ():
            record_deed(session, Deed("row_changed", None, code, code, {name: ("", day)}, source), now_ms)
        click.echo(f"自 {day} 有 {done} 项职责{'停用' if name == 'to' else '起用'}")
