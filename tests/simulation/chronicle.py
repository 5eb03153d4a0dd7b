"""The truth as the world writes it down, while things happen."""

from __future__ import annotations

from collections.abc import Iterable

from tests.simulation.truth import Device, Truth


class Chronicle(Truth):
    """What really happened, and what that means for what is known of it."""

    def hand(self, user: str, site: str, holding: bool) -> None:
        self.holders.setdefault((user, site), []).append((self.now_ms, holding))

    def restore(self, of_ms: int) -> None:
        """The server is as it was then: what it answered since, it does not know."""
        self.restored.append((self.now_ms, of_ms))
        self.acks = {key: ack for key, ack in self.acks.items() if ack.at_ms <= of_ms}
        self.photos = {key: at_ms for key, at_ms in self.photos.items() if at_ms <= of_ms}
        for entry in self.entries.values():
            device = self.devices[entry.device]
            unheard = device.first.get(entry.site, 0) > of_ms or device.entered_ms > of_ms
            if entry.id not in self.acks and (
                unheard or entry.site in device.purged or device.out_ms is not None
            ):
                entry.known = False  # nobody who knows of it is known to the server
        for device in self.devices.values():
            device.first = {site: at_ms for site, at_ms in device.first.items() if at_ms <= of_ms}
            if device.out_ms is not None and of_ms < device.out_ms:
                device.out_ms = None
        self.revoked_ms = {device: at_ms for device, at_ms in self.revoked_ms.items() if at_ms <= of_ms}
        for key, turns in self.holders.items():
            self.holders[key] = [turn for turn in turns if turn[0] <= of_ms]

    def enrolled(self, device: str, tablet: str, user: str) -> None:
        fresh = Device(device, tablet, user)
        fresh.entered_ms = self.now_ms
        self.devices.setdefault(device, fresh)

    def met(self, device: str, sites: Iterable[str], at_ms: int) -> None:
        """A device exchanged before the run began."""
        for site in sites:
            self.devices[device].first.setdefault(site, at_ms)

    def counts(self, device: str, site: str) -> bool:
        """Whether what this device writes of the site now must count."""
        known = self.devices.get(device)
        return known is not None and known.out_ms is None and site in known.first

    def revoked(self, device: str) -> None:
        known = self.devices[device]
        known.out_ms = min(known.out_ms or self.now_ms, self.now_ms)

    def copied(self, device: str) -> None:
        """From now on nobody knows whose word this device's is: what it has not sent yet proves nothing."""
        self.revoked(device)
        self.devices[device].twice = True
        for entry in self.entries.values():
            if entry.device == device and entry.id not in self.acks:
                entry.known = False

    def user_is(self, user: str, active: bool) -> None:
        (self.disabled.discard if active else self.disabled.add)(user)
        for device in self.devices.values():
            if device.user == user and not active:
                self.revoked(device.id)

    def unknown_since(self, device: str, of_ms: int) -> bool:
        """Whether a server as of that time has never heard of this device."""
        entered = self.devices[device].entered_ms if device in self.devices else 0
        return entered > of_ms
