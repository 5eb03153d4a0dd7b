"""Channels by which notices reach people outside the console. Each module of this folder is one; the folder is the list:

`CODE`: its name in the database and in commands; `TITLE`: what people read; `SCHEMES`: how its addresses begin, nothing else
is reached; `EXAMPLE`: such an address; `send(outgoing, address, private_hosts) -> bool`: whether the service took the
digest; `IS_SIGNED = True` where a secret signs what is sent."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Collection, Sequence
from importlib import import_module
from typing import Protocol, cast

from server.actions.notices.outgoing import Outgoing


class Channel(Protocol):
    CODE: str
    TITLE: str
    SCHEMES: tuple[str, ...]
    EXAMPLE: str
    send: Callable[[Outgoing, str, Collection[str]], bool]


def find_channels(path: Sequence[str]) -> dict[str, Channel]:
    """The channels whose modules are in these folders of this package, by code."""
    modules = (import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(path))
    channels = {module.CODE: cast(Channel, module) for module in modules}
    return dict(sorted(channels.items()))


CHANNELS = find_channels(__path__)
