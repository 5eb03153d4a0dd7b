"""How a sort of gate machine or real-name platform is understood and answered: an adapter is a row of gate_adapters.json. It
makes of the vendor's words what `gate_passes.py` reads, and of our outcomes what the vendor's machine expects. What it does
not know stays away or as it is: then the row is refused and kept, and a person sees why."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import Any

from server.base.clock import to_iso
from server.rules.calendar import SHANGHAI
from server.rules.camera_adapters import member
from server.rules.from_rows import Row, in_force
from server.rules.gate_passes import EVENT_MAX, ROWS_MAX, moment_of

_ID_CARD = "id_card"
_TRUTHS = {"true": True, "false": False}
_MS = 1_000


@dataclass(frozen=True, slots=True)
class GateAdapter:
    """A sort of machine or platform. The members are those of the row."""

    code: str
    name: str
    row: Row

    def rows(self, message: Any, direction: str = "") -> list[dict[str, Any]]:
        """What a message says of passes, in our words. `direction`: of a machine that stands for one. One item too many says
        that there are too many."""
        return [self._pass(item, direction) for item in self._items(message)[: ROWS_MAX + 1]]

    def sent_ms(self, message: Any, arrived_ms: int) -> int:
        """When the machine says that it sent this; else that it came: its clock is then taken to be right."""
        text = self._at(member(message, self.row["sent_at"])) if self.row.get("sent_at") else None
        said = moment_of(text)
        return arrived_ms if said is None else said

    def unsent(self, message: Any) -> int | None:
        """How much the machine still holds; None: it does not say."""
        path = self.row.get("unsent")
        said = member(message, path) if path else None
        if isinstance(said, int) and not isinstance(said, bool) and said >= 0:
            return said
        return 0 if self.row.get("in_order") else None

    def answer(self, outcomes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """What the machine expects: its words for success, and what is known of the people."""
        answer: dict[str, Any] = {name: _value(text) for name, text in _pairs(self.row.get("answer"))}
        where, words = self.row.get("verdict"), dict(_pairs(self.row.get("verdict_words")))
        if where:
            said = [words.get(one["verdict"], one["verdict"]) for one in outcomes]
            answer[where] = said[0] if len(said) == 1 and not self.row.get("items") else said
        return answer

    def roster_row(self, person: Mapping[str, Any]) -> dict[str, Any]:
        """A person of the roster in the platform's words; without a map as it is. What nobody knows stays away."""
        names = _pairs(self.row.get("roster"))
        if not names:
            return dict(person)
        words = dict(_pairs(self.row.get("roster_words")))
        made: dict[str, Any] = {}
        for theirs, ours in names:
            said = _outward(person, ours, words)
            if said is not None:
                *outer, last = theirs.split(".")
                reduce(lambda inner, name: inner.setdefault(name, {}), outer, made)[last] = said
        return made

    def _items(self, message: Any) -> list[Any]:
        path = self.row.get("items")
        found = member(message, path) if path else message
        items = found if isinstance(found, list) else [found]
        only = _pairs(self.row.get("only_if"))
        return [item for item in items if all(_text(member(item, name)) == value for name, value in only)]

    def _pass(self, item: Any, direction: str) -> dict[str, Any]:
        made: dict[str, Any] = {
            "event": self._event(item),
            "at": self._at(member(item, self.row["at"])),
            "person": self._person(item),
            "direction": self._word(item, "direction", "direction_words") or direction or None,
            "method": self._word(item, "method", "method_words", known=True) or self.row["method_else"],
            "celsius": _number(self._said(item, "celsius")),
            "mask_worn": _TRUTHS.get(self._word(item, "mask_worn", "mask_words", known=True)),
            "health_code": self._word(item, "health_code", "health_words", known=True) or None,
        }
        return {name: value for name, value in made.items() if value is not None}

    def _event(self, item: Any) -> str:
        """The machine's own number; of several members, or of one that names somebody, a digest of them."""
        said = [_text(member(item, path)) for path in self.row["event"]]
        if len(said) == 1:
            return said[0][: EVENT_MAX + 1]
        return hashlib.sha256("|".join(said).encode()).hexdigest()[:40] if any(said) else ""

    def _person(self, item: Any) -> dict[str, Any] | None:
        number = _text(self._said(item, "certificate"))
        if number:
            kind = self._word(item, "certificate_type", "certificate_words") or _ID_CARD
            return {"certificate": {"type": kind, "number": number}}
        for name in ("external_id", "card"):
            text = _text(self._said(item, name))
            if text:
                return {name: text}
        return None

    def _at(self, said: Any) -> Any:
        """As RFC 3339 text; what cannot be read stays as it is."""
        form = self.row["at_form"]
        if form == "local" and isinstance(said, str):
            try:
                local = datetime.fromisoformat(said.strip())
            except ValueError:
                return said
            if local.tzinfo is None:
                return to_iso(round(local.replace(tzinfo=SHANGHAI).timestamp() * 1000))
        if form in ("epoch_s", "epoch_ms"):
            text = _text(said)
            if text.isdigit() and len(text) <= 13:
                return to_iso(int(text) * (_MS if form == "epoch_s" else 1))
        return said

    def _said(self, item: Any, name: str) -> Any:
        path = self.row.get(name)
        return member(item, path) if path else None

    def _word(self, item: Any, name: str, words: str, *, known: bool = False) -> str:
        """Our word for what is said; theirs where we have none, or nothing with `known`."""
        said = _text(self._said(item, name))
        return dict(_pairs(self.row.get(words))).get(said, "" if known else said)


def gate_adapter(rows: Sequence[Row], code: str, local_date: str) -> GateAdapter | None:
    """The adapter of this code as it holds on a local date."""
    row = in_force(rows, code, local_date)
    return None if row is None else GateAdapter(code, str(row["name"]), row)


def _outward(person: Mapping[str, Any], ours: str, words: Mapping[str, str]) -> Any:
    """Their code for what we know; `=TEXT` is always the same; `field+TEXT` is ours with what they write after it."""
    if ours.startswith("="):
        return _value(ours[1:])
    name, _, after = ours.partition("+")
    said = person.get(name)
    word = words.get(f"{name}:{'' if said is None else said}")
    if word is not None:
        return _value(word)
    if said is None:
        return None
    return f"{said}{after}" if after else said


def _value(text: str) -> Any:
    """A word of a row as they write it: true, false and single digits are no text."""
    return int(text) if text.isdigit() and len(text) < 2 else _TRUTHS.get(text, text)


def _pairs(texts: Iterable[str] | None) -> list[tuple[str, str]]:
    return [(name, value) for name, _, value in (text.partition("=") for text in texts or ())]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).strip() if isinstance(value, str | int) else ""


def _number(value: Any) -> Any:
    """A temperature: machines also write it as text, and 0 where they did not measure."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        return None
    return round(float(value), 1)
