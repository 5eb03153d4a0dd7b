"""A new way for notices is one module in the folder of channels: what lists and uses them follows."""

from __future__ import annotations

import click
import pytest
from flask import Flask

from server.actions.notices import channels
from server.actions.notices.edit_channels import NewChannel, add_channel
from server.actions.notices.outgoing import Outgoing
from server.base.db import write
from server.cli.notices import add
from server.models import User
from server.workflows.deliver_notices import sender
from tests.server.cast import Cast


def test_it_can_be_given_to_a_user(app: Flask, cast: Cast, pigeon: list[tuple[str, str]]) -> None:
    with app.app_context(), write() as session:
        user = session.get_one(User, cast.users["section"])
        seals = app.extensions["gongdi"].seals
        channel_id, secret = add_channel(session, seals, user, NewChannel("pigeon", "pigeon://roof"), 0)
    assert channel_id and not secret


def test_digests_leave_by_it(pigeon: list[tuple[str, str]]) -> None:
    outgoing = Outgoing("key", "pigeon", "pigeon://roof", "3 条通知", (), 3, False, 0)
    assert sender(frozenset())(outgoing)
    assert pigeon == [("3 条通知", "pigeon://roof")]


def test_an_address_of_another_scheme_is_never_reached(pigeon: list[tuple[str, str]]) -> None:
    assert not sender(frozenset())(Outgoing("key", "pigeon", "file:///etc", "", (), 3, False, 0))
    assert pigeon == []


@pytest.mark.parametrize("code", list(channels.CHANNELS))
def test_the_command_offers_every_channel_with_its_address(code: str) -> None:
    kind = next(parameter for parameter in add.params if parameter.name == "kind")
    assert isinstance(kind.type, click.Choice)
    assert code in kind.type.choices
    assert channels.CHANNELS[code].EXAMPLE in (add.help or "")
