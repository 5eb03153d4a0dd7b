"""`gongdi` and `python -m server`: the commands, with the app that they work on."""

from __future__ import annotations

import gc
import os
import pkgutil
from typing import TYPE_CHECKING

from server.cli.main import gongdi

if TYPE_CHECKING:
    from flask import Flask

    from server.base.clock import Clock
    from server.base.config import Config


def main() -> None:
    os.umask(0o077)  # database, photos, backups: nobody else on this machine may read them
    # A push or a roster makes hundreds of thousands of objects that live until it ends. To look through them after
    # every 700 costs a third of its time and finds nothing.
    gc.set_threshold(100_000, 50, 100)
    gongdi.main(prog_name="gongdi", obj=_create_app)


def _create_app(config: Config, clock: Clock | None) -> Flask:
    """The app, imported when a command asks for it: its endpoints take seconds to import."""
    app: Flask = pkgutil.resolve_name("server.app:create_app")(config, clock)
    return app


if __name__ == "__main__":
    main()
