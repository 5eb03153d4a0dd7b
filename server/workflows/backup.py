"""A backup: one folder with the database at one moment, the photos as they lie sealed, and the fingerprints of the keys
that open them. The keys themselves are kept elsewhere."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.ops.check_keys import holds_data
from server.actions.ops.health import schema_of
from server.base.clock import from_iso, to_iso
from server.base.config import Config
from server.base.db import db, read, write
from server.base.dump import dump_database, kind_of, load_database
from server.base.media_store import MediaStore
from server.base.migrate import knows_revision
from server.base.problems import Problem
from server.base.runtime import Runtime
from server.base.seal import SEALING, KeyTrouble, Seals
from server.models.key import known_keys
from server.models.media import Media, original_key, shown_key
from server.models.scope import renew_epochs
from server.rules.keys import Known, key_faults
from server.workflows.upgrade import upgrade_database

MANIFEST = "manifest.json"
PHOTOS = "media"
FORMAT = 1


class Manifest(msgspec.Struct, frozen=True):
    """The description of a backup. It is written last: a folder without it is no backup. `keys`: [fingerprint, retired]
    by name; `photos`: how many objects."""

    format: int
    made: str
    database: str
    schema: str
    file: str
    sha256: str
    keys: dict[str, tuple[str, bool]]
    photos: int


def make_backup(runtime: Runtime, folder: Path) -> Manifest:
    """Write a backup to `folder`, which must be new or empty, while servers continue to work.

    1. Everything goes into a folder next to it, which is removed when anything fails: no half backup looks like one.
    2. The database first: photos that it names are in the store by then.
    3. The manifest, then the folder gets its name.

    Raises Problem 409 for a folder in use; OSError, sqlite3.Error or Problem when there is no room, or a part fails.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Problem("folder_in_use", f"{folder} 已有内容, 请换一个新文件夹。")
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        manifest = _fill(runtime, partial)
        os.sync()
        partial.rename(folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return manifest


def _fill(runtime: Runtime, folder: Path) -> Manifest:
    kind = kind_of(runtime.config)
    file = folder / f"database.{kind}"
    with read() as session:
        keys = {
            name: (row.fingerprint, row.retired_ms is not None) for name, row in known_keys(session).items()
        }
        schema = schema_of(session) or ""
    dump_database(runtime.config, file)
    photos = 0
    for key in runtime.media.all_keys():
        photos += _keep_photo(runtime.media, key, folder / PHOTOS / key)
    made = to_iso(runtime.clock.now_ms())
    manifest = Manifest(FORMAT, made, kind, schema, file.name, _sha256(file), keys, photos)
    (folder / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
    return manifest


def _keep_photo(store: MediaStore, key: str, to: Path) -> bool:
    sealed = store.get_sealed(key)
    if sealed is None:  # deleted meanwhile
        return False
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_bytes(sealed)
    return True


def read_manifest(folder: Path) -> Manifest:
    """The description of this backup, checked against its files. Raises Problem 422."""
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except (FileNotFoundError, NotADirectoryError, msgspec.MsgspecError) as error:
        raise _unusable(f"{folder} 不是 gongdi backup 写好的文件夹。") from error
    file = folder / manifest.file
    if manifest.format != FORMAT or not knows_revision(manifest.schema):
        raise _unusable("备份来自更新的版本, 请先升级程序。")
    if Path(manifest.file).name != manifest.file or not file.is_file() or _sha256(file) != manifest.sha256:
        raise _unusable("数据库文件缺失或被改动 (SHA-256 不符)。")
    if len(_photos_in(folder)) != manifest.photos:
        raise _unusable("照片数目与备份时不符。")
    return manifest


def backup_made_ms(folder: Path) -> int | None:
    """When the backup in `folder` was made, by its description alone; None when it is no complete backup."""
    try:
        return from_iso(msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest).made)
    except (OSError, msgspec.MsgspecError, ValueError):
        return None


def require_keys_of(manifest: Manifest, seals: Seals) -> None:
    """Raises KeyTrouble unless these are the keys that open this backup."""
    known = {name: Known(*fields) for name, fields in manifest.keys.items()}
    faults = key_faults(known, seals.fingerprints, f"{SEALING}{seals.current_name}")
    if faults:
        raise KeyTrouble(faults[0].code, " ".join(fault.detail for fault in faults))


def require_empty(config: Config, manifest: Manifest) -> None:
    """Raises Problem 409 unless the database that the settings name is of the backup's kind and holds nothing."""
    if kind_of(config) != manifest.database:
        detail = f"备份来自 {manifest.database}, 而 GONGDI_DATABASE_URL 指向 {kind_of(config)}。"
        raise Problem("database_differs", detail)
    with read() as session:
        if holds_data(session):
            detail = "数据库里已有数据, 不会覆盖。请让 GONGDI_DATABASE_URL 指向一个空的数据库, 再恢复。"
            raise Problem("database_in_use", detail)


def restore_backup(runtime: Runtime, folder: Path, manifest: Manifest) -> int:
    """Load a backup into the empty database and the store. Gives how many scopes tablets will check again.

    1. Photos first: until the database is there, nothing has happened, and the restore can be begun again.
    2. The database, brought to this version.
    3. New epochs: tablets may hold changes that the backup lacks.
    """
    for path in _photos_in(folder):
        runtime.media.put_sealed(path.relative_to(folder / PHOTOS).as_posix(), path.read_bytes())
    db.engine.dispose()  # no connection of ours may hold what is replaced
    load_database(runtime.config, folder / manifest.file)
    upgrade_database(runtime.seals, runtime.clock.now_ms())
    with write() as session:
        return renew_epochs(session)


def lacking_photos(runtime: Runtime) -> int:
    """How many photos the database calls kept and the store lacks."""
    with read() as session:
        kept = _kept_photos(session)
    return sum(not runtime.media.has(key) for one in kept for key in (original_key(*one), shown_key(*one)))


def _kept_photos(session: Session) -> list[tuple[str, str]]:
    query = sa.select(Media.scope_id, Media.sha256).where(Media.state == "kept")
    return [(row.scope_id, row.sha256) for row in session.execute(query)]


def _photos_in(folder: Path) -> list[Path]:
    return [path for path in sorted((folder / PHOTOS).rglob("*")) if path.is_file()]


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _unusable(detail: str) -> Problem:
    return Problem("backup_unusable", detail)
