"""Are these the keys of this database? Decided by fingerprints alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_HOW = "请把备份的 keys 文件夹放回 GONGDI_DATA_DIR, 或在环境变量里设置原来的密钥, 再启动。"


@dataclass(frozen=True, slots=True)
class Known:
    """A key as the database knows it."""

    fingerprint: str
    retired: bool


@dataclass(frozen=True, slots=True)
class KeyFault:
    """A key that is not as the database knows it. `code`: `keys_missing`, `keys_wrong` or `key_retired`; `detail` says how
    to mend it, to whoever runs the server."""

    code: str
    name: str
    detail: str


def key_faults(known: Mapping[str, Known], held: Mapping[str, str], current: str) -> list[KeyFault]:
    """What is wrong with the keys that a process holds (`held`: fingerprints by name). `current` is the name of the key
    that new seals take.

    A key that the database does not know yet is no fault: it is the next one of a rotation.
    """
    faults = []
    for name, key in sorted(known.items()):
        mine = held.get(name)
        if mine is None and not key.retired:
            detail = f"缺少密钥 {name} (指纹 {key.fingerprint[:8]}), 数据库里还有用它加密或签名的数据。{_HOW}"
            faults.append(KeyFault("keys_missing", name, detail))
        elif mine is not None and mine != key.fingerprint:
            fingerprints = f"数据库要的指纹是 {key.fingerprint[:8]}, 现有的是 {mine[:8]}"
            faults.append(
                KeyFault("keys_wrong", name, f"密钥 {name} 不是这个数据库的: {fingerprints}。{_HOW}")
            )
    front = known.get(current)
    if front is not None and front.retired:
        detail = f"密钥 {current} 已停用, 不能再排在 GONGDI_SECRET_KEYS 的最前面。请换上现用的密钥。"
        faults.append(KeyFault("key_retired", current, detail))
    return faults
