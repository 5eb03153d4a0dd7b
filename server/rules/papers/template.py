"""The small language of templates, one block a line:

# 标题            a heading
> 称呼或说明      a paragraph without indent
? 一段 {next}     a paragraph that is left out when a field in it is empty
[facts place began]   a table of fields, [items orders] one of rows
[sign 监理单位]   a space for an opinion with seal, [party], [seal] …: blocks without more words
其余              a paragraph; {site} is a field
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from server.rules.papers.fields import FIELDS

PLAIN_BLOCKS = (
    *(
        "party",
        "photos",
        "remedy",
        "officers",
        "seal",
        "receipt",
        "refusal",
        "signatures",
        "handover",
        "slip",
    ),
)
_BLOCK = re.compile(r"\[([a-z]+)(?: ([^\[\]]*))?\]")
_FIELD = re.compile(r"\{([a-z_]+)\}")
_PARTY_FIELDS = ("party", "party_code", "party_address", "party_head", "party_phone", "site")


@dataclass(frozen=True, slots=True)
class Block:
    """`kind`: text, plain (no indent), maybe, heading, facts, items, sign, or one of PLAIN_BLOCKS."""

    kind: str
    text: str = ""
    fields: tuple[str, ...] = ()


def read_lines(lines: Sequence[str]) -> list[Block]:
    """The blocks of a template; what is wrong with it, `line_faults` says."""
    return [_read(line) for line in lines]


def _read(line: str) -> Block:
    found = _BLOCK.fullmatch(line)
    if found:
        kind, more = found[1], (found[2] or "").strip()
        if kind in ("facts", "items"):
            return Block(kind, "", tuple(more.split()))
        fields = {"party": _PARTY_FIELDS, "refusal": ("refusal",), "officers": ("officers",)}.get(kind, ())
        return Block(kind, more, fields)
    for sign, kind in (("# ", "heading"), ("> ", "plain"), ("? ", "maybe")):
        if line.startswith(sign):
            return Block(kind, line[len(sign) :], tuple(_FIELD.findall(line)))
    return Block("text", line, tuple(_FIELD.findall(line)))


def line_faults(lines: Sequence[str]) -> Iterator[str]:
    """What is wrong with the lines of a template, each with what to do."""
    for number, line in enumerate(lines, start=1):
        block, here = _read(line), f"第 {number} 行"
        for name in block.fields:
            if name not in FIELDS:
                yield f"{here}: 没有 {name} 这一项, 请更正。"
            elif block.kind == "items" and FIELDS[name].asks != "items":
                yield f"{here}: {name} ({FIELDS[name].title}) 不是表格, 请用 [facts {name}] 或写在句中。"
            elif block.kind != "items" and FIELDS[name].asks == "items":
                yield f"{here}: {name} ({FIELDS[name].title}) 是表格, 请用 [items {name}]。"
        if block.kind in ("facts", "items") and not block.fields:
            yield f"{here}: 请写明要哪几项。"
        if block.kind == "items" and len(block.fields) > 1:
            yield f"{here}: 一个表格只写一项。"
        if line.startswith("[") and block.kind == "text":
            yield f"{here}: 看不懂 {line}, 请检查方括号。"
        elif _BLOCK.fullmatch(line) and block.kind not in (*PLAIN_BLOCKS, "facts", "items", "sign"):
            yield f"{here}: 没有 [{block.kind}] 这种内容, 请更正。"
        if set("{}") & set(_FIELD.sub("", block.text)):
            yield f"{here}: 花括号里应是一项的名称, 如 {{site}}。"


def fields_of_lines(lines: Sequence[str]) -> list[str]:
    """All fields that a template names, in order, each once."""
    return list(dict.fromkeys(name for block in read_lines(lines) for name in block.fields))


def has_block(lines: Sequence[str], kind: str) -> bool:
    return any(block.kind == kind for block in read_lines(lines))


def filled(text: str, values: dict[str, str]) -> str:
    """A paragraph with its fields filled in, in one pass: what somebody typed is no template."""
    return _FIELD.sub(lambda found: values.get(found[1], found[0]), text)
