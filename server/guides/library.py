"""What there is to read: the guides, and the documents for integrators, by the name that they have under `/docs`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import seed_data
import sync_protocol

TEXTS = Path(__file__).parent / "texts"
PICTURES = Path(__file__).parent / "pictures"  # made by `./run guides`; git ignores it


@dataclass(frozen=True)
class Guide:
    """One page: its name in the address, its title in the index, for whom it is, and its Markdown."""

    name: str
    title: str
    about: str
    path: Path
    language: str = "zh-CN"


def _chinese(name: str, title: str, about: str) -> Guide:
    return Guide(name, title, about, TEXTS / ".".join((name, "zh-CN", "md")))


def _english(name: str, title: str, about: str, path: Path) -> Guide:
    return Guide(name, title, about, path, "en")


READERS = (
    _chinese("inspector", "检查员指南", "带平板下现场的人"),
    _chinese("contractor", "承包单位指南", "施工单位和劳资专管员"),
    _chinese("office", "支队和科室指南", "监察支队、质安科和其他科室"),
    _chinese("administrator", "管理员指南", "管用户、地点、平板和表单的人"),
    _chinese("accessibility", "无障碍声明", "测过什么, 还不知道什么, 怎样反映问题"),
)
MACHINES = (
    _english(
        "integration", "Other systems", "闸机、实名制平台、数据中心怎样对接 (英文)", TEXTS / "INTEGRATION.md"
    ),
    _english("records", "Records over the API", "用程序读取记录 (英文)", TEXTS / "RECORDS.md"),
    _english(
        "protocol", "The sync protocol", "自己编写客户端 (英文)", Path(sync_protocol.__path__[0]) / "SPEC.md"
    ),
    _english(
        "reference",
        "Reference data",
        "各类基础数据文件的写法 (英文)",
        Path(seed_data.__path__[0]) / "README.md",
    ),
)
GUIDES = {guide.name: guide for guide in (*READERS, *MACHINES)}
