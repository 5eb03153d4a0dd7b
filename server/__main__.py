"""`gongdi` and `python -m server`: the commands, with the app that they work on."""

from __future__ import annotations

from server.app import create_app
from server.cli import gongdi


def main() -> None:
    gongdi.main(prog_name="gongdi", obj=create_app)


if __name__ == "__main__":
    main()
