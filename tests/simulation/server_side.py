"""The server of a run: the real application in this process, on a database that can be put back to how it was. It is
used as everybody uses it: by HTTP and by its commands."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import pkgutil
import sqlite3
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from unittest.mock import patch

import click
import sqlalchemy as sa
from argon2 import PasswordHasher
from flask import Flask

import server
from server.app import create_app
from server.base.config import Config
from server.cli.main import gongdi
from sync_protocol.client.transport import Request, Response, WsgiTransport
from tests.postgresql import create_database, drop_database
from tests.simulation.determinism import PRODUCT
from tests.simulation.faults import DatabaseFaults

HOST = "http://gongdi.test"
KEYS = {  # of the simulated city: base64url of 32 bytes each
    "GONGDI_DIGEST_KEY": "ZGlnZXN0LWtleS1vZi10aGUtc2ltdWxhdGVkLWNpdHk",
    "GONGDI_SIGNING_KEY": "c2lnbmluZy1rZXktb2YtdGhlLXNpbXVsYXRlZC1jaXR",
}
OLD_KEY = "k1:Zmlyc3Qtc2VhbGluZy1rZXktb2YtdGhlLXNpbXVsYXR"
NEW_KEY = "k2:c2Vjb25kLXNlYWxpbmcta2V5LW9mLXRoZS1zaW11bGF"


class TrueClock(Protocol):
    def now_ms(self) -> int: ...


class AtOnce(Executor):
    """Does what it is given before it returns: nothing happens at a moment that the seed did not choose."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


class _Lasting(sqlite3.Connection):
    """A database in memory is its connection. Whoever closes it, because his process died, only leaves."""

    def close(self) -> None:
        self.rollback()


class Memory:
    """SQLite in memory, one for all engines. A snapshot is another database in memory."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect(
            ":memory:", check_same_thread=False, cached_statements=2000, factory=_Lasting
        )
        sa.event.listen(sa.Engine, "do_connect", self._connect)

    def _connect(
        self, _dialect: object, _record: object, asked: Sequence[Any], options: dict[str, Any]
    ) -> Any:
        """The server's own engines, which wait for each other, get this one; a scratch database is another."""
        return self._connection if asked == [":memory:"] and "timeout" in options else None

    def close(self) -> None:
        sa.event.remove(sa.Engine, "do_connect", self._connect)

    def save(self) -> sqlite3.Connection:
        kept = sqlite3.connect(":memory:")
        self._connection.backup(kept)
        return kept

    def restore(self, kept: sqlite3.Connection) -> None:
        kept.backup(self._connection)


class PostgreSQL:
    """A database on a server. A snapshot is another database there."""

    def __init__(self, engines: Sequence[sa.Engine]) -> None:
        self._engines = engines
        self._server, _, self._name = (
            engines[0].url.set(drivername="postgresql").render_as_string(False).rpartition("/")
        )
        self._kept = 0

    def save(self) -> str:
        self._let_go()
        self._kept += 1
        name = f"{self._name}_kept_{self._kept}"
        drop_database(self._server, name)
        create_database(self._server, name, self._name)
        return name

    def restore(self, kept: str) -> None:
        self._let_go()
        drop_database(self._server, self._name)
        create_database(self._server, self._name, kept)

    def close(self) -> None:
        self._let_go()

    def _let_go(self) -> None:
        for engine in self._engines:
            sa.Engine.dispose(engine)


@dataclass(frozen=True)
class Answer:
    status: int
    text: str

    def json(self) -> Any:
        return json.loads(self.text)


class ServerSide:
    """Two processes of one server, `apps`: the first has the old sealing key, the second the new one as well."""

    def __init__(
        self, folder: Path, clock: TrueClock, database_url: str, heard: Callable[[str], None]
    ) -> None:
        env = {**KEYS, "GONGDI_DATABASE_URL": database_url, "GONGDI_DATA_DIR": str(folder)}
        env["GONGDI_WEBHOOK_HOSTS"] = "127.0.0.1"
        _hash_cheaply()
        memory = Memory() if database_url.startswith("sqlite") else None  # creating an app opens its database
        self.apps = [
            create_app(Config.from_env({**env, "GONGDI_SECRET_KEYS": keys}), clock)
            for keys in (OLD_KEY, f"{NEW_KEY},{OLD_KEY}")
        ]
        self.faults = DatabaseFaults()
        self.current = 0
        self._heard = heard
        self._makers = [module for module in product_modules() if "local_app" in vars(module)]
        assert self._makers, "commands make their app by another name: they must never reach a real database"
        engines = [_engine_of(app) for app in self.apps]
        self.database: Memory | PostgreSQL = memory or PostgreSQL(engines)
        for engine in engines:
            self.faults.listen(engine)
            # A command ends by closing its connections. These are a server's too, which goes on.
            vars(engine)["dispose"] = lambda: None
            engine.update_execution_options(compiled_cache={})  # of any size: each statement is compiled once
        for app in self.apps:
            app.extensions["gongdi_pool"] = AtOnce()

    @property
    def app(self) -> Flask:
        return self.apps[self.current]

    def forget(self) -> None:
        """Let both processes look at the rules again: what they knew last is of another run."""
        for number in range(len(self.apps)):
            self.current = number
            assert self.ask("GET", "/sync/v1/kinds").status == 200

    def transport(self) -> WsgiTransport:
        """The way in, to whichever process serves at the time."""
        return WsgiTransport(lambda environ, start: self.app(environ, start))

    def command(self, *words: str, stdin: str = "") -> tuple[int, str]:
        """Run `gongdi WORDS`; gives its exit code and what it printed."""
        app = self.app
        printed = io.StringIO()
        code = 0
        with ExitStack() as stack:
            stack.enter_context(patch.object(sys, "stdin", io.StringIO(stdin)))
            stack.enter_context(contextlib.redirect_stdout(printed))
            for module in self._makers:  # whichever app a command would make: it is this one
                stack.enter_context(patch.object(module, "local_app", lambda _config: app))
            try:
                gongdi.main(list(words), obj=lambda _config, _clock: app, standalone_mode=False)
            except SystemExit as ended:
                code = int(ended.code or 0)
            except click.ClickException as error:
                code = error.exit_code
                printed.write(error.format_message())
        self._heard(f"{words} {code} {printed.getvalue()}")
        return code, printed.getvalue()

    def done(self, *words: str, stdin: str = "") -> str:
        """As `command`, which must not fail."""
        code, printed = self.command(*words, stdin=stdin)
        assert code == 0, f"gongdi {' '.join(words)}: {printed}"
        return printed

    def ask(self, method: str, path: str, token: str = "", body: Any = None, **sent: Any) -> Answer:
        """One request; `body` goes as JSON."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= sent.get("headers", {})
        data = sent.get("data", b"")
        if body is not None:
            data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        answer = self.transport().send(Request(method, HOST + path, headers, data))
        self.note(answer)
        return Answer(answer.status, answer.body.decode("utf-8", "replace"))

    def note(self, answer: Response) -> None:
        self._heard(f"{answer.status} {answer.body!r}")

    def sql(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        """Somebody at the database itself, past the server."""
        with _engine_of(self.app).begin() as connection:
            found = connection.execute(sa.text(statement), values)
            return [tuple(row) for row in found] if found.returns_rows else []


def _engine_of(app: Flask) -> sa.Engine:
    with app.app_context():
        engine: sa.Engine = app.extensions["sqlalchemy"].engine
        return engine


def import_product() -> None:
    """Every module of the product is there before anything of it is replaced: what comes later would keep what it took."""
    for found in pkgutil.walk_packages(server.__path__, "server."):
        if "migrations" not in found.name and not found.name.endswith("__main__"):
            importlib.import_module(found.name)


def product_modules() -> list[Any]:
    return [module for name, module in sorted(sys.modules.items()) if name.split(".")[0] in PRODUCT]


def _hash_cheaply() -> None:
    """Passwords at the lowest cost, wherever the product keeps its hasher."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    for module in product_modules():
        for name, value in list(vars(module).items()):
            if isinstance(value, PasswordHasher):
                setattr(module, name, cheap)
