"""Offices: an administrator with commands, section, brigade and contractor at their desks."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tests.simulation.city import PLACES, certificate
from tests.simulation.server_side import product_modules
from tests.simulation.world import World


def assign(world: World) -> None:
    """A site is given to an inspector, or taken from her."""
    user = world.rng.choice(("insp1", "insp2", "insp3"))
    site = world.rng.choice(sorted(world.truth.sites))
    holding = world.truth.holds(user, site, world.clock.at_ms)
    if world.command("unassign" if holding else "assign", user, world.truth.sites[site]):
        world.truth.hand(user, site, not holding)


def hand_over(world: World) -> None:
    """A site passes from one inspector to another, whether or not her tablet has reported: what it holds counts."""
    tablet = world.a_tablet()
    mine = [
        site for site in world.sites_on(tablet) if world.truth.holds(tablet.user, site, world.clock.at_ms)
    ]
    others = [one for one in world.alive() if one.user != tablet.user]
    if not mine or not others:
        return
    site, other = world.rng.choice(mine), world.rng.choice(others)
    name = world.truth.sites[site]
    if not world.truth.holds(other.user, site, world.clock.at_ms):
        if not world.command("assign", other.user, name):
            return
        world.truth.hand(other.user, site, True)
    if world.rng.random() < 0.7:
        other.client.sync()
    world.take_site(tablet.user, site)


def disable(world: World) -> None:
    """An inspector leaves, or comes back."""
    user = world.rng.choice(("insp2", "insp3"))
    word = "enable" if user in world.truth.disabled else "disable"
    if world.command("user", word, user):
        world.truth.user_is(user, word == "enable")


def revoke(world: World) -> None:
    """A tablet is lost, and taken out of service; the thief may still try it."""
    tablet = world.a_tablet()
    if len(world.alive()) < 2 or not tablet.device:
        return
    if world.command("device", "revoke", tablet.device):
        world.truth.revoked(tablet.device)
        world.truth.revoked_ms[tablet.device] = world.clock.at_ms
        if world.rng.random() < 0.5:
            tablet.lost = True
            world.truth.devices[tablet.device].gone = True


def suspend(world: World) -> None:
    site = world.rng.choice(sorted(world.truth.sites))
    world.truth.disturbed.add(site)
    name = world.truth.sites[site]
    words = ["site", "resume", name]
    if world.rng.random() < 0.5:
        approved = ("--from", "2026-11-24", "--approved-by", "住建局 12 号", "--reason", "大风")
        words = ["site", "suspend", name, *approved]
    world.command(*words)


def rotate_key(world: World) -> None:
    """The server is started again with a new sealing key before the old one."""
    world.command("keys", "rotate")
    world.server.current = 1


def load_rules(world: World) -> None:
    """A release with other reference data: a duty more on the same records, or a rule's next version."""
    with _other_seed_data(world.rng.choice((_second_log_duty, _next_share))):
        world.command("seed", "reference")


@contextmanager
def _other_seed_data(change: Callable[[Path], None]) -> Iterator[None]:
    holders = [module for module in product_modules() if isinstance(getattr(module, "SEED_DATA", None), Path)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "seed_data"
        shutil.copytree(holders[0].SEED_DATA, folder)
        change(folder)
        patches = [patch.object(module, "SEED_DATA", folder) for module in holders]
        for one in patches:
            one.start()
        try:
            yield
        finally:
            for one in patches:
                one.stop()


def _rows(path: Path, change: Callable[[list[dict[str, Any]]], None]) -> None:
    document = json.loads(path.read_text("utf-8"))
    change(document["rows"])
    path.write_text(json.dumps(document, ensure_ascii=False), "utf-8")


def _second_log_duty(folder: Path) -> None:
    """Parks have a duty of their own, proved by the same kind of record."""

    def another(code: str) -> Callable[[list[dict[str, Any]]], None]:
        def change(rows: list[dict[str, Any]]) -> None:
            name = "duty" if "duty" in rows[0] else "code"
            row = dict(next(row for row in rows if row[name] == "DISINFECT"))
            row |= {name: code, "code": code + (":normal" if name == "duty" else "")}
            if name == "code":
                row["site_kinds"] = ["municipal"]
            rows.append(row)

        return change

    _rows(folder / "duties.json", another("PARK-DISINFECT"))
    _rows(folder / "duty_slots.json", another("PARK-DISINFECT"))


def _next_share(folder: Path) -> None:
    def change(rows: list[dict[str, Any]]) -> None:
        row = next(row for row in rows if row["code"] == "silent_site_h")
        row["to"] = "2026-11-25"
        rows.append({**row, "value": 3, "from": "2026-11-25", "to": None})

    _rows(folder / "rules.json", change)


def move_flag(world: World) -> None:
    """A section, the brigade or the contractor does what may be done with a flag."""
    name = world.rng.choice(("section", "section", "brigade", "contractor"))
    listed = world.ask(name, "GET", "/api/v1/flags?limit=20")
    flags = listed.json()["items"] if listed.status == 200 else []
    if not flags:
        return
    flag = world.rng.choice(flags)
    shown = world.ask(name, "GET", f"/api/v1/flags/{flag['id']}").json()
    if shown.get("moves"):
        move = world.rng.choice(shown["moves"])
        asked = {"action": move["action"], "note": "已核实", "rev": shown["rev"]}
        world.ask(name, "POST", f"/api/v1/flags/{flag['id']}/actions", asked)


def upload_roster(world: World) -> None:
    """The contractor uploads a list of her people, and commits what was read of it."""
    site = next(key for key, name in sorted(world.truth.sites.items()) if name == next(iter(PLACES)))
    count = world.rng.randrange(1, 4)
    rows = [f"花名{number},{certificate(500 + number)},钢筋一班,钢筋工,2026-11-01" for number in range(count)]
    text = "姓名,身份证号,班组,工种,进场日期\n" + "\n".join(rows) + "\n"
    mark = "simulated-boundary"
    data = (
        f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="roster.csv"\r\n'
        f"Content-Type: text/csv\r\n\r\n{text}\r\n--{mark}--\r\n"
    ).encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={mark}"}
    taken = world.ask("contractor", "POST", f"/api/v1/sites/{site}/rosters", data=data, headers=headers)
    if taken.status == 202:
        key = taken.json()["id"]
        shown = world.ask("contractor", "GET", f"/api/v1/rosters/{key}").json()
        if shown["state"] == "preview":
            world.ask("contractor", "POST", f"/api/v1/rosters/{key}/commit", {})


def break_hook(world: World) -> None:
    world.hook_fails = not world.hook_fails
