"""What a new version of a form may change. Entries of every version are accepted for good, so nothing may turn into
something else under its old name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from schemas.forms.definition import Form, Item
from schemas.forms.faults import Fault
from schemas.forms.rows import Row

_CHANGED = (
    ("nature", "changed_nature", "性质"),
    ("sealed", "changed_sealed", "是否加密"),
    ("health", "changed_health", "是否健康数据"),
)


def version_faults(
    form: Form, earlier: Sequence[Form], rows: Mapping[str, Row], heads: Mapping[str, Row]
) -> list[Fault]:
    """What is wrong with a version in view of those before it. `rows`: of the items; `heads`: of settings and gongdi."""
    faults: list[Fault] = []
    for old in earlier:
        faults += _against(form, old, rows, heads)
    latest = max((old.version for old in earlier), default=0)
    if any(old.version == form.version for old in earlier):
        message = f"版本 {form.version} 已经发布, 内容不同。请把版本号改为 {latest + 1} 或更大。"
        faults.append(heads["settings"].fault_at("version", "version_taken", message))
    elif form.version < latest:
        message = f"版本号应大于已发布的 {latest}。"
        faults.append(heads["settings"].fault_at("version", "version_not_higher", message))
    return list(dict.fromkeys(faults))


def _against(form: Form, old: Form, rows: Mapping[str, Row], heads: Mapping[str, Row]) -> Iterator[Fault]:
    for header, code, name in _CHANGED:
        if getattr(form, header) != getattr(old, header):
            yield heads["gongdi"].fault_at(header, code, f"{name}不能改变。确实不同时请另建一张表单。")
    before = {item.name: item for item in old.items if item.type not in ("note", "group")}
    for item in form.items:
        was = before.get(item.name)
        if was is not None:
            yield from _item(form, item, old, was, rows[item.name])


def _item(form: Form, item: Item, old: Form, was: Item, row: Row) -> Iterator[Fault]:
    if (item.type, item.file, item.gives) != (was.type, was.file, was.gives):
        yield row.fault_at("type", "retyped", f"“{item.name}”的类型不能改变。请停用它 (to), 另用一个名称。")
        return
    if item.mask != was.mask:
        yield row.fault_at("bind::gongdi:mask", "changed_mask", f"“{item.name}”的遮盖方式不能改变。")
    if item.role != was.role and not _moved_to_an_id(form, item, was):
        yield row.fault_at("bind::gongdi:role", "changed_role", f"“{item.name}”的角色不能改变。")
    for name in old.choices(was):
        if name not in form.choices(item):
            message = f"列表“{item.list}”去掉了选项“{name}”, 它以前发布过。请留着它, 用 to 停用。"
            yield Fault("choices", None, None, None, "removed_choice", message)


def _moved_to_an_id(form: Form, item: Item, was: Item) -> bool:
    """A place that was named by its kind, where the form now asks for the place itself."""
    return was.role == "place" and item.role is None and any(one.file == "places" for one in form.items)
