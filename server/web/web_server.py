"""The web server: waitress, with deadlines that it lacks.

waitress reads whole requests before a thread sees them, so a slow sender costs a socket and never a thread. But it
counts any byte as life: who sends one now and then keeps a connection for good. Here each phase of a connection has an
end, and what can be read in two ways is refused.
"""

from __future__ import annotations

import resource
import socket
import time
from typing import Any

from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher

from server.base.config import Config

REQUEST_BYTES_MAX = 32 * 1024 * 1024
GRACE_S = 60  # before a body that comes, or an answer that leaves, has to keep pace
PACE_BYTES_PER_S = 1024  # less is no network that anybody works with
_LOOK_S = 1  # how often deadlines are looked at
_OWN_FILES = 256  # descriptors for the database, the store and the log


class Parser(HTTPRequestParser):
    """Refuses a request whose length is given in two ways (RFC 9112, 6.3): two servers may read it differently, and the
    second half then becomes a request of its own."""

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        if self.chunked and "CONTENT_LENGTH" in self.headers:
            raise ParsingError("Content-Length with Transfer-Encoding")


class Channel(HTTPChannel):
    """One connection, and since when it waits for what it waits for."""

    parser_class = Parser
    began_s = 0.0  # of the request that is coming
    leaving_s = 0.0  # of the answer that is being sent; 0: none
    leaving_bytes = 0  # of it, when that began

    def received(self, data: bytes) -> bool:
        if self.request is None:
            self.began_s = time.time()
        return bool(super().received(data))

    def is_late(self, now_s: float, idle_s: float) -> bool:
        """Whether the client had its time: `idle_s` for silence between requests and for headers as a whole; body and
        answer have GRACE_S, and then have to keep pace."""
        if self.requests:  # the server's turn
            self.leaving_s = 0
            return False
        if self.total_outbufs_len:
            if not self.leaving_s:
                self.leaving_s, self.leaving_bytes = now_s, self.total_outbufs_len
            sent = self.leaving_bytes - self.total_outbufs_len
            return bool(now_s > self.leaving_s + GRACE_S + sent / PACE_BYTES_PER_S)
        self.leaving_s = 0
        if self.request is None:
            return bool(now_s > self.last_activity + idle_s)
        if not self.request.headers_finished:
            return now_s > self.began_s + idle_s
        return bool(now_s > self.began_s + GRACE_S + self.request.body_bytes_received / PACE_BYTES_PER_S)


class Server(TcpWSGIServer):
    """A listening address whose connections have deadlines."""

    channel_class = Channel

    def __init__(self, app: Any, idle_s: float, loop: dict[int, Any], **options: Any) -> None:
        self.idle_s = idle_s
        super().__init__(app, loop, **options)

    def maintenance(self, now: float) -> None:
        for channel in list(self.active_channels.values()):
            if channel.is_late(now, self.idle_s):
                channel.handle_close()


def bound(config: Config) -> list[socket.socket]:
    """The sockets that the settings name, on which several processes can `listen`."""
    found = Adjustments(listen=f"{config.host}:{config.port}").listen
    sockets = [socket.socket(family, kind, protocol) for family, kind, protocol, _ in found]
    for one, (family, _, _, address) in zip(sockets, found, strict=True):
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind(address)
        one.listen()  # who comes before a process serves them waits
    return sockets


def listen(app: Any, config: Config, sockets: list[socket.socket]) -> list[Server]:
    """Serve these sockets. The servers share their loop: `run` of the first serves all."""
    options = Adjustments(
        threads=config.threads,
        ident=None,
        max_request_body_size=REQUEST_BYTES_MAX,
        clear_untrusted_proxy_headers=False,
        connection_limit=allowed_connections(config.connections),
        cleanup_interval=_LOOK_S,
        asyncore_use_poll=True,  # select knows no descriptor beyond 1023
        log_socket_errors=False,
    )
    dispatcher = ThreadedTaskDispatcher()
    dispatcher.set_thread_count(options.threads)
    loop: dict[int, Any] = {}
    given = {"adj": options, "dispatcher": dispatcher, "bind_socket": False}
    return [
        Server(
            app,
            config.idle_s,
            loop,
            _sock=one,
            sockinfo=(one.family, one.type, one.proto, one.getsockname()),
            **given,
        )
        for one in sockets
    ]


def allowed_connections(wanted: int) -> int:
    """How many connections the process can hold, at most `wanted`: it asks the system for as many descriptors."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + _OWN_FILES
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft == resource.RLIM_INFINITY else max(1, min(wanted, soft - _OWN_FILES))
