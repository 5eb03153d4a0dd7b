"""Which records somebody asks for: kinds, sites, and the filters that the API and the console offer alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa
from marshmallow import fields
from sqlalchemy.orm import Session

from schemas.book import AnyKind, FormBook
from schemas.fields import UUID_PATTERN
from schemas.places import PLACE_ID_TITLE
from server.base.problems import Problem
from server.models.access import Viewer, sees_cases, sees_evidence, sees_kind, visible_sites
from server.models.device import Device, StreamHead
from server.models.entry import LogEntry
from server.models.filters import DISTRICT, Filter, date_filter, narrowed
from server.models.record import Record
from server.models.site import Site
from server.models.user import User
from server.rules.calendar import add_days, midnight_ms

DAYS_MAX = 366  # from one date to another
CHOICES_MAX = 10
SHOWN, HIDDEN = "shown", "hidden"
CHOICE_PATTERN = r"^[a-z][a-z0-9_]{0,39}:[^:\u0000-\u001f]{1,80}$"
CHOICE_WRONG = "选项写成 字段:选项 的样子, 如 method:windows。"
_ID_WRONG = "这里应为小写、带连字符的 UUID。"


def _since(value: str, _viewer: Viewer) -> sa.ColumnElement[bool]:
    return Record.event_ms >= midnight_ms(value)


def _until(value: str, _viewer: Viewer) -> sa.ColumnElement[bool]:
    return Record.event_ms < midnight_ms(add_days(value, 1))


def _on(value: str, viewer: Viewer) -> sa.ColumnElement[bool]:
    return sa.and_(_since(value, viewer), _until(value, viewer))


def _at_place(value: str, _viewer: Viewer) -> sa.ColumnElement[bool]:
    """Those that may be about the place, too: they wait for somebody to say so."""
    return sa.or_(Record.subject == value, Record.maybe_places.contains(value))


def _by(value: str, _viewer: Viewer) -> sa.ColumnElement[bool]:
    author = sa.bindparam(None, value, type_=User.id.type)
    wrote = (
        sa.select(sa.literal(1))
        .select_from(LogEntry)
        .join(Device, Device.id == LogEntry.device_id)
        .where(LogEntry.scope_id == Record.scope_id, LogEntry.id == Record.id, Device.user_id == author)
    )
    return wrote.correlate(Record).exists()


def _in_force(value: str, _viewer: Viewer) -> sa.ColumnElement[bool]:
    return Record.counts.is_(True) if value == HIDDEN else sa.true()


_DATES = (
    date_filter("day", "日期", _on),
    date_filter("from", "从", _since),
    date_filter("to", "到", _until),
)
RECORD_FILTERS = (
    *_DATES,
    Filter(
        "place", PLACE_ID_TITLE, "全部场所", _at_place, noun="places", pattern=UUID_PATTERN, wrong=_ID_WRONG
    ),
    Filter("author", "填写人", "全部填写人", _by, noun="authors", pattern=UUID_PATTERN, wrong=_ID_WRONG),
    Filter("voided", "作废和更正前的", "", _in_force, words={SHOWN: "显示", HIDDEN: "不显示"}),
)
Choices = tuple[tuple[str, str], ...]  # a field and what it must say


@dataclass(frozen=True, slots=True)
class Wanted:
    """`kinds`: their names, in order; `alone`: whether one was asked for by its name. `chosen`: values of RECORD_FILTERS and
    of DISTRICT; `choices`: what fields must say, which is looked for in opened bodies."""

    kinds: tuple[str, ...]
    alone: bool
    site: str | None = None
    chosen: Mapping[str, str | None] = field(default_factory=dict)
    choices: Choices = ()

    @property
    def kind(self) -> str:
        return self.kinds[0]

    def sites(self, viewer: Viewer) -> sa.ColumnElement[bool]:
        """The condition on `Site`: of what is asked for, what the viewer may see."""
        asked = narrowed((DISTRICT,), self.chosen, viewer)
        own = [] if self.site is None else [Site.id == sa.bindparam(None, self.site, type_=Site.id.type)]
        return sa.and_(visible_sites(viewer), *asked, *own)

    def dates(self, viewer: Viewer) -> list[sa.ColumnElement[bool]]:
        return narrowed(_DATES, self.chosen, viewer)

    def conditions(self, viewer: Viewer) -> list[sa.ColumnElement[bool]]:
        """The conditions on `Record`, apart from its site and kind."""
        return [Record.deleted_ms.is_(None), *narrowed(RECORD_FILTERS, self.chosen, viewer)]

    def fits(self, body: Mapping[str, Any]) -> bool:
        return all(_says(body.get(name), value) for name, value in self.choices)


def _says(said: Any, value: str) -> bool:
    texts = said if isinstance(said, list) else [said]
    return value in (str(text).lower() if isinstance(text, bool) else str(text) for text in texts)


def kinds_read(kinds: FormBook, viewer: Viewer) -> dict[str, AnyKind]:
    """The kinds whose records this viewer may read, by name: what people and devices write. What is sealed names people or
    their health, and is for those who see cases; what a platform took for something is a lead. Empty for an administrator.
    """
    if not sees_evidence(viewer):
        return {}
    written = sorted((name, kind) for name, kind in kinds.kinds.items() if kind.nature != "server")
    shown = [(name, kind) for name, kind in written if sees_kind(viewer, name)]
    return {name: kind for name, kind in shown if not _is_sealed(kinds, name) or sees_cases(viewer)}


def require_reader(viewer: Viewer) -> None:
    """Raises Problem 403 for an administrator."""
    if not sees_evidence(viewer):
        message = "管理员管理用户、设备和规则, 不查看记录的内容。这个地点的检查员、施工单位、主管科室和监察支队可以查看; "
        raise Problem("role_not_allowed", message + "需要查看或导出时, 请由他们用自己的账号登录。")


def _is_sealed(kinds: FormBook, name: str) -> bool:
    """Records of an earlier version stay as sealed as they were."""
    return any(version.sealed for version in kinds.versions(name))


def check_wanted(session: Session, viewer: Viewer, kinds: FormBook, asked: Wanted) -> Wanted:
    """What is asked for, if it can be answered. Raises Problem 403 for an administrator; 404 `unknown_kind`, `unknown_site`
    for what is absent or not this viewer's; 422 for filters that contradict each other or the kind."""
    require_reader(viewer)
    read = kinds_read(kinds, viewer)
    unknown = [name for name in asked.kinds if name not in read]
    if unknown:
        message = "没有这种记录, 或者您无权查看。"
        raise Problem("unknown_kind", message, errors={"kind": [message]})
    if asked.site is not None and not session.scalar(
        sa.select(sa.literal(1)).select_from(Site).where(asked.sites(viewer)).limit(1)
    ):
        message = "没有这个地点, 或者您无权查看, 或者不在所选区县。"
        raise Problem("unknown_site", message, errors={"site": [message]})
    _check_dates(asked.chosen)
    if asked.alone:
        _check_kind(kinds, read[asked.kind], asked)
    elif asked.choices:
        raise wrong("choice", "按选项筛选时, 请写明 kind。")
    names = tuple(asked.kinds) or tuple(read)
    if not asked.alone and any(asked.chosen.get(one.name) for one in _DATES):
        names = tuple(name for name in names if read[name].nature == "fact")
    return Wanted(names, asked.alone, asked.site, asked.chosen, asked.choices)


def _check_dates(chosen: Mapping[str, str | None]) -> None:
    first, last = chosen.get("from"), chosen.get("to")
    if chosen.get("day") and (first or last):
        raise wrong("day", "day 不能和 from、to 一起用。")
    if first and last and not 0 <= (date.fromisoformat(last) - date.fromisoformat(first)).days < DAYS_MAX:
        raise wrong("to", f"起止日期颠倒, 或者超过 {DAYS_MAX} 天。")


def _check_kind(kinds: FormBook, kind: AnyKind, asked: Wanted) -> None:
    given = [one.name for one in _DATES if asked.chosen.get(one.name)]
    if given and kind.nature != "fact":
        raise wrong(given[0], f"{kind.title}是可以修改的登记, 没有一个日期, 不能按日期筛选。")
    if asked.chosen.get("place") and not is_about_place(kind):
        raise wrong("place", f"{kind.title}不按场所记, 不能按场所筛选。")
    offered = choices_of(kinds, kind.name)
    for name, value in asked.choices:
        if value not in offered.get(name, ("", {}))[1]:
            raise wrong("choice", f"{kind.title}没有这个字段或选项: {name}。")


def offered_filters(kind: AnyKind) -> tuple[Filter, ...]:
    """Those of RECORD_FILTERS that say anything of this kind."""
    never = set() if kind.nature == "fact" else {one.name for one in _DATES}
    never |= set() if is_about_place(kind) else {"place"}
    return tuple(one for one in RECORD_FILTERS if one.name not in never)


def is_about_place(kind: AnyKind) -> bool:
    return kind.place_fields is not None and kind.place_fields.is_subject


def choices_of(kinds: FormBook, kind: str) -> dict[str, tuple[str, dict[str, str]]]:
    """The fields of a kind that are one or several of a closed list: title, and what each choice is called; of a form those
    of all versions, the latest words first."""
    found: dict[str, tuple[str, dict[str, str]]] = {}
    for version in kinds.versions(kind):
        for name, one in version.whole.fields.items():
            words = _words(kinds, one)
            title, known = found.get(name, (str(one.metadata["title"]), {}))
            if words:
                found[name] = (title, {**words, **known})
    return found


def _words(kinds: FormBook, one: fields.Field[Any]) -> dict[str, str]:
    """By code; a list that is reference data has its words elsewhere."""
    listed = kinds.known.get(one.metadata.get("closed", ""), ())
    return {code: code for code in listed} or dict(one.metadata.get("words", {}))


def authors_at(session: Session, site_id: str) -> list[tuple[str, str]]:
    """Who wrote at a site from any device: (id, name), by name."""
    query = (
        sa.select(User.id, User.display_name)
        .join(Device, Device.user_id == User.id)
        .join(StreamHead, StreamHead.device_id == Device.id)
        .where(StreamHead.scope_id == site_id)
        .distinct()
        .order_by(User.display_name, User.id)
    )
    return [(user_id, name) for user_id, name in session.execute(query)]


def read_choices(texts: Iterable[str]) -> Choices:
    """Fields and what they must say, of texts of CHOICE_PATTERN."""
    return tuple((name, value) for name, _, value in (text.partition(":") for text in texts))


def wrong(name: str, message: str) -> Problem:
    """422 for one parameter."""
    return Problem("invalid_input", message, errors={name: [message]})
