"""`gongdi` and `python -m server`: the commands, with the app that they work on."""

from __future__ import annotations

import gc
import os

from server.app import create_app
from server.cli import gongdi


def main() -> None:
    os.umask(0o077)  # database, photos, backups: nobody else on this machine may read them
    # A push or a roster makes hundreds of thousands of objects that live until it ends. To look through them after
    # every 700 costs a third of its time and finds nothing.
    gc.set_threshold(100_000, 50, 100)
    gongdi.main(prog_name="gongdi", obj=create_app)


if __name__ == "__main__":
    main()
