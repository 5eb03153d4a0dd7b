"""What an operator installs and watches by: units, containers, alarms and the board name only what is there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import click
import pytest
import yaml
from flask import Flask

from server.base.config import Config
from server.base.db import write
from server.cli.main import gongdi
from server.models import Heartbeat
from tests.server.cast import NOW_MS, Cast

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
ALERTS = DEPLOY / "monitoring" / "alerts.yaml"
BOARD = DEPLOY / "monitoring" / "grafana-board.json"
COMPOSE = DEPLOY / "container" / "compose.yaml"
FILES = [path for path in sorted(DEPLOY.rglob("*")) if path.is_file() and path.suffix != ".pyc"]
SETTINGS = set(re.findall(r"GONGDI_[A-Z_]+", (ROOT / "docs" / "CONFIGURATION.md").read_text("utf-8")))
OF_COMPOSE = {"GONGDI_HOST_NAME"}  # what the proxy serves; no setting of the server


def _figures(app: Flask, config: Config, folder: Path) -> str:
    """All that /metrics can say: there is a heartbeat and a backup, and a request was answered."""
    made = folder / "gongdi-20261123T000000Z"
    made.mkdir()
    manifest = {"format": 1, "made": "2026-11-23T00:00:00Z", "database": "sqlite", "schema": "", "file": "x"}
    (made / "manifest.json").write_text(json.dumps({**manifest, "sha256": "", "keys": {}, "photos": 0}))
    app.extensions["gongdi"] = replace(app.extensions["gongdi"], config=replace(config, backup_dir=folder))
    with app.app_context(), write() as session:
        session.merge(Heartbeat(name="test", at_ms=NOW_MS, took_ms=1, did={}))
    client = app.test_client()
    client.get("/healthz")
    return client.get("/metrics").text


def _expressions() -> list[str]:
    alerts = [
        rule["expr"]
        for group in yaml.safe_load(ALERTS.read_text("utf-8"))["groups"]
        for rule in group["rules"]
    ]
    panels = json.loads(BOARD.read_text("utf-8"))["panels"]
    return alerts + [target["expr"] for panel in panels for target in panel["targets"]]


def test_alarms_and_board_ask_for_figures_that_the_server_has(
    cast: Cast, config: Config, tmp_path: Path
) -> None:
    text = _figures(cast.app, config, tmp_path)
    served = set(re.findall(r"^(gongdi_[a-z_]+)", text, re.MULTILINE))
    asked = {name for expression in _expressions() for name in re.findall(r"gongdi_[a-z_]+", expression)}
    assert asked <= served
    assert 'job="gongdi"' in _expressions()[0]


@pytest.mark.parametrize("guide", ["OPERATING.md", "OPERATING.zh-CN.md"])
def test_the_guide_says_what_to_do_at_each_alarm_and_knows_no_other(guide: str) -> None:
    alarms = set(re.findall(r"alert: (\w+)", ALERTS.read_text("utf-8")))
    assert set(re.findall(r"\bGongdi[A-Z]\w+", (ROOT / "docs" / guide).read_text("utf-8"))) == alarms


def test_both_guides_have_the_same_parts_and_commands() -> None:
    english, chinese = (
        (ROOT / "docs" / name).read_text("utf-8") for name in ("OPERATING.md", "OPERATING.zh-CN.md")
    )
    assert english.count("\n## ") == chinese.count("\n## ")
    commands = re.compile(r"`(gongdi [a-z-]+(?: [a-z-]+)?)\b")
    assert set(commands.findall(chinese)) <= set(commands.findall(english))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(DEPLOY)))
def test_commands_and_settings_exist(path: Path) -> None:
    text = path.read_text("utf-8")
    assert set(re.findall(r"GONGDI_[A-Z_]+", text)) <= SETTINGS | OF_COMPOSE
    named = re.findall(
        r"bin/gongdi ([a-z-]+)$|\[gongdi, ([a-z-]+)\]|\"gongdi\", \"([a-z-]+)\"", text, re.MULTILINE
    )
    for command in {"".join(groups) for groups in named}:
        assert gongdi.get_command(click.Context(gongdi), command) is not None


def test_containers_hold_together() -> None:
    composed = yaml.safe_load(COMPOSE.read_text("utf-8"))
    services = composed["services"]
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
        for volume in service["volumes"]:
            source = volume.partition(":")[0]
            assert source in composed["volumes"] or (COMPOSE.parent / source).is_file()
    assert f"reverse_proxy web:{8000}" in (COMPOSE.parent / "Caddyfile").read_text("utf-8")


def test_what_a_server_needs_is_locked_alike_in_every_lock() -> None:
    server, build, test = (
        _locked(name) for name in ("requirements.lock", "requirements-build.lock", "requirements-test.lock")
    )
    assert server.items() <= build.items() <= test.items()
    assert not [name for name in server if "node" in name]


def _locked(name: str) -> dict[str, tuple[str, frozenset[str]]]:
    """Version and hashes of each package."""
    locked: dict[str, tuple[str, frozenset[str]]] = {}
    for part in re.split(r"^(?=[a-z0-9])", (ROOT / name).read_text("utf-8"), flags=re.MULTILINE):
        if found := re.match(r"([a-z0-9._-]+(?:\[\w+\])?)==(\S+)", part):
            locked[found[1]] = (found[2], frozenset(re.findall(r"sha256:(\w+)", part)))
    return locked


def test_the_tools_of_others_find_no_fault_where_they_are_installed() -> None:
    if promtool := shutil.which("promtool"):
        subprocess.run([promtool, "check", "rules", ALERTS], check=True)
    if analyze := shutil.which("systemd-analyze"):
        units = sorted((DEPLOY / "systemd").glob("*.service"))
        done = subprocess.run([analyze, "verify", *units], capture_output=True, text=True)
        faults = [
            line for line in done.stderr.splitlines() if "gongdi" in line and "not executable" not in line
        ]
        assert faults == []
