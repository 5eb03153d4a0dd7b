"""What a form changes against the version in force, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from schemas.forms.definition import Choice, Form, Item

_HEAD = {
    "title": "名称",
    "since": "起用日期",
    "to": "停用日期",
    "site_kinds": "地点类型",
    "writers": "填写人",
    "source": "依据",
    "mark": "标记",
    "icon": "图标",
}
_ITEM = {
    **{
        "type": "类型",
        "label": "名称",
        "hint": "提示",
        "group": "分组",
        "relevant": "显示条件",
        "required": "必填",
    },
    **{"required_message": "必填提示", "constraint": "约束", "constraint_message": "约束提示"},
    **{
        "calculation": "计算",
        "low": "最小",
        "high": "最大",
        "decimals": "小数位",
        "max": "上限",
        "pattern": "格式",
    },
    **{"unit": "单位", "list": "选项列表", "file": "选自", "kinds": "限于", "role": "角色", "mask": "遮盖"},
    **{"keep": "保留上次", "default": "默认", "max_pixels": "照片大小", "to": "停用日期"},
}


class Change(NamedTuple):
    """One difference: `what` it is about (`title`, `field minutes`, `choice look.dry`), and the old and the new value, as
    text; empty for what was not there, or is no more."""

    what: str
    name: str
    before: str
    after: str

    def __str__(self) -> str:
        if not self.before:
            return f"+ {self.what} {self.name}: {self.after}"
        if not self.after:
            return f"- {self.what} {self.name}: {self.before}"
        return f"~ {self.what} {self.name}: {self.before} → {self.after}"


def diff_forms(old: Form | None, new: Form) -> list[Change]:
    """All differences; of a new form, all that it has."""
    return [*_head(old, new), *_items(old, new), *_choices(old, new)]


def _head(old: Form | None, new: Form) -> Iterator[Change]:
    for name, title in _HEAD.items():
        before, after = _text(getattr(old, name)) if old is not None else "", _text(getattr(new, name))
        if before != after:
            yield Change(title, "", before, after)


def _items(old: Form | None, new: Form) -> Iterator[Change]:
    before = {item.name: item for item in old.items} if old is not None else {}
    after = {item.name: item for item in new.items}
    for name, item in after.items():
        was = before.get(name)
        if was is None:
            yield Change("项", name, "", item.label or item.type)
        else:
            yield from _item(was, item)
    for name in before.keys() - after.keys():
        yield Change("项", name, before[name].label or before[name].type, "")


def _item(was: Item, now: Item) -> Iterator[Change]:
    for name, title in _ITEM.items():
        before, after = _text(getattr(was, name)), _text(getattr(now, name))
        if before != after:
            yield Change(f"项 {now.name} 的{title}", "", before or "(无)", after or "(无)")


def _choices(old: Form | None, new: Form) -> Iterator[Change]:
    before = _by_name(old) if old is not None else {}
    for name, choice in _by_name(new).items():
        was = before.get(name)
        if was is None:
            yield Change("选项", name, "", choice.label)
        elif (was.label, was.to) != (choice.label, choice.to):
            yield Change("选项", name, _choice(was), _choice(choice))


def _by_name(form: Form) -> dict[str, Choice]:
    return {f"{name}.{one.name}": one for name, some in form.lists.items() for one in some}


def _choice(choice: Choice) -> str:
    return choice.label if choice.to is None else f"{choice.label} (至 {choice.to})"


def _text(value: object) -> str:
    if value is None or value is False or value == ():
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, tuple) and all(isinstance(part, str) for part in value) and value[0].islower():
        return " ".join(value)
    return msgspec.json.encode(value).decode()
