"""Commands for what an office sets itself: duties, kinds of sites and places, units."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from schemas.worker import ASKABLE, SPARABLE
from server.actions.reference.load_reference import tx_of
from server.actions.reference.office_rows import rows_in_force, set_row, slots_in_force
from server.cli.base import print_table, table, writing

_DATED = (
    click.option("--from", "begins", metavar="YYYY-MM-DD", help="从哪一天起; 新的默认今天, 改动默认明天。"),
    click.option("--to", metavar="YYYY-MM-DD", help="到哪一天不再有效。"),
    click.option("--source", help="依据。"),
    click.option("--mark", type=click.Choice(("F", "M", "P")), help="F 已读到原文, M 待核对, P 本单位建议。"),
)


def _dated(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_DATED):
        command = option(command)
    return command


def _set(noun: str, code: str, begins: str | None, **changes: Any) -> None:
    with writing() as (session, runtime, now_ms):
        done = set_row(tx_of(session, runtime.seals, now_ms), noun, code, {"from": begins, **changes})
    click.echo(f"已写入 {code}; 下一次调度和同步后生效" if done else f"{code} 没有变化")


def _list(noun: str, titles: dict[str, str]) -> None:
    shown = table("代码", *titles.values(), "起", "止", "依据")
    with writing() as (session, runtime, now_ms):
        tx = tx_of(session, runtime.seals, now_ms)
        for row in rows_in_force(tx, noun):
            slots = slots_in_force(tx, row["code"], row["from"]) if noun == "duties" else []
            times = " ".join(f"{one['code']}@{one['opens']}-{one['due']}" for one in slots)
            cells = [_text({**row, "slots": times}.get(name)) for name in titles]
            shown.add_row(row["code"], *cells, row["from"], row["to"] or "", row["source"])
    print_table(shown)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    return " ".join(map(str, value)) if isinstance(value, list) else str(value or "")


def _codes(text: str | None) -> list[str] | None:
    return text.split() if text is not None else None


_MODES = (
    ("--judging", "判定方式: log coverage state period document event telemetry。"),
    ("--every", "周期: 如 weeks 1, days 1 due 17:00 grace 30 (宽限分钟), months 2。"),
    ("--rolling", "从上一次完成起算的周期: 如 months 2。"),
    ("--when", "计入哪些记录的条件。"),
    ("--holds", "state: 应满足的条件, 可用 place.m2、place.capacity 和 rule('代码')。"),
    ("--valid-days", "state: 记录在几天内有效。"),
    ("--per", "逐个 place, 或 place_kind、site。"),
    ("--need", "telemetry: 在线比例, 如 0.95。"),
    ("--trigger", "event: 由哪种记录引起。"),
    ("--trigger-when", "event: 引起要求的条件。"),
    ("--relation", "event: 回应与起因的关系: worker place parent。"),
    ("--within", "event: 多久之内, 如 minutes 30、hours 2。"),
)


def _by_mode(command: Any) -> Any:
    """The options of duties that are not asked by slots."""
    for name, words in reversed(_MODES):
        command = click.option(name, help=words)(command)
    return command


@click.command("set")
@click.argument("code")
@click.option("--name", help="名称 (新的必填)。")
@click.option("--evidence", help="由哪种记录完成: 记录种类或表单的代码。")
@click.option("--slots", help="时段: morning@06:00-10:00+30 (宽限分钟) 或通用的 morning, 用空格隔开。")
@click.option("--places", help="场所类型, 用空格隔开; 空为不分场所。")
@click.option("--site-kinds", help="地点类型, 用空格隔开。")
@click.option("--stages", help="阶段, 用空格隔开: preparing building stopped completed。")
@click.option("--severity", type=click.Choice(("severe", "ordinary", "facilities")), help="严重程度。")
@_by_mode
@_dated
def set_duty(
    code: str,
    name: str | None,
    evidence: str | None,
    slots: str | None,
    places: str | None,
    site_kinds: str | None,
    stages: str | None,
    severity: str | None,
    begins: str | None,
    to: str | None,
    source: str | None,
    mark: str | None,
    **mode: str | None,
) -> None:
    """新增职责 CODE, 或给它一个新版本: 只写要改的。已经判定的不变。

    \b
    gongdi duty set POND --name 池塘巡查 --evidence pond_round --places pond --site-kinds park \\
        --slots "morning evening"
    gongdi duty set DORM --name 宿舍人数 --judging state --every "weeks 1" --evidence dormitory_count \\
        --places dormitory --site-kinds construction --holds '${persons} <= 6' --valid-days 7
    gongdi duty set RETEST --name 发热复测 --judging event --evidence retest_log \\
        --trigger temperature_check --trigger-when '${celsius} > 37.3' \\
        --when '${minutes} >= 5' --relation worker --within "minutes 30" --site-kinds construction
    """
    lists = {"places": _codes(places), "site_kinds": _codes(site_kinds), "stages": _codes(stages)}
    own = {"name": name, "evidence": evidence, "slots": slots, "severity": severity, **lists, **mode}
    _set("duties", code, begins, to=to, source=source, mark=mark, **own)


@click.command("list")
def show_duties() -> None:
    """列出在用和将起用的职责。"""
    _list(
        "duties",
        {
            **{"name": "名称", "judging": "判定", "cadence": "频次", "evidence": "记录", "places": "场所"},
            **{"site_kinds": "地点类型", "slots": "时段"},
        },
    )


@click.command("set")
@click.argument("code")
@click.option("--name", help="名称 (新的必填)。")
@click.option("--unit", help="主管科室的代码, 先收到问题标记 (新的必填)。")
@click.option(
    "--rests",
    type=click.Choice(("official", "holidays", "never")),
    help="休息日: 周末和节假日, 节假日, 不休。",
)
@click.option("--worker-optional", help=f"人员可不填的项, 用空格隔开: {' '.join(SPARABLE)}。")
@click.option("--word", help="对一处的称呼, 如 公园; 不填为地点。")
@click.option("--worker-more", "worker_required", help=f"人员另须填的项, 用空格隔开: {' '.join(ASKABLE)}。")
@_dated
def set_site_kind(
    code: str,
    name: str | None,
    unit: str | None,
    rests: str | None,
    worker_optional: str | None,
    worker_required: str | None,
    word: str | None,
    begins: str | None,
    to: str | None,
    source: str | None,
    mark: str | None,
) -> None:
    """新增或修改地点类型 CODE。"""
    people = {"worker_optional": _codes(worker_optional), "worker_required": _codes(worker_required)}
    own = {"name": name, "unit": unit, "rests": rests, "word": word, **people}
    _set("site_kinds", code, begins, to=to, source=source, mark=mark, **own)


@click.command("list")
def show_site_kinds() -> None:
    """列出地点类型。"""
    _list(
        "site_kinds", {"name": "名称", "unit": "主管科室", "rests": "休息日", "worker_optional": "人员可不填"}
    )


@click.command("set")
@click.argument("code")
@click.option("--name", help="名称 (新的必填)。")
@click.option("--living/--no-living", default=None, help="是否有人食宿。")
@_dated
def set_place_kind(
    code: str,
    name: str | None,
    living: bool | None,
    begins: str | None,
    to: str | None,
    source: str | None,
    mark: str | None,
) -> None:
    """新增或修改场所类型 CODE。"""
    _set("place_kinds", code, begins, to=to, source=source, mark=mark, name=name, living=living)


@click.command("list")
def show_place_kinds() -> None:
    """列出场所类型。"""
    _list("place_kinds", {"name": "名称", "living": "食宿"})


@click.command("set")
@click.argument("code")
@click.option("--name", help="名称 (新的必填)。")
@click.option("--reviews/--no-reviews", default=None, help="是否审核问题标记; 企业不审核自己的。")
@_dated
def set_unit(
    code: str,
    name: str | None,
    reviews: bool | None,
    begins: str | None,
    to: str | None,
    source: str | None,
    mark: str | None,
) -> None:
    """新增或修改科室 CODE。"""
    _set("units", code, begins, to=to, source=source, mark=mark, name=name, reviews=reviews)


@click.command("list")
def show_units() -> None:
    """列出科室。"""
    _list("units", {"name": "名称", "reviews": "审核"})
