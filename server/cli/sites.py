"""Commands for the places under inspection."""

from __future__ import annotations

import click

from server.actions.reference.load_reference import tx_of
from server.actions.sites.assign_site import find_site
from server.actions.sites.register_site import NewSite, register_site, unit_of
from server.actions.sites.set_alert import set_alert
from server.actions.sites.suspend_site import NewSuspension, resume_site, suspend_site
from server.base.clock import to_iso
from server.cli.base import print_table, table, writing
from server.models.site import ALERTS, all_sites, sites_named, suspensions_of
from server.rules.calendar import instant_ms

_DAY = click.DateTime(["%Y-%m-%d"])


@click.command("add")
@click.argument("name")
@click.option("--district", required=True, help="区县代码, 如 410702。")
@click.option("--kind", default="construction", show_default=True, help="地点类型代码。")
@click.option("--unit", help="首先接收标记的科室代码; 不填按地点类型。")
@click.option("--place", "places", multiple=True, metavar="KIND:NAME", help="检查场所, 可多次给出。")
@click.option(
    "--company", "companies", multiple=True, metavar="CODE:NAME:ROLE", help="参建企业, 可多次给出。"
)
@click.option("--inhabited", is_flag=True, help="有人住宿。")
@click.option("--practice", is_flag=True, help="练习地点: 一切照常, 但不进任何名单、统计和通知。")
@click.option("--address", help="地址。")
@click.option("--position", nargs=2, type=float, metavar="LAT LON", help="纬度和经度 (WGS 84, 度)。")
def add(
    name: str,
    district: str,
    kind: str,
    unit: str | None,
    places: tuple[str, ...],
    companies: tuple[str, ...],
    inhabited: bool,
    practice: bool,
    address: str | None,
    position: tuple[float, float] | None,
) -> None:
    """新增在建地点 NAME; 下一次调度就生成检查时段。

    \b
    gongdi site add 东苑一期 --district 410702 --inhabited \\
        --place dormitory:1号宿舍楼 --place canteen:食堂 \\
        --company 91410700MA40000A10:甲建筑公司:009 --position 35.303 113.927
    """
    with writing() as (session, runtime, now_ms):
        namesakes = sites_named(session, name)
        made = register_site(
            session,
            runtime.seals,
            now_ms,
            NewSite(
                name=name,
                kind=kind,
                district=district,
                unit=unit or unit_of(session, kind, now_ms),
                stage="building",
                inhabited=inhabited,
                practice=practice,
                places=[dict(zip(("kind", "name"), _parts(place, 2), strict=True)) for place in places],
                address=address,
                position=position,
                companies=[
                    (code, title, role) for code, title, role in (_parts(one, 3) for one in companies)
                ],
            ),
        )
        click.echo(f"已新增地点 {made.name}, 编号 {made.id}")
    if namesakes:
        others = "、".join(f"{one.id} ({one.district})" for one in namesakes)
        click.echo(f"注意: 已有同名地点 {others}; 以后的命令请用编号指明。", err=True)


@click.command("list")
def show() -> None:
    """列出全部地点。"""
    shown = table("名称", "区县", "科室", "阶段", "停工至", "练习", "编号")
    with writing() as (session, _, now_ms):
        sites = all_sites(session)
        pauses = suspensions_of(session, [one.id for one in sites])
        for one in sites:
            now = [row for row in pauses[one.id] if row.from_ms <= now_ms < (row.to_ms or now_ms + 1)]
            until = "、".join(to_iso(row.to_ms)[:10] if row.to_ms else "另行通知" for row in now)
            shown.add_row(
                one.name, one.district, one.unit, one.stage, until, "是" if one.practice else "", one.id
            )
    print_table(shown)


@click.command("suspend")
@click.argument("name", metavar="SITE")
@click.option("--from", "first", type=_DAY, required=True, help="停工的第一天。")
@click.option("--to", "last", type=_DAY, help="复工的那一天; 不填为另行通知。")
@click.option("--approved-by", required=True, help="批准人或文号。")
@click.option("--reason", required=True, help="原因。")
def suspend(name: str, first: object, last: object | None, approved_by: str, reason: str) -> None:
    """登记地点 SITE 经批准的停工: 其间作业场所不检查, 住人的宿舍、食堂、厕所照常。"""
    with writing() as (session, runtime, now_ms):
        found = find_site(session, name)
        to_ms = _begins_ms(last) if last is not None else None
        new = NewSuspension(_begins_ms(first), approved_by, reason, to_ms)
        suspend_site(session, runtime.seals, now_ms, found, new)
        click.echo(f"已登记 {found.name} 停工")


@click.command("resume")
@click.argument("name", metavar="SITE")
def resume(name: str) -> None:
    """地点 SITE 现在复工。"""
    with writing() as (session, runtime, now_ms):
        found = find_site(session, name)
        ended = resume_site(session, runtime.seals, now_ms, found)
        click.echo(f"{found.name} 已复工" if ended else f"{found.name} 没有停工")


@click.command("alert")
@click.argument("name", metavar="[SITE]", required=False)
@click.option("--level", type=click.Choice(tuple(ALERTS)), required=True, help="normal 常态, raised 提高。")
@click.option("--district", help="这个区县的全部地点。")
@click.option("--kind", help="这个类型的全部地点。")
@click.option("--source", required=True, help="依据: 文号, 或谁的决定。")
def alert(name: str | None, level: str, district: str | None, kind: str | None, source: str) -> None:
    """改变防控级别: 一处 (SITE), 或一个区县、一个类型的全部地点。下一次调度后按这个级别的时段要求。

    已经开始的时段照原来的要求判定。

    \b
    gongdi site alert 东苑一期 --level raised --source 新防指〔2021〕9号
    gongdi site alert --district 410702 --kind compound --level raised --source 新防指〔2021〕9号
    """
    if (name is None) == (district is None and kind is None):
        raise click.UsageError("请写一个地点, 或 --district、--kind。")
    with writing() as (session, runtime, now_ms):
        tx = tx_of(session, runtime.seals, now_ms)
        sites = (
            [find_site(session, name)]
            if name is not None
            else [
                one
                for one in all_sites(session)
                if district in (None, one.district) and kind in (None, one.kind)
            ]
        )
        # In the order of their ids, as all writers lock scopes.
        done = [set_alert(tx, one.id, level, source, None) for one in sorted(sites, key=lambda one: one.id)]
        click.echo(f"{len(done)} 处中 {sum(done)} 处改为{ALERTS[level]} ({level}), 其余本来就是")


def _parts(text: str, count: int) -> tuple[str, ...]:
    """`a:b:c` as so many parts; what is between the first and the last colon may hold colons."""
    first, *rest = text.split(":", 1)
    parts = (first, *(rest[0].rsplit(":", count - 2) if rest else ()))
    if len(parts) != count or not all(parts):
        raise click.UsageError(f"“{text}” 应由冒号分成 {count} 段。")
    return parts


def _begins_ms(day: object) -> int:
    return instant_ms(str(day)[:10], "00:00")
