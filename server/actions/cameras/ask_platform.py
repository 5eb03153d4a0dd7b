"""Ask a platform for its list of cameras, over HTTP. No transaction is open meanwhile. The secret is in no URL and in no
log, and no failure repeats it."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import urllib3

from server.base.egress import pinned
from server.rules.camera_adapters import Adapter

DEADLINE_S = 25.0  # of all that one platform is asked together
TIMEOUT_S = 8.0
PAGE = 100
PAGES_MAX = 50
DEVICES_MAX = 300
_BYTES_MAX = 4 * 1024 * 1024  # of one answer
_PIECE = 64 * 1024
_DEVICE = re.compile(r"[A-Za-z0-9_-]{1,64}")
PROBLEMS = {
    "not_allowed": "地址指向内网, 没有写进 GONGDI_WEBHOOK_HOSTS",
    "unreachable": "连不上",
    "denied": "平台不认密钥",
    "failed": "平台出错",
    "unreadable": "看不懂平台的回答或消息",
    "too_large": "平台的回答或消息太大",
    "too_slow": "平台回答太慢",
    "no_adapter": "接入方式已停用",
    "revoked": "平台的设备已注销",
    "mqtt_missing": "服务器没有安装 MQTT 部件, 装好 aiomqtt 后重新启动 gongdi scheduler",
}
_log = logging.getLogger("gongdi.cameras")


class NotAnswered(Exception):
    """A platform gave no list, or can't be heard. `code`: one of PROBLEMS."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Asking:
    """One platform that is asked. `ends_s`: until when, on the monotonic clock."""

    adapter: Adapter
    address: str
    secret: str
    private_hosts: Collection[str]
    ends_s: float

    def states(self) -> dict[str, str]:
        """The states of the platform's cameras, by their codes. A device whose channels it does not give is left out:
        nothing was reported of them. Raises NotAnswered."""
        adapter, devices = self.adapter, list(self._pages(self.adapter.of("devices")))
        channels = adapter.of("channels")
        if not channels:
            return adapter.states(devices)
        found: dict[str, str] = {}
        for item in devices[:DEVICES_MAX]:
            code, is_online = adapter.device(item)
            if _DEVICE.fullmatch(code) is None:
                continue
            try:
                some = list(self._pages(channels.replace("{device}", quote(code, safe=""))))
            except NotAnswered as failed:
                if failed.code in ("too_slow", "denied", "not_allowed"):
                    raise
                _log.warning("a device's channels were not given", extra={"fields": {"problem": failed.code}})
                continue
            found |= adapter.states(some, is_online)
        return found

    def _pages(self, path: str) -> Iterator[Any]:
        page, count, seen = self.adapter.of("page"), self.adapter.of("count"), 0
        for number in range(1, PAGES_MAX + 1):
            asked = urlencode({page: number, count: PAGE}) if page and count else ""
            answer = self._get(f"{self.address}{path}" + (f"?{asked}" if asked else ""))
            if not self.adapter.succeeded(answer):
                raise NotAnswered("failed")
            items, total = self.adapter.items(answer), self.adapter.total(answer)
            yield from items
            seen += len(items)
            is_last = len(items) < PAGE if total is None else seen >= total
            if not items or not asked or is_last:
                return

    def _get(self, url: str) -> Any:
        left_s = self.ends_s - time.monotonic()
        if left_s <= 0:
            raise NotAnswered("too_slow")
        found = pinned(url, self.private_hosts, min(TIMEOUT_S, left_s))
        if found is None:
            raise NotAnswered("not_allowed")
        headers = {"Host": found.host, "Accept": "application/json"}
        header = self.adapter.of("header")
        if header and self.secret:
            headers[header] = self.secret
        try:
            with found.pool:
                answer = found.pool.urlopen(
                    "GET", found.path, headers=headers, retries=False, redirect=False, preload_content=False
                )
                try:
                    return self._read(answer)
                finally:
                    answer.close()
        except urllib3.exceptions.TimeoutError:
            raise NotAnswered("too_slow") from None
        except (urllib3.exceptions.HTTPError, OSError):
            raise NotAnswered("unreachable") from None

    def _read(self, answer: urllib3.BaseHTTPResponse) -> Any:
        if answer.status in (401, 403):
            raise NotAnswered("denied")
        if answer.status != 200:
            raise NotAnswered("failed")
        pieces = bytearray()
        while piece := answer.read1(_PIECE):
            pieces += piece
            if len(pieces) > _BYTES_MAX:
                raise NotAnswered("too_large")
            if time.monotonic() > self.ends_s:
                raise NotAnswered("too_slow")
        try:
            return json.loads(pieces)
        except (ValueError, RecursionError):
            raise NotAnswered("unreadable") from None
