"""Hear the camera platforms that publish by MQTT: one thread with one loop, one connection a platform. Database work is done
in other threads, so that no connection waits for that of another.

One scheduler at a time hears a platform: it holds `next_ms` as a lease, renews it by the value that it wrote itself, and
gives up the connection where that fails. Who only shared the client id would be cut off by the other's connection, would
connect again, and cut off the other."""

from __future__ import annotations

import asyncio
import logging
import random
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import NamedTuple

import sqlalchemy as sa
from flask import Flask

from server.actions.cameras.ask_platform import NotAnswered
from server.actions.cameras.edit_platforms import NOUN, secret_of
from server.actions.cameras.hear_platform import Hearing, has_mqtt, hear
from server.actions.cameras.take_message import take_published
from server.actions.reference.load_reference import rules_in_force, tx_of
from server.base.db import Session, is_passing, read, write, write_in_turn
from server.base.runtime import Runtime
from server.models.camera import Platform
from server.models.device import Device
from server.rules.calendar import local_date_of
from server.rules.camera_adapters import MQTT, Adapter, adapters_of

LEASE_MS = 90_000
RENEW_MS = 60_000  # what is left of a lease when it is renewed
LOOK_S = 10.0  # between two looks at which platforms there are
FIRST_WAIT_S, LAST_WAIT_S = 1.0, 300.0  # before connecting again; doubled each time
HELD_S = 60.0  # a connection that lasted so long was good: the wait is short again
PLATFORMS_MAX = 200  # of one scheduler
_THREADS = 4
_log = logging.getLogger("gongdi.cameras")


class _Heard(NamedTuple):
    hearing: Hearing
    task: asyncio.Task[None]


class Listener:
    """Hears all that it can get, from `start` to `stop`."""

    def __init__(self, app: Flask, look_s: float = LOOK_S, first_wait_s: float = FIRST_WAIT_S) -> None:
        self._app, self._look_s, self._first_wait_s = app, look_s, first_wait_s
        self._runtime: Runtime = app.extensions["gongdi"]
        self._stopping = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._loop.set_default_executor(ThreadPoolExecutor(_THREADS, "gongdi-mqtt"))
        self._thread = threading.Thread(target=self._work, name="gongdi-mqtt", daemon=True)
        self._heard: dict[str, _Heard] = {}
        self._leases: dict[str, int] = {}  # the values that this process wrote
        self._noted: dict[str, str] = {}  # the last problem of each platform, so that it is logged once
        self._looked_s = time.monotonic()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Close all connections and let others hear the platforms. Brokers keep what comes meanwhile."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def _work(self) -> None:
        try:
            self._loop.run_until_complete(self._run())
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
        finally:
            self._loop.close()

    async def _run(self) -> None:
        while not self._stopping.is_set():
            await self._look()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self._look_s)
        await self._follow({})
        try:
            await asyncio.to_thread(self._release)
        except Exception:  # a lease runs out by itself
            _log.exception("platforms were not left to others")

    async def _look(self) -> None:
        try:
            wanted = await asyncio.to_thread(self._claim)
        except Exception:  # the database may answer at the next look
            _log.exception("platforms that publish were not looked up")
            if time.monotonic() - self._looked_s < LEASE_MS / 1000:
                return
            wanted = {}
        else:
            self._looked_s = time.monotonic()
        await self._follow(wanted)

    async def _follow(self, wanted: Mapping[str, Hearing]) -> None:
        """Close what is not wanted any more, or not so; hear what is new."""
        over = [id for id, one in self._heard.items() if wanted.get(id) != one.hearing]
        tasks = [self._heard.pop(id).task for id in over]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for id, hearing in wanted.items():
            if id not in self._heard:
                self._heard[id] = _Heard(hearing, asyncio.create_task(self._keep(hearing)))

    async def _keep(self, hearing: Hearing) -> None:
        """Hear one platform, and connect again when the connection ends."""
        wait_s, id = self._first_wait_s, hearing.platform_id

        async def begun() -> None:
            await self._note(id, "")

        async def take(payload: bytes) -> None:
            await self._take(id, payload)

        while True:
            began_s = time.monotonic()
            try:
                await hear(hearing, begun, take)
            except NotAnswered as failed:
                await self._note(id, failed.code)
            except Exception as error:  # of a message that the broker delivers again
                _log.exception("a platform is not heard", extra={"fields": {"platform": id}})
                if not is_passing(error):
                    await self._note(id, "failed")
            if time.monotonic() - began_s > HELD_S:
                wait_s = self._first_wait_s
            await asyncio.sleep(wait_s * random.uniform(0.5, 1))
            wait_s = min(wait_s * 2, LAST_WAIT_S)

    async def _take(self, id: str, payload: bytes) -> None:
        """Take in one message. One that nobody can take in is left out, and the connection stays. Raises what passes: then
        the message is not acknowledged."""
        try:
            await asyncio.to_thread(self._take_in_turn, id, payload)
            self._noted[id] = ""
        except NotAnswered as failed:
            await self._note(id, failed.code)
        except Exception as error:
            if is_passing(error):
                raise
            _log.exception("a message was not taken in", extra={"fields": {"platform": id}})
            await self._note(id, "failed")

    def _take_in_turn(self, id: str, payload: bytes) -> None:
        with self._app.app_context(), write_in_turn() as session:
            take_published(tx_of(session, self._runtime.seals, self._runtime.clock.now_ms()), id, payload)

    async def _note(self, id: str, problem: str) -> None:
        """Record why a platform is not heard; empty: it is."""
        if self._noted.get(id) == problem:
            return
        if problem:
            fields = {"platform": id, "problem": problem}
            _log.warning("a platform is not heard or not understood", extra={"fields": fields})
        try:
            await asyncio.to_thread(self._write_problem, [id], problem)
            self._noted[id] = problem
        except Exception:  # it is written at the next time
            _log.exception("a problem was not written", extra={"fields": {"platform": id}})

    def _write_problem(self, ids: list[str], problem: str) -> None:
        is_other = sa.and_(Platform.id.in_(ids), Platform.problem != problem)
        with self._app.app_context(), write() as session:
            session.execute(sa.update(Platform).where(is_other).values(problem=problem))

    def _claim(self) -> dict[str, Hearing]:
        """What this process hears from now on, by platform. Leases that run out soon are renewed."""
        now_ms = self._runtime.clock.now_ms()
        with self._app.app_context():
            with read() as session:
                found = _published(session, now_ms)
            held = {one.id: one for one, _ in found if self._leases.get(one.id) == one.next_ms}
            free = [one for one, _ in found if one.id not in held and _is_free(one, now_ms)]
            if not has_mqtt():
                self._say_missing([one.id for one in free])
                return {}
            late = [one for one in held.values() if _is_late(one, now_ms)]
            taken = [*late, *free[: PLATFORMS_MAX - len(held)]]
            if taken:
                with write_in_turn() as session:
                    got = [one.id for one in taken if _lease(session, one, now_ms)]
                self._leases |= dict.fromkeys(got, now_ms + LEASE_MS)
                held = {id: one for id, one in held.items() if one not in late} | {
                    one.id: one for one in taken if one.id in got
                }
            self._leases = {id: until_ms for id, until_ms in self._leases.items() if id in held}
            hosts = self._runtime.config.webhook_hosts
            return {
                one.id: Hearing(one.id, adapter, one.address, secret_of(self._runtime.seals, one), hosts)
                for one, adapter in found
                if one.id in held
            }

    def _say_missing(self, ids: list[str]) -> None:
        fresh = [id for id in ids if self._noted.get(id) != "mqtt_missing"]
        if fresh:
            _log.warning("aiomqtt is not installed", extra={"fields": {"platforms": fresh}})
            self._write_problem(fresh, "mqtt_missing")
            self._noted |= dict.fromkeys(fresh, "mqtt_missing")

    def _release(self) -> None:
        """Another scheduler need not wait until the leases run out."""
        if not self._leases:
            return
        now_ms = self._runtime.clock.now_ms()
        with self._app.app_context(), write() as session:
            for id, until_ms in self._leases.items():
                is_own = sa.and_(Platform.id == id, Platform.next_ms == until_ms)
                session.execute(sa.update(Platform).where(is_own).values(next_ms=now_ms))


@contextmanager
def listening(app: Flask) -> Iterator[None]:
    """Within it platforms are heard."""
    listener = Listener(app)
    listener.start()
    try:
        yield
    finally:
        listener.stop()


def _published(session: Session, now_ms: int) -> list[tuple[Platform, Adapter]]:
    """The platforms in use that publish."""
    rows = rules_in_force(session).rows.get(NOUN, ())
    adapters = adapters_of(rows, MQTT, local_date_of(now_ms))
    if not adapters:
        return []
    query = sa.select(Platform).join(Device, Device.id == Platform.id)
    is_in_use = sa.and_(Platform.to_ms.is_(None), Device.state == "active", Platform.next_ms.is_not(None))
    query = query.where(Platform.adapter.in_(list(adapters)), is_in_use).order_by(Platform.id)
    return [(one, adapters[one.adapter]) for one in session.scalars(query)]


def _is_free(platform: Platform, now_ms: int) -> bool:
    """No lease lasts longer than that: one that seems to was written before the clock was set back."""
    return not now_ms < (platform.next_ms or 0) <= now_ms + 2 * LEASE_MS


def _is_late(platform: Platform, now_ms: int) -> bool:
    return not RENEW_MS < (platform.next_ms or 0) - now_ms <= LEASE_MS


def _lease(session: Session, platform: Platform, now_ms: int) -> bool:
    """Whether nobody else took or closed it since it was read."""
    is_same = sa.and_(Platform.id == platform.id, Platform.next_ms == platform.next_ms)
    statement = sa.update(Platform).where(is_same).values(next_ms=now_ms + LEASE_MS)
    return session.execute(statement.returning(Platform.id)).first() is not None
