from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from server.base.runtime import Runtime
from tests.server.cast import Cast
from tests.stories.events.receiver import Other, Receiver, running_receiver
from tests.stories.flags.cast import planned_field


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running_receiver() as found:
        yield found


@pytest.fixture
def other(app: Flask, cast: Cast, tmp_path: Path, receiver: Receiver) -> Other:
    """Site A with a tablet and windows, and a system of others that may read its events; hosts of this machine may be
    reached."""
    runtime: Runtime = app.extensions["gongdi"]
    config = replace(runtime.config, webhook_hosts=frozenset({"127.0.0.1"}))
    app.extensions["gongdi"] = replace(runtime, config=config)
    made = Other(app, cast, planned_field(app, cast, tmp_path), receiver)
    made.let_in()
    return made
