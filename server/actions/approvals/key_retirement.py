"""An old sealing key is retired."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from server.actions.approvals.effects import Checked, Effect, Payload
from server.actions.ops.reseal import retire_key
from server.base.problems import Problem
from server.base.runtime import Runtime
from server.base.seal import SEALING
from server.models.access import Viewer
from server.models.audit import Deed, record_deed
from server.models.key import known_keys
from server.models.proposal import Proposal
from server.models.tx import Tx


def _check(tx: Tx, viewer: Viewer, payload: Payload) -> Checked:
    name = str(payload.get("name", ""))
    key = known_keys(tx.session).get(f"{SEALING}{name}")
    if key is None or key.retired_ms is not None:
        raise Problem("key_unknown", "没有这把在用的旧密钥。")
    if name == tx.seals.current_name:
        raise Problem("key_in_use")
    return Checked(f"{name} (指纹 {key.fingerprint[:8]})", {"name": name})


def _gather(runtime: Runtime, payload: Payload) -> int:
    """How much in the store of photos is still sealed with it."""
    return runtime.media.count_sealed_with(payload["name"])


def _apply(tx: Tx, proposal: Proposal, viewer: Viewer, outside: Any) -> None:
    name = proposal.payload["name"]
    needed = retire_key(tx.session, tx.seals, name, int(outside or 0), tx.now_ms)
    if needed:
        named = ", ".join(f"{where} {count}" for where, count in needed.items())
        raise Problem("key_needed", f"还有用 {name} 加密的内容 ({named}); 请等调度重新加密完成后再批准。")
    record_deed(tx.session, Deed("key_retired", viewer.id, name, name), tx.now_ms)


def _describe(tx: Tx, payload: Payload) -> Sequence[tuple[str, str]]:
    return (
        ("密钥", str(payload["name"])),
        ("核对", "批准时逐项核对数据库和照片里不再有用它加密的内容; 还有的话不会停用。"),
        ("以后", "停用之后才可以从服务器的设置里删去它。更早的备份仍要用它。"),
    )


EFFECT = Effect("retire_key", "停用密钥", _check, _apply, _describe, gather=_gather)
