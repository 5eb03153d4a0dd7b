"""Writes the vectors whose values have to be computed: entries with hashes, digests, signatures.

    python -m sync_protocol.vectors.make

Nothing of `sync_protocol` is imported: hashes and signatures are made here straight from the specification,
so that vectors and code can prove each other wrong. Everything is fixed; a second run changes nothing.
"""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

FOLDER = Path(__file__).parent
SITE = "site:01971c5e-8a00-7000-8000-0000000000a1"
DEVICE = "01980a00-0000-7000-8000-00000000d001"
WORKER = "01980a1e-5b00-7000-8000-000000000001"
AT = '{"wall":"2026-11-23T07:41:03.120+08:00","boot":"b3c1","up_ms":81234567,"beacon":"q7x"}'
NO_HASH = "0" * 64
CHECK = "temperature_check"

Json = dict[str, Any]


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def line(
    place: tuple[int, str] = (1, ""),
    act: str = "add",
    kind: str = CHECK,
    at: str = AT,
    body: str = "{}",
    more: str = "",
) -> str:
    """An entry as text. `place`: its number, and the hash of the line before; `more` is appended as it is."""
    n, prev = place
    entry = f"01980a1e-5b00-7000-8000-{n:012d}"
    record = WORKER if act in ("edit", "void") else entry
    return (
        f'{{"id":"{entry}","scope":"{SITE}","n":{n},"prev":"{prev}","kind":"{kind}","record":"{record}"'
        f',"act":"{act}","at":{at},"body":{body}{more}}}'
    )


# ---- entries


def chain() -> list[Json]:
    """One device's first five entries: a worker, a check that needs him, an edit, a correction, a void."""
    made: list[Json] = []
    prev = ""
    for n, (act, kind, body, more) in enumerate(_CHAIN, start=1):
        text = line((n, prev), act, kind, body=body, more=more)
        made.append({"n": n, "prev": prev, "kind": kind, "act": act, "line": text, "hash": sha256(text)})
        prev = sha256(text)
    return made


_WORKER_BODY = (
    '{"name":"阿·买买提","certificate_type":"id_card","certificate_number":"11010519491231002X"'
    ',"company":"91350100M000100Y43","team":"钢筋一班","trade":"020","role":"worker","entered_on":"2026-11-23"}'
)
_MEASURED = f'{{"worker":"{WORKER}","celsius":36.5,"point":"gate","slot":"before_work"}}'
_AMENDS = ',"amends":"01980a1e-5b00-7000-8000-000000000002","reason":"抄错"'
_CHAIN = (
    ("add", "worker", _WORKER_BODY, ""),
    ("add", CHECK, _MEASURED, f',"needs":["{WORKER}"]'),
    ("edit", "worker", '{"team":"钢筋二班"}', ',"base":1'),
    ("amend", CHECK, _MEASURED.replace("36.5", "36.8"), _AMENDS),
    ("void", "worker", "{}", ',"reason":"同一人登记了两次"'),
)


def good() -> list[Json]:
    """Lines that must be read, and what is in them."""
    media = f'[{{"sha256":"{NO_HASH}","bytes":204800,"type":"image/jpeg"}}]'
    spaced = line().replace('"n":1', ' "n" : 1 ')
    cases = [
        ("spaces belong to the line and to its hash", spaced),
        ("at needs only wall", line(at='{"wall":"2026-11-22T23:41:03Z"}')),
        (
            "null is as good as absent",
            line(at='{"wall":"2026-11-22T23:41:03Z","boot":null}', more=',"needs":null'),
        ),
        (
            "a void may leave its body out",
            line(act="void", more=',"reason":"重复"').replace('"body":{},', ""),
        ),
        ("photos are promised", line(more=f',"media":{media}')),
        ("any n with any prev: the chain judges that, not the reader", line((9, ""))),
        ("text beyond the basic plane", line(body='{"note":"𠮷野 ✓"}')),
        ("the same text, escaped, is another line", line(body='{"note":"\\ud842\\udfb7\\u91ce \\u2713"}')),
        (
            "names from another kind are the schemas' matter",
            line(body='{"nobody":{"knows":[1,2.5,null,true]}}'),
        ),
        ("the largest number that every reader holds", line(body='{"a":9007199254740991}')),
        ("a clock that lost its power", line(at='{"wall":"1970-01-01T00:00:09+08:00"}')),
    ]
    return [{"name": name, "line": text, "hash": sha256(text)} for name, text in cases]


def bad() -> list[Json]:
    """Lines that must be refused. `parts` are [text, times], joined; `placed`: it keeps its place."""
    cases = [
        {"name": n, "code": "unreadable", "placed": False, "parts": [[text, 1]]} for n, text in _unreadable()
    ]
    cases += [{"name": n, "code": code, "placed": True, "parts": [[text, 1]]} for n, code, text in _placed()]
    return cases + [{"name": n, "code": code, "placed": False, "parts": parts} for n, code, parts in _HUGE]


def _unreadable() -> list[tuple[str, str]]:
    plain = line()
    deep = '{"a":' + "[" * 20 + "]" * 20 + "}"
    return [
        ("no JSON", "temperature 36.5"),
        ("empty", ""),
        ("an array", "[1]"),
        ("cut in the middle", plain[:-20]),
        ("two values", plain + plain),
        ("a name twice", plain[:-1] + ',"n":2}'),
        ("a name twice in the body", line(body='{"a":1,"a":2}')),
        ("a name twice, once escaped", line(body='{"a":1,"\\u0061":2}')),
        ("NaN", line(body='{"a":NaN}')),
        ("Infinity", line(body='{"a":-Infinity}')),
        ("a number that overflows", line(body='{"a":1e999}')),
        ("an integer beyond 2^53", line(body='{"a":9007199254740992}')),
        ("half a surrogate pair", line(body='{"a":"\\ud800"}')),
        ("a null character", line(body='{"a":"\\u0000"}')),
        ("two lines", plain.replace(",", ",\n", 1)),
        ("too deep", line(body=deep)),
        ("no id", plain.replace('"id":"01980a1e-5b00-7000-8000-000000000001",', "")),
        ("an id in capitals", plain.replace("01980a1e", "01980A1E", 1)),
        ("a scope of no known form", plain.replace(SITE, "site:1")),
        ("n is 0", line((0, ""))),
        ("n is true", plain.replace('"n":1', '"n":true')),
        ("n is a fraction", plain.replace('"n":1', '"n":1.0')),
        ("prev is no SHA-256", line((1, "9f2c"))),
    ]


def _placed() -> list[tuple[str, str, str]]:
    plain = line()
    return [
        ("an unknown member", "unreadable", plain[:-1] + ',"author":"王"}'),
        ("wall without offset", "unreadable", line(at='{"wall":"2026-11-23T07:41:03"}')),
        ("wall on a day that is none", "unreadable", line(at='{"wall":"2026-02-30T07:41:03Z"}')),
        ("at with an unknown member", "unreadable", line(at='{"wall":"2026-11-22T23:41:03Z","gps":1}')),
        ("up_ms below 0", "unreadable", line(at='{"wall":"2026-11-22T23:41:03Z","up_ms":-1}')),
        ("a body that is no object", "unreadable", line(body="[]")),
        (
            "a photo without a size",
            "unreadable",
            line(more=f',"media":[{{"sha256":"{NO_HASH}","type":"image/png"}}]'),
        ),
        ("an unknown act", "bad_act", line(act="delete")),
        ("an edit without base", "bad_act", line(act="edit")),
        ("an addition with base", "bad_act", line(more=',"base":1')),
        ("an amendment that names nothing", "bad_act", line(act="amend")),
        ("a void without a reason", "bad_act", line(act="void", body="{}")),
        ("a void with an empty reason", "bad_act", line(act="void", body="{}", more=',"reason":" "')),
    ]


_HUGE = [
    ("a number of 5,000 digits", "unreadable", [['{"n":', 1], ["9", 5000], ["}", 1]]),
    ("100,000 deep", "line_too_long", [["[", 100_000], ["]", 100_000]]),
    ("10,000 deep", "unreadable", [['{"a":', 10_000], ["1", 1], ["}", 10_000]]),
    ("longer than 65,536 bytes", "line_too_long", [['{"a":"', 1], ["x", 65_536], ['"}', 1]]),
]


def entries() -> Json:
    about = (
        "Lines and the SHA-256 of their UTF-8 bytes. `chain`: one device's first entries. `good`: to be read."
        " `bad`: to be refused with `code`; `parts` are [text, times], joined. `placed`: it can be read as far as"
        " id, scope, n and prev, so it is refused by its id and keeps its place in the chain."
    )
    return {"about": about, "chain": chain(), "good": good(), "bad": bad()}


# ---- digests


def digests() -> Json:
    records = [
        {"kind": kind, "id": f"01980a1e-5b00-7000-8000-{n:012d}", "rev": rev}
        for n, (kind, rev) in enumerate(
            [("worker", 1), ("worker", 3), ("temperature_check", 1), ("site", 12)]
        )
    ]
    parts = [
        hashlib.sha256("{kind}|{id}|{rev}".format(**record).encode()).hexdigest()[:16] for record in records
    ]
    cases = [
        {
            "name": name,
            "records": [records[i] for i in held],
            "digest": f"{_sum(parts, held):016x}",
            "count": len(held),
        }
        for name, held in [
            ("nothing", []),
            ("one", [0]),
            ("two, in any order", [1, 2]),
            ("all", [0, 1, 2, 3]),
        ]
    ]
    about = (
        "The sum modulo 2^64 of the first 8 bytes of SHA-256(`kind|id|rev`) over the live records, as hex."
    )
    singles = [{**record, "digest": part} for record, part in zip(records, parts, strict=True)]
    return {"about": about, "records": singles, "sums": cases}


def _sum(parts: list[str], held: list[int]) -> int:
    return sum(int(parts[i], 16) for i in held) % 2**64


# ---- signatures


def base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def signatures() -> Json:
    device = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    server = Ed25519PrivateKey.from_private_bytes(bytes(range(32, 64)))
    head = chain()[-1]
    attestation = f"gongdi-stream/1\n{DEVICE}\n{SITE}\n{head['n']}\n{head['hash']}"
    empty = f"gongdi-stream/1\n{DEVICE}\nref\n0\n"
    at = "2026-11-23T12:00:00.000+08:00"
    receipt = f"gongdi-receipt/1\n{DEVICE}\n{at}\nref 0 \n{SITE} {head['n']} {head['hash']}"
    return {
        "about": "Fixed keys; Ed25519 is deterministic. Texts are signed as UTF-8, signatures are base64url.",
        "device_private_key": base64url(bytes(range(32))),
        "device_public_key": base64url(device.public_key().public_bytes_raw()),
        "server_private_key": base64url(bytes(range(32, 64))),
        "server_public_key": base64url(server.public_key().public_bytes_raw()),
        "attestations": [
            _attestation(device, SITE, head["n"], head["hash"], attestation),
            _attestation(device, "ref", 0, "", empty),
        ],
        "receipt": {
            "device": DEVICE,
            "at": at,
            "streams": {SITE: [head["n"], head["hash"]], "ref": [0, ""]},
            "text": receipt,
            "sig": base64url(server.sign(receipt.encode())),
        },
        "request": _request(device),
    }


def _attestation(key: Ed25519PrivateKey, scope: str, n: int, hash: str, text: str) -> Json:
    sig = base64url(key.sign(text.encode()))
    return {"device": DEVICE, "scope": scope, "n": n, "hash": hash, "text": text, "sig": sig}


def _request(key: Ed25519PrivateKey) -> Json:
    """RFC 9421 by hand: the signature base of 2.5 over the four components, RFC 9530 for the digest."""
    body = '{"sync":1,"schema":"2026.1","scopes":{"ref":""},"max_bytes":1048576}'
    created, nonce, token = 1_795_406_400, "bm9uY2Utbm9uY2Utbm9uYw", "Bearer dGhlLXRva2VuLW9mLXRoaXMtdGFibGV0"
    digest = f"sha-256=:{base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()}:"
    parameters = (
        '("@method" "@path" "content-digest" "authorization")'
        f';created={created};keyid="{DEVICE}";alg="ed25519";nonce="{nonce}"'
    )
    base = (
        f'"@method": POST\n"@path": /sync/v1/pull\n"content-digest": {digest}\n"authorization": {token}\n'
        f'"@signature-params": {parameters}'
    )
    signature = base64.b64encode(key.sign(base.encode())).decode()
    return {
        "method": "POST",
        "url": "https://sync.example/sync/v1/pull",
        "body": body,
        "created_s": created,
        "nonce": nonce,
        "keyid": DEVICE,
        "signature_base": base,
        "headers": {
            "Authorization": token,
            "Content-Digest": digest,
            "Signature-Input": f"sig1={parameters}",
            "Signature": f"sig1=:{signature}:",
        },
    }


MADE = {"entries.json": entries, "digests.json": digests, "signatures.json": signatures}


def text_of(name: str) -> str:
    """The whole text of one made file."""
    return json.dumps(MADE[name](), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    for file in MADE:
        (FOLDER / file).write_text(text_of(file), encoding="utf-8")
