"""Verify an archive package without any database: every file, every chain of lines and of a flag's events, every signature.

The package names the server's public key itself: whoever verifies compares its fingerprint with the one on the paper of
transfer, or gives the key.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server.rules.flags.chain import event_hash
from server.rules.health_proof import chain_faults
from sync_protocol.entry import entry_hash
from sync_protocol.signatures import attestation_text, from_base64url, receipt_text, verify_text

FORMAT = "gongdi-archive/1"
MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
FILE_MAX = 2**31  # bytes of one file, inflated
KEPT, LEFT_OUT = "L", "X"  # how a line of a log file begins: the line itself, or what stays of it
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found: `faults` in words, empty when the package holds."""

    site: str
    key: str
    files: int
    lines: int
    left_out: int
    anchors: int
    proofs: int
    faults: Sequence[str]


def signed_text(manifest: bytes) -> str:
    """What the server signs of a package."""
    return f"{FORMAT}\n{hashlib.sha256(manifest).hexdigest()}"


def fingerprint(key: bytes) -> str:
    """Of a public key, to be read and compared by people."""
    digest = hashlib.sha256(key).hexdigest()[:32]
    return " ".join(digest[at : at + 4] for at in range(0, 32, 4))


def verify_archive(path: Path, server_key: str | None = None) -> Verified:
    """Look at all of it. `server_key`: base64url; the package must be signed with it. Never raises for what is wrong with
    the package."""
    faults: list[str] = []
    try:
        with zipfile.ZipFile(path) as package:
            return _verify(package, server_key, faults)
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError, OSError, EOFError) as error:
        return Verified("", "", 0, 0, 0, 0, 0, [*faults, f"归档包读不出来: {type(error).__name__}"])


def _verify(package: zipfile.ZipFile, server_key: str | None, faults: list[str]) -> Verified:
    raw = package.read(MANIFEST)
    manifest: dict[str, Any] = json.loads(raw)
    key_text = str(manifest["server_key"])
    key = from_base64url(key_text)
    if server_key is not None and server_key != key_text:
        faults.append("归档包不是用给出的服务器密钥签的")
    if manifest["format"] != FORMAT or not verify_text(
        key, signed_text(raw), package.read(SIGNATURE).decode("ascii", "replace").strip()
    ):
        faults.append("清单 (manifest.json) 的签名不符")
    faults += _file_faults(package, manifest["files"])
    lines = left_out = anchors = 0
    for stream in manifest["streams"]:
        found = _Stream(package, manifest["scope"], stream, key)
        faults += [f"日志 {stream['name']}: {what}" for what in found.faults()]
        lines, left_out, anchors = lines + found.kept, left_out + found.left_out, anchors + found.anchors
    for flag in manifest.get("flags", ()):  # packages of earlier versions have no histories
        faults += [f"问题标记 {flag['number']}: {what}" for what in _history_faults(package, flag)]
    proofs = manifest["health"]
    faults += [f"健康数据删除证明第 {number} 份: {what}" for number, what in chain_faults(key, proofs)]
    files = len(manifest["files"])
    return Verified(
        str(manifest["site"]["name"]), fingerprint(key), files, lines, left_out, anchors, len(proofs), faults
    )


def _file_faults(package: zipfile.ZipFile, files: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    names = [info.filename for info in package.infolist()]
    if len(set(names)) != len(names):
        yield "归档包里有同名的文件"
    for name in sorted(set(names) - set(files) - {MANIFEST, SIGNATURE}):
        yield f"多出的文件: {name}"
    for name, said in files.items():
        if name not in names:
            yield f"缺少文件: {name}"
            continue
        digest, size = hashlib.sha256(), 0
        with package.open(name) as file:
            while (chunk := file.read(_CHUNK)) and size <= FILE_MAX:
                digest.update(chunk)
                size += len(chunk)
        if digest.hexdigest() != said["sha256"] or size != said["bytes"]:
            yield f"文件被改动: {name}"


def _history_faults(package: zipfile.ZipFile, said: Mapping[str, Any]) -> Iterator[str]:
    """Whether a flag's events are a chain that ends where the manifest says."""
    n, last = 0, ""
    for line in package.read(said["file"]).splitlines():
        event = json.loads(line)
        own = event_hash(*(event[name] for name in ("prev", "n", "at_ms", "actor", "action", "detail")))
        if (event["n"], event["prev"], event["hash"]) != (n + 1, last, own):
            yield f"经过的第 {event['n']} 项接不上前一项, 或被改动"
        n, last = event["n"], event["hash"]
    if (n, last) != (said["n"], said["hash"]):
        yield "经过的最后一项不是清单所写的"


class _Stream:
    """One device's lines, followed from the first to the last."""

    def __init__(self, package: zipfile.ZipFile, scope: str, said: Mapping[str, Any], key: bytes) -> None:
        self._lines = package.read(said["file"]).splitlines()
        self._scope, self._said, self._key = scope, said, key
        self.kept = self.left_out = self.anchors = 0

    def faults(self) -> Iterator[str]:
        """What is wrong with it."""
        hashes: dict[int, str] = {}
        n, last = 0, ""
        for line in self._lines:
            number, own, prev = self._read(line)
            if not self._said["forked"] and (number != n + 1 or prev != last):
                yield f"第 {number} 行接不上前一行"
            n, last = number, own
            hashes[number] = own
        if not self._said["forked"] and (n, last) != (self._said["n"], self._said["hash"]):
            yield "最后一行不是清单所写的链头"
        yield from self._attestation(hashes)
        for receipt in self._said["receipts"]:
            yield from self._receipt(receipt, hashes)

    def _read(self, line: bytes) -> tuple[int, str, str]:
        """(number, hash, hash of the line before)."""
        how, _, rest = line.decode().partition(" ")
        if how == KEPT:
            self.kept += 1
            entry = json.loads(rest)
            return int(entry["n"]), entry_hash(rest.encode()), str(entry.get("prev") or "")
        number, own, prev, _kind = rest.split(" ")
        self.left_out += 1
        return int(number), own, "" if prev == "-" else prev

    def _attestation(self, hashes: Mapping[int, str]) -> Iterator[str]:
        """The device's own signature over where its stream was."""
        said = self._said["attested"]
        if said is None:
            return
        text = attestation_text(self._said["device"], self._scope, said["n"], said["hash"])
        if not verify_text(from_base64url(self._said["public_key"]), text, said["sig"]):
            yield "设备的签名不符"
        elif said["n"] in hashes and hashes[said["n"]] != said["hash"] and not self._said["forked"]:
            yield "设备签的不是这些行"

    def _receipt(self, receipt: Mapping[str, Any], hashes: Mapping[int, str]) -> Iterator[str]:
        """When the server had received how much: an anchor in time of every line before."""
        streams = {name: (n, hash_) for name, (n, hash_) in receipt["streams"].items()}
        if not verify_text(
            self._key, receipt_text(self._said["device"], receipt["at"], streams), receipt["sig"]
        ):
            yield f"{receipt['at']} 的回执不是服务器签的"
            return
        n, own = streams.get(self._scope, (0, ""))
        if n in hashes and hashes[n] != own and not self._said["forked"]:
            yield f"{receipt['at']} 的回执签的不是这些行"
        self.anchors += 1
