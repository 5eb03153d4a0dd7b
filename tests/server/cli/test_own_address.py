"""A link for a tablet names the port on which the server answers, whatever the shell knows in which it is asked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from server.app import create_app
from server.base.config import Config
from server.cli.address import note_address, own_address
from server.cli.main import gongdi
from tests.server.cast import Cast


def test_the_link_names_the_port_that_the_server_was_started_with(
    cast: Cast, database_url: str, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PORT", raising=False)
    note_address(replace(config, data_dir=tmp_path), 8123)
    env = {"GONGDI_DATABASE_URL": database_url, "GONGDI_DATA_DIR": str(tmp_path)}

    def link(*args: str, **more: str) -> str:
        command = ["enrol-code", "inspector", "--link", *args]
        return CliRunner().invoke(gongdi, command, obj=create_app, env={**env, **more}).output

    assert link().startswith(f"http://{config.host}:8123/field/")
    assert link(PORT="8124").startswith(f"http://{config.host}:8124/")
    assert link("--url", "https://gongdi.example.cn/").startswith("https://gongdi.example.cn/field/")


def test_before_it_was_ever_started_the_usual_port_is_named(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PORT", raising=False)
    fresh = replace(config, data_dir=tmp_path / "none")
    assert own_address(fresh) == f"http://{fresh.host}:{fresh.port}"
    assert note_address(fresh, 8200) == own_address(fresh)
