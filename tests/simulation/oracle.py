"""The judge of a run. Written from PROTOCOL and DOMAIN alone: it shares no code with the product, knows the true times,
and sees the product from outside (requests and answers, the API, the commands, what tablets show).

What it holds against the product:

1. An acknowledged entry is there, once: one outcome, one rev, its own place in the scope's order.
2. Replicas and digests agree; `verify-log` and `rebuild --check` find nothing.
3. No window is `missed` while an honest timely record existed anywhere, or a counted tablet had not reported. None is
   `met` without a record that can have been made in it. None is `backfilled` by a clock.
4. No flag on honest work, no integrity flag without a fork; a fork is always flagged.
5. Nobody is notified twice; nothing that is due is forgotten; nobody who reported in is called silent.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tests.simulation.city import PLACES
from tests.simulation.evidence import EFFECTIVE, LOGS, TEMP, Evidence, ms_of
from tests.simulation.truth import HOUR_MS, Ack, Device, Truth, Written

FACTS = (
    *("disinfection_log", "temperature_check", "gate_pass", "supply_movement"),
    *("inspection_round", "inspection_finding"),
)
EVER = "1970-01-01T00:00:00+00:00"
THERMOMETER = 8  # readings a minute (DOMAIN: Records that lie)
SHOWN = (*FACTS, "worker", "case", "window", "flag")


Body = Mapping[str, Any]  # of a line, an answer, a record


class Oracle:
    """Listens to a run; what it finds wrong is in `problems`, as (code, words)."""

    def __init__(self, truth: Truth) -> None:
        self.truth = truth
        self.evidence = Evidence(truth, self.report)
        self.problems: list[tuple[str, str]] = []
        self.audit: list[Body] = []
        self._held: dict[str, dict[tuple[str, str], dict[str, tuple[int, Any, str]]]] = {}
        self._seqs: dict[tuple[str, int], str] = {}
        self._places: dict[tuple[str, str, int], set[str]] = defaultdict(set)  # (device, site, n) → entries
        self._doubtful: set[str] = set()  # sites where two entries of a device claimed one number
        self._forks: set[str] = set()  # and where both took effect
        self._said: dict[str, bool] = {}

    def report(self, code: str, words: str) -> None:
        self.problems.append((code, words))

    def restored(self) -> None:
        acks = self.truth.acks
        self._seqs = {key: entry for key, entry in self._seqs.items() if entry in acks}
        self._said.clear()

    # ---- 1: entries

    def pushed(self, device: str, header: Body, lines: Sequence[Body], answer: Body, at: int) -> None:
        """A push arrived and was answered."""
        truth, known = self.truth, self.truth.devices[device]
        truth.beacons[answer["beacon"]] = at
        if header["clock"].get("boot"):
            known.boots.add(header["clock"]["boot"])
        by_id = {line["id"]: line for line in lines}
        retried = set()
        for outcome in answer["outcomes"]:
            line = by_id.get(outcome.get("id", ""))
            if line is None:
                self.report("unasked_outcome", f"{outcome} was answered for no entry of the push")
            elif outcome["outcome"] == "retry":
                retried.add(line["scope"])
            else:
                self._answered(device, line, outcome, at)
        if len(answer["outcomes"]) != len(lines):
            self.report("outcome_lacking", f"{len(lines)} entries, {len(answer['outcomes'])} outcomes")
        for scope, stream in header["streams"].items():
            if scope.startswith("site:"):
                known.first.setdefault(scope[5:], at)
                whole = stream["unsent"] == 0 and not answer["streams"].get(scope, {}).get("missing")
                if whole and scope not in retried:
                    known.through[scope[5:]] = at

    def _answered(self, device: str, line: Body, answer: Body, at: int) -> None:
        acks, key = self.truth.acks, line["id"]
        again = answer["outcome"] == "duplicate"
        first = answer.get("first", "applied") if again else answer["outcome"]
        fresh = Ack(first, answer.get("rev"), answer.get("seq"), at, answer.get("code", ""))
        was = acks.setdefault(key, fresh)
        if was is not fresh:
            if not again and first != "refused":
                self.report("taken_twice", f"entry {key} was answered {was.outcome}, then {first}")
            if again and was.outcome == "held":  # what has become of it since (SPEC, M40)
                acks[key] = replace(fresh, at_ms=was.at_ms)
            elif (was.outcome, was.rev, was.seq) != (fresh.outcome, fresh.rev, fresh.seq):
                self.report("another_outcome", f"entry {key}: {was}, then {fresh}")
        if first == "refused" and answer.get("code") == "entry_mismatch":
            self.report("mismatch", f"entry {key} is stored with other bytes")
        written = self.truth.entries.get(key)
        if written is not None and written.valid and first == "refused" and self.evidence.must_count(written):
            self.report("refused", f"{written.kind} {key} of an inspector of the site: {answer.get('code')}")
        if written is not None and first in EFFECTIVE and self.evidence.is_a_thiefs(written):
            self.report("thief", f"{written.kind} {key}, of after its tablet was revoked, is {first}")
        if first in EFFECTIVE and line["act"] == "add":
            other = self._seqs.setdefault((line["scope"], fresh.seq or 0), key)
            if other != key:
                self.report("one_seq_for_two", f"{key} and {other} at {fresh.seq}")
        there = self._places[device, line["scope"][5:], line["n"]]
        there.add(key)
        if len(there) > 1:
            self._doubtful.add(line["scope"][5:])
        if sum(self._takes_effect(other) for other in there) > 1:
            self._forks.add(line["scope"][5:])

    def _takes_effect(self, key: str) -> bool:
        return key in self.truth.acks and self.truth.acks[key].outcome in (*EFFECTIVE, "held")

    # ---- 2: replicas

    def pulled(self, device: str, lines: Sequence[Body], at: int) -> None:
        known = self.truth.devices[device]
        for line in lines:
            if "checkpoint" in line and line["checkpoint"].startswith("site:"):
                known.first.setdefault(line["checkpoint"][5:], at)
            elif "gone" in line:
                known.purged.add(line["gone"][5:])
            elif line.get("put") == "window":
                self.evidence.window(line["scope"][5:], line["body"])
            elif "end" in line:
                self.truth.beacons[line["beacon"]] = at
        if known.user == "auditor":
            self.audit.extend(lines)

    def held_by(self, tablet: str, client: Any) -> None:
        """What a tablet shows when everybody has reported."""
        status = client.status()
        if status.state != "enrolled":
            return
        if client.differed and not self.truth.restored:
            self.report("digest_differs", f"tablet {tablet}, {client.differed[0]}")
        for scope in status.scopes:
            if scope.unsent and scope.active and self._reports(tablet):
                self.report("still_unsent", f"tablet {tablet} holds {scope.unsent} entries of {scope.scope}")
        self._held[tablet] = {
            (scope, kind): {item.id: (item.rev, item.body, item.state) for item in client.list(kind, scope)}
            for scope in client.scopes()
            if scope.startswith("site:") and self._reports(tablet) and not self._clings(tablet, scope[5:])
            for kind in SHOWN
        }

    def _clings(self, tablet: str, site: str) -> bool:
        """Whether a tablet keeps a site that a restored server never gave its user: with lines that this server lacks."""
        mine = [one for one in self.truth.entries.values() if (one.tablet, one.site) == (tablet, site)]
        lost = bool(self.truth.restored) and not all(self._takes_effect(one.id) for one in mine)
        return lost and not self.truth.holds(self.truth.devices[mine[0].device].user, site, self.truth.now_ms)

    def _reports(self, tablet: str) -> bool:
        device = next((one for one in self.truth.devices.values() if one.tablet == tablet), None)
        return device is not None and device.out_ms is None and device.user not in self.truth.disabled

    def compare(self, client: Any) -> None:
        """An auditor has pulled everything afresh: count, digest, every acknowledged entry, every tablet."""
        records: dict[str, dict[tuple[str, str], Body]] = defaultdict(dict)
        for line in self.audit:
            if "put" in line:
                records[line["scope"]][line["put"], line["id"]] = line
            elif "del" in line:
                records[line["scope"]].pop((line["del"], line["id"]), None)
            elif "count" in line:
                self._check_digest(line, records[line["checkpoint"]])
        for tablet, held in self._held.items():
            for (scope, kind), mine in held.items():
                shown = {item.id: (item.rev, item.body, "synced") for item in client.list(kind, scope)}
                differ = [key for key, item in mine.items() if item[2] == "synced" and shown.get(key) != item]
                differ += [key for key in shown if key not in mine]
                if differ:
                    self.report("replica_differs", f"tablet {tablet}, {kind} {sorted(differ)[:3]} of {scope}")
        self._check_entries(records)
        self._check_answered({tablet for tablet in self._held if self._reports(tablet)})
        for scope, there in records.items():
            if scope.startswith("site:"):
                self._check_invented(there)
                windows = [put["body"] for (kind, _), put in there.items() if kind == "window"]
                self.forgotten(scope[5:], windows)

    def _check_digest(self, line: Body, records: Mapping[tuple[str, str], Body]) -> None:
        total = 0
        for (kind, key), put in records.items():
            total += int.from_bytes(hashlib.sha256(f"{kind}|{key}|{put['rev']}".encode()).digest()[:8], "big")
        if (line["count"], line["digest"]) != (len(records), f"{total % 2**64:016x}"):
            words = f"{line['checkpoint']}: {line['count']} records, there are {len(records)}"
            self.report("digest_wrong", words)

    def _check_invented(self, records: Mapping[tuple[str, str], Body]) -> None:
        """No fact that nobody wrote."""
        for kind, key in records:
            if kind in FACTS and key not in self.truth.entries:
                self.report("invented", f"{kind} {key}: nobody wrote it")

    def _check_answered(self, live: Iterable[str]) -> None:
        """Everything that a tablet in use has written was answered."""
        for entry in self.truth.entries.values():
            mine = entry.tablet in live and entry.known and entry.true_ms >= self.truth.began_ms
            if mine and entry.id not in self.truth.acks:
                self.report("never_answered", f"{entry.kind} {entry.id} of tablet {entry.tablet}")

    def _check_entries(self, records: Mapping[str, Mapping[tuple[str, str], Body]]) -> None:
        """Every acknowledged fact is there, with what was written, changed as often as somebody changed it."""
        changes: dict[str, int] = defaultdict(int)
        for entry in self.truth.entries.values():
            ack = self.truth.acks.get(entry.id)
            if entry.target and ack is not None and ack.outcome in EFFECTIVE:
                changes[entry.target] += 1
        for entry in self.truth.entries.values():
            ack = self.truth.acks.get(entry.id)
            if entry.kind not in FACTS or entry.act == "void" or ack is None or ack.outcome not in EFFECTIVE:
                continue
            put = records[f"site:{entry.site}"].get((entry.kind, entry.id))
            if put is None:
                self.report("lost", f"{entry.kind} {entry.id} was acknowledged and is not there")
                continue
            if put["rev"] < changes[entry.id] + 1 or ack.rev not in (None, 1):  # a better time is a rev, too
                self.report("not_once", f"{entry.kind} {entry.id}: {ack}, then rev {put['rev']}")
            if any(put["body"].get(name) != value for name, value in entry.body.items()):
                self.report("altered", f"{entry.kind} {entry.id}: {put['body']}, written {entry.body}")
            self._check_time(entry, put["body"]["at"])

    def _check_time(self, entry: Written, at: Body) -> None:
        """What is believed of an honest entry's time holds the true one; one that counts its boots is not doubted."""
        device = self.truth.devices[entry.device]
        forged = any(other.forged and other.device == device.id for other in self.truth.entries.values())
        plain = entry.honest and not entry.unsure and entry.act == "add"
        if not plain or forged or device.twice or self.truth.restored:
            return
        if not ms_of(at.get("earliest", EVER)) - 10 <= entry.true_ms <= ms_of(at["latest"]) + 10:
            self.report("time_wrong", f"{entry.kind} {entry.id} of {entry.true_ms}, boot {entry.boot}: {at}")
        elif entry.boot is not None and at.get("doubt"):
            self.report("doubt_of_honest", f"{entry.kind} {entry.id} of {entry.tablet}: {at}")

    # ---- 4 and 5: flags, notices, what is due

    def offices(self, flags: Sequence[Body], files: Sequence[Body]) -> None:
        """All flags, and the whole files of some, when all is settled and the schedulers have looked."""
        marked = {flag["site"]["id"] for flag in flags if flag["duty"] == "INTEGRITY"}
        if not self.truth.restored:
            for site in self._forks - marked:
                self.report("fork_not_shown", f"site {site}")
            for site in marked - self._doubtful:
                self.report("integrity_of_honest", f"site {site}: a flag, and no chain was forked")
        for file in files:
            self._check_flag(file)

    def _check_flag(self, flag: Body) -> None:
        if flag["closed"] is None:
            for step in flag["steps"]:
                waits = step["taken"] is None and step["done"] is None
                if waits and ms_of(step["due"]) < self.truth.ticked_ms:
                    self.report("clock_forgotten", f"flag {flag['id']}: {step['step']} was due {step['due']}")
        seen: set[tuple[str, str]] = set()
        for event in flag["events"]:
            mark = (event["action"], event["at"])
            if event["action"].startswith(("step_", "remind_")):
                if mark in seen:
                    self.report("told_twice", f"flag {flag['id']}: {mark}")
                seen.add(mark)
        stands = flag["duty"] in LOGS and flag["windows"] and flag["state"] != "withdrawn"
        if stands and all(self.evidence.done(flag["site"]["id"], body) for body in flag["windows"]):
            self.report("flag_on_honest", f"flag {flag['id']}: all of its windows were done in time")

    def proved(self, command: str, code: int, printed: str) -> None:
        """What a command found wrong. A restore loses what a tablet had sent and purged since, what only one half of a
        copied device still had, and what a tablet that is revoked before it sends again had sent: it is signed for, the log
        lacks it, and verify-log is right to say so."""
        every = self.truth.devices.values() if self.truth.restored else ()
        gone = [one.id for one in every if one.twice or one.purged or one.out_ms is not None]
        lines = [line for line in printed.split("\n")[:-2] if line]
        found = [line for line in lines if "signed for" not in line or not any(key in line for key in gone)]
        if code and found:
            self.report(command, "; ".join(found[:3]))

    def suspects(self) -> list[str]:
        """Sites where more was measured at one moment, on one tablet, than a thermometer can."""
        applied = {key for key, ack in self.truth.acks.items() if ack.outcome == "applied"}
        crews = self.truth.batches
        return sorted({crew.site for crew in crews if len(applied.intersection(crew.entries)) > THERMOMETER})

    def _lacking(self, site: str, shown: Sequence[Body]) -> None:
        """DOMAIN: two disinfections a day and place, two readings a day: of the first day and of today, planned whole."""
        days = sorted({body["local_date"] for body in shown if ms_of(body["opens"]) <= self.truth.now_ms})
        there = Counter((body["duty"], body.get("place") or "", body["local_date"]) for body in shown)
        asked = [(TEMP, ""), *(("DISINFECT", place) for place in PLACES[self.truth.sites[site]])]
        for key in ((*duty, day) for duty in asked for day in {*days[:1], *days[-1:]}):
            if there[key] < 2:
                self.report("window_lacking", f"{' '.join(key)}: {there[key]} windows")

    def forgotten(self, site: str, shown: Sequence[Body]) -> None:
        """Windows after the schedulers have looked: none that is over is `open`, none `silent` where all reported."""
        if site not in self.truth.disturbed:
            self._lacking(site, shown)
        exchanged = [device for device in self.truth.devices.values() if site in device.first]
        heard = not self.truth.restored and all(self._is_heard(device, site) for device in exchanged)
        for body in shown:
            deadline = ms_of(body["due"]) + body["grace_s"] * 1000
            if deadline < self.truth.ticked_ms and body["state"] == "open":
                self.report("window_forgotten", f"{body['duty']} {body['local_date']} {body['slot']}")
            if heard and deadline < self.truth.now_ms - HOUR_MS and body["state"] == "silent":
                words = f"{body['duty']} {body['local_date']} {body['slot']} of {site}"
                self.report("silent_though_heard", words)

    def _is_heard(self, device: Device, site: str) -> bool:
        """Whether a device is as plain as one can be, and has just reported everything."""
        plain = self.evidence.counted_at(device, site, self.truth.now_ms) and not device.gone
        return plain and self.truth.now_ms - device.through.get(site, 0) < HOUR_MS

    def notified(self, key: str, message: Body, failed: bool) -> None:
        """A digest went out. The same key again is for one that failed, or whose sender died."""
        if self._said.get(key):
            self.report("notice_twice", f"digest {key}")
        if len(set(message["lines"])) < len(message["lines"]):
            self.report("line_twice", f"digest {key}: {message['lines']}")
        self._said[key] = not failed
