"""A pack: a folder with the forms and the rows of reference data that one plan brings.

`pack.json` says what it is; `forms/<code>.json` or `.xlsx` are its forms, in the order in which `pack.json` lists them; any
other file is `<noun>.json`, rows in the shape of seed_data/. Nothing in the folder is ignored.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import seed_data
from schemas.forms.limits import FILE_BYTES_MAX
from schemas.forms.tables import Tables, cell_text
from schemas.reference import row_problems
from server.base.problems import Problem
from server.files.form_files import read_form_file

FOLDER = Path(seed_data.__file__).parent / "packs"
ABOUT = "pack.json"
FORMS = "forms"
# What forms may name has to be there before them, what may name their kinds of records after them.
BEFORE = ("units", "rules", "slots", "place_kinds", "site_kinds")
AFTER = ("duties", "duty_slots", "measures")
_FORMS_MAX = 200


@dataclass(frozen=True, slots=True)
class PackFault:
    """What keeps a pack from being loaded: in which file, where in it (as a spreadsheet counts; a row of JSON from 1), by
    which stable code, and what to do."""

    file: str
    sheet: str | None
    row: int | None
    column: str | None
    code: str
    message: str

    def __str__(self) -> str:
        where = [self.file, self.sheet or ""]
        where += [f"第 {self.row} 行"] if self.row is not None else []
        where += [f"{self.column} 列"] if self.column is not None else []
        return f"{' '.join(filter(None, where))}: {self.message} [{self.code}]"

    def as_json(self) -> dict[str, str | int | None]:
        return {name: getattr(self, name) for name in ("file", "sheet", "row", "column", "code", "message")}


class PackRefused(Problem):
    """A pack with all that is wrong with it, as far as it could be looked at (422 `pack_refused`)."""

    def __init__(self, faults: list[PackFault]) -> None:
        text = "\n".join(map(str, faults))
        super().__init__("pack_refused", text, faults=[fault.as_json() for fault in faults])
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class Pack:
    """`rows`: by noun, as the files have them; `forms`: the file of each with its tables; `digest`: of all its files."""

    code: str
    title: str
    source: str
    mark: str
    since: str
    to: str | None
    digest: str
    rows: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)
    forms: tuple[tuple[str, Tables], ...] = ()


def shipped_packs() -> list[str]:
    """The names of the packs that come with the server."""
    return sorted(path.parent.name for path in FOLDER.glob(f"*/{ABOUT}"))


def read_pack(name: str) -> Pack:
    """A pack that comes with the server, by its name, or any other by its folder. Raises PackRefused; Problem 404 where
    there is none."""
    folder = FOLDER / name if name in shipped_packs() else Path(name)
    if not (folder / ABOUT).is_file():
        raise Problem("not_found", f"没有内容包 {name}: 请写随系统提供的名称, 或一个含 {ABOUT} 的文件夹。")
    faults: list[PackFault] = []
    about = _json_of(folder / ABOUT, ABOUT, faults)
    faults += [_of_file(ABOUT, "row_invalid", f"{at}: {what}") for at, what in _about_problems(about)]
    paths = _files(folder)
    rows = {path.stem: _rows_of(path, faults) for path in paths if path.suffix == ".json"}
    if faults:
        raise PackRefused(faults)
    forms = tuple(_forms_of(folder, about["forms"], faults))
    faults += [
        _of_file(path.name, "unknown_file", "没有这个文件的用处, 请去掉或改正文件名。")
        for path in paths
        if path.suffix != ".json" or path.stem not in (*BEFORE, *AFTER)
    ]
    if faults:
        raise PackRefused(faults)
    said = (about["code"], about["title"], about["source"], about["mark"], about["from"], about.get("to"))
    return Pack(*said, _digest(folder), rows, forms)


def sheet_rows(tables: Tables, sheet: str) -> Iterator[dict[str, str]]:
    """The rows of a sheet that say anything, as texts by their columns."""
    table = tables.sheets.get(sheet)
    if table is None:
        return
    for row in table.rows:
        cells = {header: cell_text(cell) for header, cell in zip(table.headers, row, strict=False)}
        if any(cells.values()):
            yield {header: text for header, text in cells.items() if text}


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.name not in (ABOUT, FORMS))


def _about_problems(about: Any) -> Iterator[tuple[str, str]]:
    yield from row_problems("packs", about)
    if not isinstance(about, dict):
        return
    if not isinstance(about.get("title"), str) or not about["title"].strip():
        yield "title", "请写明名称。"
    forms = about.get("forms")
    if not isinstance(forms, list) or not all(isinstance(one, str) for one in forms):
        yield "forms", "应为表单文件名的列表, 按发布的先后。"
    elif len(set(forms)) < len(forms) or len(forms) > _FORMS_MAX:
        yield "forms", f"表单不能重复, 最多 {_FORMS_MAX} 张。"


def _forms_of(folder: Path, names: list[str], faults: list[PackFault]) -> Iterator[tuple[str, Tables]]:
    there = {path.name for path in (folder / FORMS).iterdir()} if (folder / FORMS).is_dir() else set()
    for name in names:
        if name not in there:
            faults.append(
                _of_file(f"{FORMS}/{name}", "file_missing", f"{ABOUT} 写了这张表单, 文件夹里没有。")
            )
            continue
        try:
            yield f"{FORMS}/{name}", read_form_file(name, (folder / FORMS / name).read_bytes())
        except Problem as problem:
            faults.append(_of_file(f"{FORMS}/{name}", problem.code, problem.detail or problem.title))
    faults += [
        _of_file(f"{FORMS}/{name}", "form_unlisted", f"请把它写进 {ABOUT} 的 forms, 或去掉。")
        for name in sorted(there.difference(names))
    ]


def _rows_of(path: Path, faults: list[PackFault]) -> list[dict[str, Any]]:
    data = _json_of(path, path.name, faults)
    rows = data.get("rows") if isinstance(data, dict) else None
    if not isinstance(rows, list):
        faults.append(_of_file(path.name, "file_unreadable", '应为 {"rows": [...]} 的样子。'))
        return []
    for number, row in enumerate(rows, start=1):
        for name, what in row_problems(path.stem, row):
            said = f"{name}: {what}" if name else what
            faults.append(PackFault(path.name, None, number, None, "row_invalid", said))
    return [{"to": None, **row} for row in rows if isinstance(row, dict)]


def _json_of(path: Path, name: str, faults: list[PackFault]) -> Any:
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise ValueError("文件过大")
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        faults.append(_of_file(name, "file_unreadable", f"无法读取 ({error}), 请改正文件。"))
        return {}


def _of_file(name: str, code: str, message: str) -> PackFault:
    return PackFault(name, None, None, None, code, message)


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        data = path.read_bytes()
        digest.update(f"{path.relative_to(folder).as_posix()} {len(data)}\n".encode())
        digest.update(data)
    return digest.hexdigest()
