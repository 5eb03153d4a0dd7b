"""The OpenAPI document is valid, and a client that a stock generator makes of it works."""

from __future__ import annotations

import importlib
import json
import shutil
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from openapi_spec_validator import OpenAPIV31SpecValidator

from server.base.db import write
from tests.live import serving
from tests.server.cast import PASSWORD, Cast, add_flag
from tests.server.rosters.people import person
from tests.stories.rosters.uploads import people_file, read_at_once

METHODS = ("get", "put", "post", "patch", "delete")
# Files are bytes to the generator when its settings say so; everything else it has to understand as it is.
CONFIG = {
    "post_hooks": [],
    "package_name_override": "gongdi_client",
    "content_type_overrides": {
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "application/octet-stream",
        "image/jpeg": "application/octet-stream",
        "application/pdf": "application/octet-stream",
    },
}


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """One kind of database is enough here: a client does not know which one it talks to."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'gongdi.sqlite3')}"


@pytest.fixture
def document(app: Flask) -> dict[str, Any]:
    found: dict[str, Any] = app.test_client().get("/api/v1/openapi.json").get_json()
    return found


@pytest.fixture
def client(document: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The package that the generator makes; a warning of its fails the test."""
    (tmp_path / "openapi.json").write_text(json.dumps(document), "utf-8")
    (tmp_path / "config.json").write_text(json.dumps(CONFIG), "utf-8")
    generator = Path(sys.executable).with_name("openapi-python-client")
    arguments = ["--path", "openapi.json", "--config", "config.json", "--output-path", "gongdi_client"]
    ran = subprocess.run(
        [generator, "generate", *arguments, "--meta", "none", "--fail-on-warning"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == "gongdi_client"]:
        monkeypatch.delitem(sys.modules, name)
    return importlib.import_module("gongdi_client")


def _operation(group: str, name: str) -> Any:
    return importlib.import_module(f"gongdi_client.api.{group}.{group}_{name}").sync_detailed


def _model(name: str) -> Any:
    return getattr(importlib.import_module("gongdi_client.models"), name)


def test_the_document_is_valid_and_every_operation_has_an_id_of_its_own(document: dict[str, Any]) -> None:
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []
    operations = [
        operation
        for path in document["paths"].values()
        for method, operation in path.items()
        if method in METHODS
    ]
    identities = [operation.get("operationId") for operation in operations]
    assert None not in identities and len(set(identities)) == len(identities) > 20


def test_a_generated_client_logs_in_reads_and_makes_a_move(
    app: Flask, cast: Cast, client: ModuleType
) -> None:
    with app.app_context(), write() as session:
        flag = add_flag(session, cast.site_a, "flag a")
    with serving(app) as address:
        stranger = client.Client(base_url=address)
        opened = _operation("sessions", "open_session")(
            client=stranger, body=_model("LogIn")(name="section", password=PASSWORD)
        )
        assert opened.status_code == 201
        own = client.AuthenticatedClient(base_url=address, token=opened.parsed.token)
        sites = _operation("sites", "list_sites")(client=own).parsed
        assert [site.name for site in sites.items] == ["牧野花园"]
        moved = _operation("flags", "act")(
            UUID(flag),
            client=own,
            body=_model("MoveIn")(action=_model("MoveInAction")("comment"), note="已联系"),
        )
        assert moved.status_code == 200, moved.content
        assert moved.parsed.id == UUID(flag)
        refused = _operation("sites", "list_sites")(
            client=client.AuthenticatedClient(base_url=address, token="wrong")
        )
        assert refused.parsed.code == "unauthenticated"


def test_a_generated_client_carries_files(app: Flask, cast: Cast, client: ModuleType) -> None:
    read_at_once(cast)
    with serving(app) as address:
        own = client.AuthenticatedClient(base_url=address, token=cast.client("contractor").token)
        file = importlib.import_module("gongdi_client.types").File(
            payload=BytesIO(people_file(person(1))),
            file_name="名册.xlsx",
            mime_type="application/octet-stream",
        )
        body = _model("RostersUploadBody")(file=file)
        sent = _operation("rosters", "upload")(UUID(cast.site_a), client=own, body=body)
        assert sent.status_code == 202
        got = _operation("rosters", "export")(UUID(cast.site_a), client=own)
        assert got.parsed.payload.read(2) == b"PK"
