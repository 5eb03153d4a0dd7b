"""The keys with which a process starts: those of its database, or none at all."""

from __future__ import annotations

from server.actions.ops.check_keys import holds_data, knows_keys, lacks_keys, record_keys, require_keys
from server.base.config import Config
from server.base.db import read, write
from server.base.seal import KeyTrouble, Seals, load_seals, make_keys


def open_keys(config: Config, now_ms: int) -> Seals:
    """The keys of the settings or of `data_dir/keys`, checked against the database.

    1. Keys that are not found are made only while the database holds no data.
    2. What the database knows of its keys has to be what is here; KeyTrouble otherwise.
    3. A key that it does not know yet (the first ones, or the next of a rotation) is recorded.

    Needs an app context. Raises ConfigError, of which KeyTrouble is one, and OperationalError when the database does not
    answer: keys that cannot be checked are not used.
    """
    with read() as session:
        used, remembers = holds_data(session), knows_keys(session)
    try:
        seals = load_seals(config)
    except KeyTrouble:
        if used:
            raise
        make_keys(config)
        seals = load_seals(config)
    if remembers:
        record_new_keys(seals, now_ms)
    return seals


def record_new_keys(seals: Seals, now_ms: int) -> None:
    """Check these keys against the database, and record those that it does not know. Raises KeyTrouble."""
    with read() as session:
        require_keys(session, seals)
        fresh = lacks_keys(session, seals)
    if fresh:
        with write() as session:
            record_keys(session, seals, now_ms)
