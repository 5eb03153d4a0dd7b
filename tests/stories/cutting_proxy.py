"""A network that breaks: connections to the server pass through here, and are cut after so many bytes."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

_AT_ONCE = 16_384


class CuttingProxy:
    """`cuts[i]`: after how many bytes towards the server connection number i is reset; those beyond are left alone."""

    def __init__(self, target: str, cuts: Sequence[int | None]) -> None:
        self._target = (urlsplit(target).hostname or "", urlsplit(target).port or 80)
        self._cuts = cuts  # may grow: the next connection is cut as it then says
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.made = 0
        self.carried = 0  # bytes towards the server, over all connections
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                client, _ = self._listening.accept()
                cut = self._cuts[self.made] if self.made < len(self._cuts) else None
                self.made += 1
                threading.Thread(target=self._carry, args=(client, cut), daemon=True).start()

    def _carry(self, client: socket.socket, cut: int | None) -> None:
        with socket.create_connection(self._target) as server, client:
            threading.Thread(target=_pour, args=(server, client), daemon=True).start()
            with suppress(OSError):
                left = cut
                while left is None or left > 0:
                    data = client.recv(_AT_ONCE if left is None else min(left, _AT_ONCE))
                    if not data:
                        return
                    server.sendall(data)
                    self.carried += len(data)
                    left = None if left is None else left - len(data)
                server.shutdown(socket.SHUT_WR)
                # Closing with this option resets the connection: what a dead network looks like.
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _pour(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(_AT_ONCE):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


@contextmanager
def cutting(target: str, cuts: Sequence[int | None]) -> Iterator[CuttingProxy]:
    proxy = CuttingProxy(target, cuts)
    try:
        yield proxy
    finally:
        proxy.close()
