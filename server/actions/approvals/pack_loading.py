"""A pack that comes with the server is loaded, all of it or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from server.actions.approvals.effects import Checked, Effect, Payload
from server.actions.forms.publish_form import Signers
from server.actions.packs.load_pack import check_pack, load_pack
from server.actions.reference.check_codes import wrong
from server.base.problems import not_found
from server.files.pack_files import Pack, read_pack, shipped_packs
from server.models.access import Viewer
from server.models.audit import Deed, record_deed
from server.models.proposal import Proposal
from server.models.tx import Tx


def shipped_pack(name: str) -> Pack:
    """A pack by the name under which it comes with the server: nobody reads other folders from the console. Raises Problem
    404, 422."""
    if name not in shipped_packs():
        raise not_found()
    return read_pack(name)


def _check(tx: Tx, viewer: Viewer, payload: Payload) -> Checked:
    name = str(payload.get("pack", ""))
    pack = shipped_pack(name)
    if not check_pack(tx, pack).is_new:
        raise wrong("pack", "这个内容包已经全部装入, 没有变化。")
    return Checked(f"{pack.title} ({pack.code})"[:200], {"pack": name, "digest": pack.digest})


def _apply(tx: Tx, proposal: Proposal, viewer: Viewer, outside: Any) -> None:
    """What waits in quarantine for these forms is judged again by the next tick."""
    pack = _proposed(proposal.payload)
    if pack.digest != proposal.payload["digest"]:
        raise wrong("pack", "提议之后内容包的文件变了, 请驳回后重新提议。")
    done = load_pack(tx, pack, Signers(proposal.proposed_by, viewer.id))
    changes = {"forms": ("", done.forms), "rows": ("", done.rows)}
    record_deed(tx.session, Deed("pack_loaded", viewer.id, pack.title, pack.code, changes), tx.now_ms)


def _describe(tx: Tx, payload: Payload) -> Sequence[tuple[str, str]]:
    """What it would bring now."""
    if payload["pack"] not in shipped_packs():
        return [("内容包", f"{payload['pack']} (系统已不提供)")]
    pack = _proposed(payload)
    rows = sum(len(some) for some in pack.rows.values())
    facts = [
        ("依据", f"{pack.source} ({pack.mark})"),
        ("表单", f"{len(pack.forms)} 张"),
        ("其他", f"{rows} 行"),
    ]
    changed = [("注意", "提议之后文件变了, 不能批准")] if pack.digest != payload["digest"] else []
    return [*facts, ("内容摘要", str(payload["digest"])[:16]), *changed]


def _proposed(payload: Payload) -> Pack:
    return shipped_pack(str(payload["pack"]))


EFFECT = Effect("load_pack", "装入内容包", _check, _apply, _describe)
