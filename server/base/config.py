"""Every setting, read from the environment once, checked at start, frozen afterwards."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit


class ConfigError(ValueError):
    """A setting that cannot be used; the message names it and says what it takes."""


@dataclass(frozen=True, slots=True)
class Config:
    """The server's settings; see the table in docs/CONFIGURATION.md.

    `secret_keys` are `name:base64url` of 32 bytes, newest first; `digest_key` and `signing_key` are
    base64url of 32 bytes. Those that are empty are kept in files under `data_dir/keys`, made while
    the database is empty.
    """

    database_url: str
    data_dir: Path
    media_url: str  # "": a folder in data_dir
    secret_keys: str
    digest_key: str
    signing_key: str
    host: str
    port: int
    processes: int  # 0: as many as cores on PostgreSQL, one on SQLite, whose writers take turns
    threads: int
    connections: int
    idle_s: int
    demo: bool
    log_level: str
    tick_s: int
    trusted_proxies: int
    public_url: str
    webhook_hosts: frozenset[str]
    backup_dir: Path | None = None
    cors_origins: frozenset[str] = frozenset()
    oidc_issuer: str = ""  # "": people log in by password alone
    oidc_client_id: str = ""
    oidc_client_secret: str = ""

    @property
    def database_file(self) -> Path | None:
        """The path of the SQLite database; None for another database, or one only in memory."""
        scheme, _, path = self.database_url.partition(":///")
        path = path.partition("?")[0]
        return Path(path).resolve() if scheme.startswith("sqlite") and path and path != ":memory:" else None

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Config:
        """Read and check the settings. Raises ConfigError for one that cannot be used."""
        env = os.environ if env is None else env
        data_dir = Path(env.get("GONGDI_DATA_DIR", "./var")).resolve()
        oidc_issuer, oidc_client_id, oidc_client_secret = _oidc(env)
        return cls(
            database_url=_database_url(env.get("GONGDI_DATABASE_URL", ""), data_dir),
            data_dir=data_dir,
            media_url=_media_url(env.get("GONGDI_MEDIA_URL", "")),
            secret_keys=env.get("GONGDI_SECRET_KEYS", ""),
            digest_key=env.get("GONGDI_DIGEST_KEY", ""),
            signing_key=env.get("GONGDI_SIGNING_KEY", ""),
            host=env.get("GONGDI_HOST", "127.0.0.1"),
            port=_whole(env, "PORT", 8000, 0, 65535),
            processes=_whole(env, "GONGDI_PROCESSES", 0, 0, 256),
            threads=_whole(env, "GONGDI_THREADS", 8, 1, 256),
            connections=_whole(env, "GONGDI_CONNECTIONS", 2000, 16, 100_000),
            idle_s=_whole(env, "GONGDI_IDLE_S", 20, 1, 3600),
            demo=env.get("GONGDI_DEMO", "1") not in ("0", "false", "no", ""),
            log_level=_one_of(env, "GONGDI_LOG_LEVEL", "info", ("debug", "info", "warning", "error")),
            tick_s=_whole(env, "GONGDI_TICK_S", 30, 1, 3600),
            trusted_proxies=_whole(env, "GONGDI_TRUSTED_PROXIES", 0, 0, 8),
            public_url=_public_url(env.get("GONGDI_PUBLIC_URL", "")),
            webhook_hosts=frozenset(filter(None, env.get("GONGDI_WEBHOOK_HOSTS", "").split(","))),
            cors_origins=_origins(env.get("GONGDI_CORS_ORIGINS", "")),
            backup_dir=Path(backups).resolve() if (backups := env.get("GONGDI_BACKUP_DIR", "")) else None,
            oidc_issuer=oidc_issuer,
            oidc_client_id=oidc_client_id,
            oidc_client_secret=oidc_client_secret,
        )


def _database_url(url: str, data_dir: Path) -> str:
    if not url:
        return f"sqlite:///{data_dir / 'gongdi.sqlite3'}"
    scheme = urlsplit(url).scheme
    if scheme in ("postgres", "postgresql"):
        return "postgresql+psycopg" + url[len(scheme) :]
    if scheme in ("sqlite", "postgresql+psycopg"):
        return url
    raise ConfigError("GONGDI_DATABASE_URL takes sqlite:///FILE or postgresql://USER@HOST/NAME")


def _public_url(url: str) -> str:
    if url and urlsplit(url).scheme not in ("http", "https"):
        raise ConfigError("GONGDI_PUBLIC_URL takes https://HOST")
    return url.rstrip("/")


def _origins(text: str) -> frozenset[str]:
    """Origins as browsers send them: scheme, host and port, and nothing behind."""
    found = frozenset(filter(None, (part.strip() for part in text.split(","))))
    for origin in found:
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or origin != f"{parts.scheme}://{parts.netloc}":
            raise ConfigError("GONGDI_CORS_ORIGINS takes https://HOST, several with commas between")
    return found


def _oidc(env: Mapping[str, str]) -> tuple[str, str, str]:
    """Issuer, client id and secret of single log-in: all three, or none. The issuer stays as it is written: it is compared
    with what the provider says of itself."""
    issuer, client_id = env.get("GONGDI_OIDC_ISSUER", ""), env.get("GONGDI_OIDC_CLIENT_ID", "")
    given = (issuer, client_id, env.get("GONGDI_OIDC_CLIENT_SECRET", ""))
    if any(given) != all(given):
        raise ConfigError(
            "GONGDI_OIDC_ISSUER, GONGDI_OIDC_CLIENT_ID and GONGDI_OIDC_CLIENT_SECRET go together"
        )
    parts = urlsplit(issuer)
    if issuer and parts.scheme != "https" and parts.hostname not in ("localhost", "127.0.0.1"):
        raise ConfigError("GONGDI_OIDC_ISSUER takes https://HOST/PATH")
    return given


def _media_url(url: str) -> str:
    parts = urlsplit(url)
    if url and not (parts.scheme == "s3" and parts.netloc):
        raise ConfigError("GONGDI_MEDIA_URL takes s3://BUCKET/PREFIX")
    return url


def _whole(env: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = env.get(name, str(default))
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise ConfigError(f"{name} takes a whole number from {least} to {most}")
    return int(text)


def _one_of(env: Mapping[str, str], name: str, default: str, choices: tuple[str, ...]) -> str:
    text = env.get(name, default).lower()
    if text not in choices:
        raise ConfigError(f"{name} takes one of: {', '.join(choices)}")
    return text
