"""Commands for archive packages: make one of a site, verify one without any server."""

from __future__ import annotations

from pathlib import Path

import click

from server.actions.accounts.manage_users import find_user
from server.actions.sites.assign_site import find_site
from server.base.db import read
from server.cli.base import check_schema, make_app, runtime_of
from server.files.verify_archive import verify_archive
from server.models.access import viewer_of
from server.workflows.archive_site import archive_site


@click.command("archive")
@click.argument("name", metavar="SITE")
@click.option("--by", "user", required=True, help="经办人 (主管科室或监察支队的登录名)。")
@click.option("--reason", required=True, help="事由, 记入操作记录。")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="写到哪个文件。")
def archive(name: str, user: str, reason: str, out: Path) -> None:
    """生成 SITE 的归档包 (.zip), 交档案室; 身份和健康资料不在其中。

    \b
    gongdi site archive 东苑一期 --by zhian01 --reason "移交档案室〔2027〕3 号" --out 东苑一期.zip
    gongdi archive verify 东苑一期.zip
    """
    if out.exists():
        raise click.ClickException(f"{out} 已经存在, 不会改写。")
    app = make_app()
    check_schema(app)
    runtime = runtime_of(app)
    with app.app_context():
        with read() as session:
            viewer, site_id = viewer_of(session, find_user(session, user)), find_site(session, name).id
        try:
            done = archive_site(runtime, viewer, site_id, reason, out, runtime.clock.now_ms())
        except BaseException:
            out.unlink(missing_ok=True)
            raise
    click.echo(f"已生成 {out}: {done.site}, 文件 {done.files} 个, 日志 {done.lines} 行")
    click.echo(f"其中身份和健康资料、退回和已删除的 {done.left_out} 行只有散列")
    click.echo(f"服务器公钥的指纹, 请写在移交单上: {done.key}")


@click.command("verify")
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--key", help="服务器公钥 (base64url); 不填只核对与归档包里写的一致, 请人工核对指纹。")
def verify(file: Path, key: str | None) -> None:
    """核验归档包 FILE, 不需要服务器和数据库: 每个文件、每条日志链、每个签名。有问题时以 1 退出。"""
    found = verify_archive(file, key)
    for fault in found.faults:
        click.echo(fault)
    click.echo(
        f"{found.site or file.name}: 文件 {found.files} 个, 日志 {found.lines} 行"
        f" (另 {found.left_out} 行只有散列), 服务器回执 {found.anchors} 张, 健康数据删除证明 {found.proofs} 份"
    )
    if found.key:
        click.echo(f"服务器公钥的指纹 (应与移交单上的一致): {found.key}")
    click.echo("有问题" if found.faults else "核验无误")
    raise SystemExit(1 if found.faults else 0)
