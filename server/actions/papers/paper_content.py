"""What a paper says: its template filled in, as blocks that server/documents/paper.typ draws; and what keeps it from being
signed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from server.actions.papers.read_papers import kind_row, known_fact, officers_in_force
from server.actions.papers.sealed_words import draft_of
from server.models.paper import Paper
from server.models.site import Company, Site
from server.models.tx import Tx
from server.rules.calendar import local_date_of
from server.rules.from_rows import Row, in_force
from server.rules.papers.fields import FIELDS, NOT_USED, UNKNOWN, Field, rows_of
from server.rules.papers.template import Block, fields_of_lines, filled, has_block, read_lines
from server.rules.papers.uses import RECEIPT
from server.rules.papers.writing import full_width, written_date, written_number, written_time


@dataclass
class Content:
    """`facts`: for the drawing; `lacks`: what has to be said before it can be signed, by field."""

    facts: dict[str, Any]
    lacks: dict[str, str] = field(default_factory=dict)


@dataclass
class _Filling:
    tx: Tx
    paper: Paper | None
    row: Row
    date: str
    draft: Mapping[str, Any]
    values: dict[str, str] = field(default_factory=dict)
    lacks: dict[str, str] = field(default_factory=dict)
    officers: list[Row] = field(default_factory=list)
    usual: dict[str, str] = field(default_factory=dict)  # of what may be left empty


def paper_content(tx: Tx, paper: Paper, site: Site, parent: Paper | None) -> Content:
    """By the rows in force today; a paper that was signed keeps what it said then."""
    date = local_date_of(tx.now_ms)
    now = _Filling(tx, paper, kind_row(tx.book, paper.kind, date), date, draft_of(tx.seals, paper))
    _take_own(now, paper, site, parent)
    _take_typed(now)
    return Content(_facts(now, is_draft=paper.n is None and paper.state == "draft"), now.lacks)


def _facts(now: _Filling, is_draft: bool) -> dict[str, Any]:
    row = now.row
    blocks = [_drawn(now, block) for block in read_lines(row["lines"])]
    page = in_force(now.tx.book.rows["paper_pages"], row["page"], now.date) or {}
    return {
        "title": row["name"],
        "page": row["page"],
        "fonts": {name: list(page.get(f"{name}_fonts", ())) for name in ("body", "title", "heading")},
        "seal_mm": page.get("seal_mm", 45),
        "issuer": now.values["bureau"] if row["issuer"] == "bureau" else "",
        "number": now.values.get("number", "") if row.get("numbering") else "",
        "date": written_date(now.date),
        "copies": _copies(row),
        "blocks": [block for block in blocks if block is not None],
        "stub": _stub(now) if row["stub"] and now.paper is not None else [],
        "each_page": has_block(row["lines"], "signatures"),
        "draft": is_draft,
    }


def _take_own(now: _Filling, paper: Paper, site: Site, parent: Paper | None) -> None:
    """What the system itself knows."""
    tx, book, values = now.tx, now.tx.book, now.values
    company = tx.session.get(Company, paper.company) if paper.company else None
    for name, code in (("bureau", "bureau"), ("bureau_phone", "phone"), ("bureau_address", "address")):
        values[name] = _known(now, code, name in fields_of_lines(now.row["lines"]))
    values["bureau"] = _known(now, "bureau", True)
    values["date"] = written_date(now.date)
    values["party"] = full_width(company.name) if company is not None else UNKNOWN
    values["party_code"] = paper.company or NOT_USED
    values["site"] = full_width(site.name)
    values["site_address"] = full_width(site.address or NOT_USED)
    values["number"] = _number(now, paper.n)
    by_code = {row["code"]: row for row in officers_in_force(book, now.date)}
    chosen: Sequence[str] = now.draft.get("officers", ())
    now.officers = [by_code[code] for code in chosen if code in by_code]
    if len(now.officers) < now.row["officers"]:
        now.lacks["officers"] = f"请选择至少 {now.row['officers']} 名有执法证的执法人员。"
    named = [f"{row['name']}（执法证号：{row['certificate']}）" for row in now.officers]
    values["officers"] = "、".join(named) or UNKNOWN
    basis = in_force(book.rows["bases"], str(now.draft.get("basis", "")), now.date)
    values["basis"] = str((basis or {}).get("law") or UNKNOWN)
    now.usual["broken"] = str((basis or {}).get("broken") or "")
    if basis is None and "basis" in fields_of_lines(now.row["lines"]):
        now.lacks["basis"] = "请选择依据。"
    if parent is not None:
        values["parent_name"] = parent.title
        values["parent_number"] = parent.number
        signed_ms = parent.signed_ms
        values["parent_date"] = written_date(local_date_of(signed_ms)) if signed_ms is not None else ""


def _known(now: _Filling, code: str, asked: bool) -> str:
    value = known_fact(now.tx.book, code, now.date)
    if not value and asked:
        row = in_force(now.tx.book.rows["bureau_facts"], code, now.date)
        now.lacks[code] = f"文书设置里还没有填写: {row['name'] if row else code}。"
    return value or UNKNOWN


def _number(now: _Filling, n: int | None) -> str:
    series = now.row.get("numbering")
    if not series:
        return ""
    row = in_force(now.tx.book.rows["number_series"], series, now.date)
    word = str((row or {}).get("word") or "")
    if not word:
        now.lacks["series"] = "文书设置里还没有填写这种文书的文号。"
    return written_number(word or UNKNOWN, int(now.date[:4]), n, bool((row or {}).get("ordinal")))


def _take_typed(now: _Filling) -> None:
    typed: Mapping[str, str] = now.draft.get("fields", {})
    for name in fields_of_lines(now.row["lines"]):
        if not FIELDS[name].asks:
            now.values.setdefault(name, NOT_USED)
            continue
        said = str(typed.get(name, "")).strip() or now.usual.get(name, "")
        if not said and name in now.row["required"]:
            now.lacks[name] = f"请填写{FIELDS[name].title}。"
        now.values[name] = _said(FIELDS[name], said) or (UNKNOWN if name in now.row["required"] else "")
        if (
            FIELDS[name].asks == "items"
            and said
            and any("" in one[:2] for one in rows_of(FIELDS[name], said))
        ):
            columns = " | ".join(FIELDS[name].columns)
            now.lacks[name] = f"{FIELDS[name].title}: 每行都要写明 {columns}。"


def _said(one: Field, said: str) -> str:
    if one.asks == "moment":
        return written_time(int(said)) if said.isdecimal() else ""
    return full_width(said)


def _drawn(now: _Filling, block: Block) -> dict[str, Any] | None:
    """One block for the drawing; None for one that is left out."""
    values = now.values
    match block.kind:
        case "maybe" if not all(values.get(name) for name in block.fields):
            return None
        case "text" | "plain" | "maybe" | "heading":
            shown = {name: value or NOT_USED for name, value in values.items()}
            kind = "text" if block.kind == "maybe" else block.kind
            text, site = filled(block.text, shown), shown.get("site", "")
            return {"kind": kind, "text": text.replace(f"{site}（{site}）", site)}
        case "facts":
            rows = [[_title(name), values.get(name) or NOT_USED] for name in block.fields]
            return {"kind": "facts", "rows": rows}
        case "items":
            one = FIELDS[block.fields[0]]
            rows = rows_of(one, values.get(one.name, ""))
            rows = [[cell or NOT_USED for cell in cells] for cells in rows] or [[NOT_USED] * len(one.columns)]
            return {"kind": "items", "head": ["序号", *one.columns], "rows": _numbered(rows)}
        case "party":
            names = block.fields
            return {
                "kind": "party",
                "cells": [[_title(name), values.get(name) or NOT_USED] for name in names],
            }
        case "remedy":
            return {"kind": "text", "text": _remedy(now)}
        case "photos":
            photos = list(now.draft.get("photos", ()))
            return {"kind": "photos", "files": photos} if photos else None
        case "refusal":
            said = values.get("refusal")
            return {"kind": "text", "text": f"当事人拒绝签字的原因和见证人：{said}"} if said else None
        case "officers":
            return {"kind": "officers", "rows": _officer_rows(now)}
        case "handover":
            return {"kind": block.kind, "who": block.text.split() or ["移交人", "接收人"]}
        case "signatures" | "slip" | "receipt" | "seal":
            return {"kind": block.kind, "officers": _officer_rows(now)}
        case _:
            return {"kind": "sign", "text": block.text}


def _title(name: str) -> str:
    return full_width(FIELDS[name].title)


def _numbered(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    return [[str(number), *cells] for number, cells in enumerate(rows, start=1)]


def _officer_rows(now: _Filling) -> list[list[str]]:
    return [[str(row["name"]), str(row["certificate"])] for row in now.officers]


def _remedy(now: _Filling) -> str:
    row = in_force(now.tx.book.rows["remedies"], "order", now.date)
    if row is None:
        now.lacks["remedy"] = "没有生效的救济告知, 请先增加。"
        return UNKNOWN
    said = {
        "organs": "或者".join(row["organs"]),
        "review_days": str(row["review_days"]),
        "suit_months": str(row["suit_months"]),
        "court": _known(now, "court", True),
    }
    return filled(row["line"], said)


def _copies(row: Row) -> str:
    names: Sequence[str] = row["copies"]
    counts = "〇一两三四五六七八"
    return f"本文书一式{counts[len(names)]}份：{'、'.join(names)}各一份。" if len(names) > 1 else ""


def _stub(now: _Filling) -> list[list[str]]:
    """What the counterfoil (存根) says."""
    values = now.values
    rows = [["当事人", values["party"]], ["项目", values["site"]]]
    terms = ("hazard", "area", "from_at", "due")
    rows += [[_title(name), values[name]] for name in terms if values.get(name)]
    return [*rows, ["依据", values["basis"]], ["执法人员", values["officers"]]]


def stated_content(tx: Tx, kind: str, stated: Mapping[str, str]) -> dict[str, Any]:
    """A paper that is neither drafted nor signed here: what is stated, by field; 待填 where a required one is unknown."""
    date = local_date_of(tx.now_ms)
    now = _Filling(tx, None, kind_row(tx.book, kind, date), date, {})
    now.values = {"bureau": _known(now, "bureau", False), "date": written_date(date)}
    for name in fields_of_lines(now.row["lines"]):
        empty = UNKNOWN if name in now.row["required"] else ""
        now.values.setdefault(name, full_width(stated.get(name, "")) or empty)
    return _facts(now, is_draft=False)


def receipt_content(
    tx: Tx, paper: Paper, site: Site, said: Mapping[str, str], way: str, at_ms: int | None
) -> dict[str, Any]:
    """The 送达回证 of a signed paper: of one service (`said`, `way`, `at_ms`), or with spaces to be filled in by hand."""
    date = local_date_of(tx.now_ms if at_ms is None else at_ms)
    row = kind_row(tx.book, RECEIPT, date)
    now = _Filling(tx, paper, row, date, draft_of(tx.seals, paper))
    _take_own(now, paper, site, None)
    for one, name in (("place", "served_place"), ("note", "service_note"), ("refusal", "left_reason")):
        now.values[name] = full_width(said.get(one, ""))
    for name in ("receiver", "relation", "witness", "servers"):
        now.values[name] = full_width(said.get(name, ""))
    now.values |= {"served_name": paper.title, "served_number": paper.number}
    now.values |= {"way": way, "served_at": written_time(at_ms) if at_ms is not None else ""}
    empty = "　" if at_ms is None else NOT_USED
    now.values = {name: value or empty for name, value in now.values.items()}
    return _facts(now, is_draft=False)
