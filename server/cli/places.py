"""Commands for the places of a site."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import click
from sqlalchemy.orm import Session

from server.actions.reference.load_reference import tx_of
from server.actions.sites.assign_site import find_site
from server.actions.sites.edit_places import Editing, add_place, close_place, measure_place, rename_place
from server.base.clock import to_iso
from server.base.runtime import Runtime
from server.cli.base import print_table, table, writing
from server.models.place import Place, places_of
from server.rules.calendar import instant_ms

_AT = click.DateTime(["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d"])


@click.command("add")
@click.argument("site")
@click.argument("kind")
@click.argument("name")
def add(site: str, kind: str, name: str) -> None:
    """给地点 SITE 新增一处场所: 类型 KIND, 名称 NAME。从下一个开始的时段起检查。

    \b
    gongdi place add 东苑一期 dormitory 3号宿舍楼
    """
    with writing() as (session, runtime, now_ms):
        made = add_place(_editing(session, runtime, now_ms, site), kind, name)
        click.echo(f"已新增 {made.name}, 编号 {made.id}")


@click.command("rename")
@click.argument("site")
@click.argument("place")
@click.argument("name")
def rename(site: str, place: str, name: str) -> None:
    """把地点 SITE 的场所 PLACE (名称或编号) 改名为 NAME; 原来的名称仍认得。"""
    with writing() as (session, runtime, now_ms):
        editing = _editing(session, runtime, now_ms, site)
        found = _find(session, editing.site_id, place)
        before = found.name
        click.echo(f"{before} 已改名为 {rename_place(editing, found.id, name).name}")


@click.command("close")
@click.argument("site")
@click.argument("place")
@click.option("--at", "at", type=_AT, help="停用时刻 (北京时间), 如 '2026-12-01 08:00'; 不填为现在。")
def close(site: str, place: str, at: datetime | None) -> None:
    """停用地点 SITE 的场所 PLACE (名称或编号): 到那时还没有结束的时段不再要求。"""
    with writing() as (session, runtime, now_ms):
        editing = _editing(session, runtime, now_ms, site)
        found = _find(session, editing.site_id, place)
        to_ms = instant_ms(f"{at:%Y-%m-%d}", f"{at:%H:%M}") if at is not None else None
        closed = close_place(editing, found.id, to_ms)
        click.echo(f"{closed.name} 自 {_moment(closed.to_ms)} 停用")


@click.command("size")
@click.argument("site")
@click.argument("place")
@click.option("--m2", type=click.FloatRange(0, min_open=True), help="净面积 (平方米)。")
@click.option("--capacity", type=click.IntRange(1), help="容纳人数。")
def size(site: str, place: str, m2: float | None, capacity: int | None) -> None:
    """写明地点 SITE 的场所 PLACE (名称或编号) 的面积和容量; 不写的为不知道。"""
    with writing() as (session, runtime, now_ms):
        editing = _editing(session, runtime, now_ms, site)
        found = measure_place(editing, _find(session, editing.site_id, place).id, m2, capacity)
        click.echo(f"{found.name}: {_size(found) or '不知道'}")


def _size(place: Place) -> str:
    parts = (f"{place.m2:g} m²" if place.m2 else "", f"{place.capacity} 人" if place.capacity else "")
    return ", ".join(filter(None, parts))


@click.command("list")
@click.argument("site")
def show(site: str) -> None:
    """列出地点 SITE 的全部场所, 停用的也在内。"""
    shown = table("名称", "类型", "大小", "启用", "停用", "曾用名称", "编号")
    with writing() as (session, _, _):
        for one in _places(session, find_site(session, site).id):
            earlier = "、".join(str(name) for name, _ in one.names[:-1])
            dates = (_moment(one.from_ms), _moment(one.to_ms))
            shown.add_row(one.name, one.kind, _size(one), *dates, earlier, one.id)
    print_table(shown)


def _editing(session: Session, runtime: Runtime, now_ms: int, site: str) -> Editing:
    return Editing(tx_of(session, runtime.seals, now_ms), find_site(session, site).id)


def _places(session: Session, site_id: str) -> Sequence[Place]:
    return places_of(session, [site_id])[site_id]


def _find(session: Session, site_id: str, named: str) -> Place:
    """The place of this id, or the one in use that has this name now."""
    places = _places(session, site_id)
    found = [one for one in places if one.id == named] or [one for one in places if one.name == named]
    open_ones = [one for one in found if one.to_ms is None] or found
    if len(open_ones) != 1:
        known = "、".join(f"{one.name} ({one.kind}, {one.id})" for one in found or places)
        raise click.UsageError(
            f"{'有几处' if found else '没有'}场所 {named}, 请用编号指明。现有: {known or '无'}。"
        )
    return open_ones[0]


def _moment(at_ms: int | None) -> str:
    return to_iso(at_ms)[:16].replace("T", " ") if at_ms else ""
