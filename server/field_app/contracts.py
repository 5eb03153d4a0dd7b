"""What the app must know of shapes, limits, codes and reference data: written out as JSON from the places that
decide, so that nothing of it is typed twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from marshmallow import Schema, ValidationError, validate

from schemas import limits
from schemas.case import CaseBody
from schemas.certificates import portable_checks
from schemas.fields import CODE_PATTERN, Body, CompanyCheck, Pattern, RealDate, RealInstant, Tenths
from schemas.kind import Kind
from schemas.kinds import KINDS
from schemas.shapes import Shape, shapes_of
from schemas.worker import WorkerBody
from server.actions.reference.load_reference import SEED_DATA
from server.rules.duties.judge import REASONS
from server.rules.flags.words import FLAG_STATE_WORDS, SEVERITIES, SLOTS, WINDOW_STATE_WORDS
from sync_protocol.entry import MAX_ENTRIES, MAX_INFLATED_BYTES, MAX_LINE_BYTES, MAX_MEDIA, SCHEMAS
from sync_protocol.header import SYNC_VERSION
from sync_protocol.outcomes import CATALOGUE, FINAL

# Validators without a message of their own, and a value that each of them refuses.
_REFUSED_SAMPLES: Mapping[type, Any] = {
    Tenths: 36.55,
    RealDate: "2021-02-30",
    RealInstant: "2021-02-30T00:00:00Z",
}
# What fields say only together: a body that is wrong in one of them.
_TOGETHER: Mapping[str, tuple[Body, Mapping[str, Any]]] = {
    "worker.exited_on": (WorkerBody(), {"entered_on": "2021-12-02", "exited_on": "2021-12-01"}),
    "case.evidence": (CaseBody(), {"outcome": "cleared"}),
}
# The lists of reference data that the app has words for before it has synced, as it calls them.
_NOUNS: Mapping[str, str] = {"trades": "trade", "place_kinds": "place", "units": "unit"}
# The numbers that the app judges by before the server does: until it has synced, those of its build.
_RULES = (
    *("entry_refused_from", "retest_above", "plausible_celsius_low", "plausible_celsius_high"),
    *("retest_wait_min", "retest_readings", "retest_high_of_three"),
    *("case_report_warn_h", "case_report_h", "coverage_share", "backfill_max_h", "media_bytes_max"),
    *("entry_test_h", "newcomer_d"),
    *("pin_digits_min", "pin_tries", "pin_wait_s", "pin_wait_most_s", "pin_within_h", "lock_after_min"),
)


def contracts() -> dict[str, Any]:
    """All of it, as plain values."""
    return {
        "sync": SYNC_VERSION,
        "schema": SCHEMAS[-1],
        "push": {
            "entries": MAX_ENTRIES,
            "bytes": MAX_INFLATED_BYTES,
            "line_bytes": MAX_LINE_BYTES,
            "media": MAX_MEDIA,
        },
        "limits": {"device_name": limits.DEVICE_NAME_MAX},
        "outcomes": {"final": list(FINAL)},
        "codes": {
            where: {code.code: [code.title, code.remedy] for code in CATALOGUE if code.where == where}
            for where in ("entry", "envelope")
        },
        "kinds": {
            kind.name: {
                "title": kind.title,
                "icon": kind.icon,
                "nature": kind.nature,
                "acts": [] if kind.own else list(kind.acts),
                "fields": _fields(kind.whole) if kind.nature != "server" else {},
            }
            for kind in KINDS.values()
            if isinstance(kind, Kind)  # a form comes down
        },
        "certificates": portable_checks(),
        "together": {name: _told_of(name, *sample) for name, sample in _TOGETHER.items()},
        "words": {
            "slot": SLOTS,
            "window_state": WINDOW_STATE_WORDS,
            "window_reason": REASONS,
            "flag_state": FLAG_STATE_WORDS,
            "flag_severity": SEVERITIES,
            **_reference_words(),
        },
        "rules": _rules(),
    }


def contracts_json() -> str:
    return json.dumps(contracts(), ensure_ascii=False, indent=1)


def plan_json() -> str:
    """The text of each plan, sentence by sentence: [{title, source, sentences: [{kind, text}]}]."""
    plans: dict[str, list[dict[str, Any]]] = {}
    for row in json.loads((SEED_DATA / "measures.json").read_text("utf-8"))["rows"]:
        plans.setdefault(row["plan"], []).append(row)
    texts = [
        {
            "title": plan,
            "source": rows[0]["source"],
            "sentences": [{"kind": row["kind"], "text": row["text"]} for row in rows],
        }
        for plan, rows in plans.items()
    ]
    return json.dumps(texts, ensure_ascii=False, indent=1)


def _fields(schema: Schema) -> dict[str, Any]:
    return {
        shape.name: {
            "title": shape.title,
            "type": shape.type,
            "optional": shape.optional,
            "missing": field.error_messages["required"],
            "checks": [check_of(shape, validator) for validator in field.validators],
            **{name: said for name, said in _declared(shape, field.metadata).items() if said is not None},
        }
        for shape, field in zip(shapes_of(schema), schema.fields.values(), strict=True)
    }


def _declared(shape: Shape, said: Mapping[str, Any]) -> dict[str, str | None]:
    """What a form does with a field: where its words are, what helps to fill it in, which record it names, what comes down
    of it, and which keyboard it is typed with; `said`: its declaration."""
    policy, column = said.get("privacy"), said.get("column")
    return {
        "noun": _NOUNS.get(shape.noun or ""),
        "hint": shape.hint,
        "role": shape.role,
        "refers": shape.refers,
        "served": (policy.served_as or shape.name) if policy is not None and policy.mask else None,
        "keys": "tel" if column is not None and column.reads == "phone" else None,
    }


def check_of(shape: Shape, validator: Callable[[Any], Any]) -> dict[str, Any]:
    """A validator with the message that it gives. Raises KeyError for one that this page does not know. A list that is
    reference data may have grown since the app was built: of that, only the server knows all."""
    if isinstance(validator, validate.OneOf):
        if shape.words is None:
            return {"rule": "pattern", "pattern": CODE_PATTERN, "message": validator.error}
        words = {choice: shape.words[choice] for choice in validator.choices}
        return {"rule": "choice", "words": words, "message": validator.error}
    if isinstance(validator, validate.Length):
        return {"rule": "length", "max": validator.max, "message": validator.error}
    if isinstance(validator, validate.Range):
        return {"rule": "range", "low": validator.min, "high": validator.max, "message": validator.error}
    if isinstance(validator, Pattern):
        return {"rule": "pattern", "pattern": str(validator.regex.pattern), "message": validator.error}
    if isinstance(validator, CompanyCheck):
        return {"rule": "company", "message": ""}  # says one of the certificates' problems
    named: Mapping[type, str] = {Tenths: "tenths", RealDate: "date", RealInstant: "instant"}
    return {"rule": named[type(validator)], "message": _message(validator)}


def _message(validator: Callable[[Any], Any]) -> str:
    try:
        validator(_REFUSED_SAMPLES[type(validator)])
    except ValidationError as error:
        return str(error.messages[0])
    raise AssertionError(f"{validator} takes its sample")


def _told_of(name: str, shape: Body, wrong: Mapping[str, Any]) -> str:
    return shape.problems(wrong)[name.split(".")[1]][0]


def _reference_words() -> dict[str, dict[str, str]]:
    return {noun: {row["code"]: row["name"] for row in _rows(file)} for file, noun in _NOUNS.items()}


def _rules() -> dict[str, list[dict[str, Any]]]:
    """Each number in all its versions, with the dates on which they hold: the app judges by that of the event."""
    names = ("value", "name", "source", "from", "to")
    return {
        code: [{name: row[name] for name in names} for row in _rows("rules") if row["code"] == code]
        for code in _RULES
    }


def _rows(noun: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((SEED_DATA / f"{noun}.json").read_text("utf-8"))["rows"]
    return sorted((row for row in rows if not row.get("planned")), key=lambda row: row["from"])
