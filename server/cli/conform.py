"""The conformance kit as a command: whether a server keeps the sync contract."""

from __future__ import annotations

import click

from sync_protocol.conform.kit import conform as ask_all
from sync_protocol.conform.kit import judge_client, print_results


@click.command()
@click.argument("url")
@click.argument("code", required=False)
@click.option("--site", default="", help="写入哪个地点 (编号); 默认为该用户的第一个地点。")
@click.option(
    "--client",
    "port",
    type=click.IntRange(0, 65535),
    help="改为核对客户端: 在这个端口转给 URL, 按 Ctrl-C 出结果。",
)
def conform(url: str, code: str | None, site: str, port: int | None) -> None:
    """逐条核对服务器 URL 是否遵守同步协议 (SPEC); 有不符的, 退出码为 1。

    CODE 是一名有地点的检查员的注册码; URL 也可以是 enrol-code 给出的链接。会向该地点写入几十条记录, 其中有错误的,
    并留下一条分叉的链: 请只对试用的服务器运行。

    \b
    gongdi conform https://shiyong.example 7K3M-XXXXX-XXXXX
    gongdi conform https://shiyong.example --client 8090
    """
    if port is not None:
        if not judge_client(url, port, click.echo):
            raise click.exceptions.Exit(1)
        return
    if code is None:
        url, _, code = url.partition("/field/#code=")
    if not code or not url.startswith(("http://", "https://")):
        raise click.UsageError("请给出服务器地址和注册码, 或者完整的链接。")
    if not print_results(ask_all(url, code, site), click.echo):
        raise click.exceptions.Exit(1)
