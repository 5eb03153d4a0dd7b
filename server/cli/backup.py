"""Commands that back the whole server up to a folder, and restore it."""

from __future__ import annotations

from pathlib import Path

import click

from server.base.config import Config
from server.base.seal import load_seals
from server.cli.base import check_schema, make_app, runtime_of
from server.cli.log import print_faults
from server.workflows.backup import (
    lacking_photos,
    make_backup,
    read_manifest,
    require_empty,
    require_keys_of,
    restore_backup,
)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def backup(folder: Path) -> None:
    """把数据库和照片备份到新文件夹 FOLDER; 服务不必停。

    数据库是同一时刻的完整副本 (直接复制正在使用的 SQLite 文件会丢数据)。PostgreSQL 用 pg_dump。
    密钥不在其中, 只有指纹: keys 文件夹请另行保存, 没有它备份打不开。
    """
    app = make_app()
    check_schema(app)
    with app.app_context():
        manifest = make_backup(runtime_of(app), folder)
    click.echo(f"已备份到 {folder}: {manifest.database}, 照片文件 {manifest.photos} 个")
    click.echo("密钥不在备份里。恢复时要用的指纹:")
    for name, (fingerprint, _) in sorted(manifest.keys.items()):
        click.echo(f"  {name} {fingerprint[:8]}")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def restore(folder: Path) -> None:
    """从 gongdi backup 的文件夹 FOLDER 恢复到一个空的数据库, 再核对日志。

    先把原来的 keys 文件夹放回 GONGDI_DATA_DIR (或设置环境变量)。请先停掉 serve 和 scheduler。
    之后全部平板会重新核对, 补回备份之后的记录。
    """
    config = Config.from_env()
    manifest = read_manifest(folder)
    require_keys_of(manifest, load_seals(config))  # before there is an app, which would make keys
    app = make_app(config=config)
    with app.app_context():
        require_empty(config, manifest)
        scopes = restore_backup(runtime_of(app), folder, manifest)
        click.echo(f"已恢复 {manifest.made} 的备份; {scopes} 个范围将由平板重新核对")
        lacking = lacking_photos(runtime_of(app))
    if lacking:
        click.echo(f"缺少照片文件: {lacking}")
    if print_faults(app) or lacking:
        raise SystemExit(1)
