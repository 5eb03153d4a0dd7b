"""Words for an order, ready to be sent or changed: what was found, what is to be done, and on which published text it
rests. They order nothing that the text does not: a demand says 请, and what is only proposed is no basis."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

_PROPOSED = "本系统建议值"  # a part of a source that is ours names no text
_PART = re.compile(r"[;；]\s*")
_READ = "F"  # the mark of a source that was read in a published text
_DATES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Found:
    """What was found wrong. `duty`, `where`: in words; `missed`: the local dates of windows that are known to be missed, one
    for each of them; `unheard`: of those of which nothing has come yet; `lacking`: what the records themselves show."""

    duty: str
    where: str = ""
    missed: Sequence[str] = field(default=())
    unheard: Sequence[str] = field(default=())
    lacking: str = ""


def basis(source: str, mark: str) -> str:
    """The published texts of a source, without what is only proposed; empty where it names none that was read."""
    parts = [part.strip() for part in _PART.split(source)] if mark == _READ else []
    return "；".join(part for part in parts if part and _PROPOSED not in part)


def ready_order(site: str, found: Found, texts: str) -> str:
    """The words of an order to `site`. `texts`: of `basis`; without, the sentence is left to whoever signs. What was not
    heard of is never said to be not done."""
    here = f"你单位在{site}{f'（{found.where}）' if found.where else ''}"
    said = []
    if found.missed:
        lacking = f"（{found.lacking}）" if found.lacking else ""
        fact = f"经查，{here}的“{found.duty}”（{_days(found.missed)}）共 {len(found.missed)} 个时段不符合要求{lacking}。"
        said.append(fact + "请查明原因，按要求落实并如实记录。")
    if found.unheard:
        count = f"{'另有' if said else f'{here}的“{found.duty}”'} {len(found.unheard)} 个时段"
        said.append(f"{count}（{_days(found.unheard)}）的记录尚未收到，请检查设备和网络，补传记录。")
    if not said:
        said.append(f"经查，{here}的“{found.duty}”不符合要求，请按要求落实。")
    said.append("请在期限内书面回复整改情况，附照片。")
    return "".join(said) + (f"依据：{texts}。" if texts else "")


def _days(dates: Sequence[str]) -> str:
    several = sorted(set(dates))
    named = "、".join(several[-_DATES_SHOWN:])
    return f"{named} 等 {len(several)} 日" if len(several) > _DATES_SHOWN else named
