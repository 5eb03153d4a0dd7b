"""Where this server may connect to on its own: public addresses only, so that no address that somebody entered leads into
the bureau's network."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

import urllib3

_ENDS_IN_IPV4 = (ipaddress.IPv6Network("::/96"), ipaddress.IPv6Network("64:ff9b::/96"))
_NAT64_LOCAL = ipaddress.IPv6Network("64:ff9b:1::/48")


def resolve(host: str, port: int, may_be_private: bool) -> str | None:
    """An address of the host; None if any of its addresses is not a public one, unless the host is allowed by name."""
    try:
        found = [row[4][0] for row in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):
        return None
    allowed = may_be_private or all(is_public(str(one)) for one in found)
    return str(found[0]) if found and allowed else None


class Pinned(NamedTuple):
    """A way to one host: the address that was found for it and checked is the one connected to, so that no name can lead
    inside later. `host`: the header."""

    pool: urllib3.HTTPConnectionPool
    path: str
    host: str

    def post_json(self, body: bytes, headers: Mapping[str, str]) -> bool:
        """POST there, follow no redirect and read nothing of the answer; whether it says that it was taken. Raises
        urllib3's HTTPError."""
        sent = {"Host": self.host, "Content-Type": "application/json", **headers}
        with self.pool:
            answer = self.pool.urlopen(
                "POST",
                self.path,
                body=body,
                headers=sent,
                retries=False,
                redirect=False,
                preload_content=False,
            )
            answer.close()
        return 200 <= answer.status < 300


def pinned(url: str, private_hosts: Collection[str], timeout_s: float) -> Pinned | None:
    """The way to where this http or https URL leads; None where this server may not go. `private_hosts`: the names that may
    lead inside."""
    asked = urlsplit(url)
    host, is_tls = asked.hostname or "", asked.scheme == "https"
    try:
        port = asked.port or (443 if is_tls else 80)
    except ValueError:
        return None
    found = resolve(host, port, host in private_hosts) if asked.scheme in ("http", "https") else None
    if found is None:
        return None
    timeout = urllib3.Timeout(total=timeout_s)
    pool = (
        urllib3.HTTPSConnectionPool(found, port, timeout=timeout, server_hostname=host, assert_hostname=host)
        if is_tls
        else urllib3.HTTPConnectionPool(found, port, timeout=timeout)
    )
    path = (asked.path or "/") + (f"?{asked.query}" if asked.query else "")
    return Pinned(pool, path, asked.netloc.rpartition("@")[2])


def is_public(address: str) -> bool:
    """Whether an IP address lies in the public Internet; one that stands for IPv4 addresses (mapped, compatible, 6to4,
    Teredo, NAT64) if all of them do. `is_global` alone takes multicast for public, and of those that stand for others each
    version of Python thinks otherwise."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if found.is_multicast or found in _NAT64_LOCAL:
        return False
    if isinstance(found, ipaddress.IPv4Address):
        return found.is_global
    embedded = _embedded(found)
    if embedded:
        return all(is_public(str(one)) for one in embedded)
    return found.is_global and not found.is_site_local


def _embedded(found: ipaddress.IPv6Address) -> list[ipaddress.IPv4Address]:
    """The IPv4 addresses that an IPv6 address leads to."""
    named = [found.ipv4_mapped, found.sixtofour, *(found.teredo or ())]
    if any(found in network for network in _ENDS_IN_IPV4):
        named.append(ipaddress.IPv4Address(int(found) & 0xFFFF_FFFF))
    return [one for one in named if one is not None]
