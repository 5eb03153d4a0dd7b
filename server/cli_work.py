"""Commands for the scheduler's work and for reference data."""

from __future__ import annotations

import json

import click

from server.actions.load_reference import load_reference
from server.cli_base import Teaching, check_schema, make_app, runtime_of, writing
from server.clock import from_iso
from server.request_log import start_logging
from server.scheduler import run
from server.scheduler import tick as run_tick


@click.command()
def scheduler() -> None:
    """启动调度: 生成时段、到期判定、升级问题。可以同时运行多个。"""
    app = make_app()
    check_schema(app)
    start_logging(runtime_of(app).config.log_level)
    run(app)


@click.command()
@click.option("--now", "now", metavar="ISO8601", help="假定现在是这个时刻, 如 2026-11-23T08:00:00+08:00。")
def tick(now: str | None) -> None:
    """只做一次调度, 打印做了什么 (JSON)。"""
    app = make_app()
    check_schema(app)
    try:
        now_ms = runtime_of(app).clock.now_ms() if now is None else from_iso(now)
    except ValueError as error:
        raise click.UsageError("--now 要带时区的时刻, 如 2026-11-23T08:00:00+08:00。") from error
    click.echo(json.dumps(run_tick(app, now_ms), ensure_ascii=False))


@click.group(cls=Teaching)
def seed() -> None:
    """装入基础数据或演示数据。"""


@seed.command("reference")
def seed_reference() -> None:
    """装入区县、科室、工种、职责、规则和节假日 (seed_data/), 可以重复运行。"""
    with writing() as (session, runtime, now_ms):
        click.echo(json.dumps({"changed": load_reference(session, runtime.seals, now_ms)}))
