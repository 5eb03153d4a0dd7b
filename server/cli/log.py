"""Commands that verify the log, and that current state follows from it."""

from __future__ import annotations

import click
import sqlalchemy as sa
from flask import Flask
from rich.progress import track
from sqlalchemy.orm import Session

from server.actions.audit.rebuild import check_scope, repair_scope
from server.actions.audit.verify_log import Fault, verify_exchanges, verify_scope
from server.actions.erasure.list_erasures import erased_of
from server.base.clock import to_iso
from server.base.db import read, write
from server.cli.base import check_schema, make_app, runtime_of
from server.models.scope import REF, Scope, scope_id_of


@click.command()
@click.option("--check", is_flag=True, help="只比较, 不改动。有出入时以 1 退出。")
@click.option("--scope", "name", metavar="SCOPE", help="只看一个范围, 如 site:0197…。")
def rebuild(check: bool, name: str | None) -> None:
    """从日志重算当前状态。--check 证明二者一致; 不带 --check 时把有出入的改正, 平板会取到改正后的内容。"""
    app = make_app()
    check_schema(app)
    runtime, differing = runtime_of(app), 0
    with app.app_context():
        for scope_id in track(_site_scopes(name), description="重算", transient=True):
            if check:
                with read() as session:
                    found = list(check_scope(session, runtime.seals, scope_id))
                differing += len(found)
                for difference in found:  # without what was written: it may be an ID number
                    click.echo(f"{difference.scope} {difference.what} {difference.id} 与日志不符")
            else:
                with write() as session:
                    differing += repair_scope(session, runtime.seals, scope_id, runtime.clock.now_ms())
        _print_erased(name)
    click.echo(f"有出入: {differing}" if differing else "与日志一致")
    if check and differing:
        raise SystemExit(1)


@click.command("verify-log")
@click.option("--scope", "name", metavar="SCOPE", help="只看一个范围, 如 site:0197…。")
def verify_log(name: str | None) -> None:
    """核对日志: 每行的散列、每条链、每个签名、每张回执。有问题时指出第一处, 以 1 退出。"""
    app = make_app()
    check_schema(app)
    if print_faults(app, name):
        raise SystemExit(1)


def print_faults(app: Flask, name: str | None = None) -> int:
    """Print what does not hold, of one scope or of all, and then whether all is well. Gives how many faults there are."""
    seals, faults = runtime_of(app).seals, 0
    with app.app_context():
        for scope_id in track(_scopes(name), description="核对", transient=True):
            with read() as session:
                faults += _print_found(list(verify_scope(session, seals, session.get_one(Scope, scope_id))))
        if name is None:
            with read() as session:
                faults += _print_found(list(verify_exchanges(session, seals)))
        _print_erased(name)
    click.echo(f"发现问题: {faults}" if faults else "日志完好")
    return faults


def _print_found(faults: list[Fault]) -> int:
    for fault in faults:
        click.echo(f"{fault.scope} {fault.device} n={fault.line}: {fault.what}")
    return len(faults)


def _print_erased(name: str | None) -> None:
    """Print what was erased from the log, and the signed digest of it."""
    for scope_id in [] if name == "ref" else _site_scopes(name):
        with read() as session:
            kept, scope = erased_of(session, scope_id), session.get_one(Scope, scope_id)
        if kept is not None:
            click.echo(
                f"{scope.name}: 依法删除 {kept.lines} 行 (至 seq {kept.seq}), 只留散列; "
                f"状态摘要 {kept.state_digest}, {to_iso(kept.at_ms)} 签名"
            )


def _site_scopes(name: str | None) -> list[str]:
    with read() as session:
        return _chosen(session, name)


def _scopes(name: str | None) -> list[str]:
    """The scopes that have a log: sites, and the reference data, of which forms are lines."""
    if name == "ref":
        return [REF]
    with read() as session:
        has_ref = session.get(Scope, REF) is not None
    return [*([REF] if has_ref and name is None else []), *_site_scopes(name)]


def _chosen(session: Session, name: str | None) -> list[str]:
    known = list(
        session.scalars(sa.select(Scope.scope_id).where(Scope.kind == "site").order_by(Scope.scope_id))
    )
    if name is None:
        return known
    if scope_id_of(name) not in known:
        raise click.ClickException(f"没有范围 {name}")
    return [scope_id_of(name)]
