"""A site's archive package for the archives (档案室), or one flag's for a court or another bureau: records, documents,
photos and the log with the proofs, in one .zip that `gongdi archive verify` verifies without this server. Records about
people and their health are not in it: of their lines only the hashes are, so that the chains can be followed, and the
proofs of their erasure."""

from __future__ import annotations

import hashlib
import json
import time
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa

from schemas.window import WINDOW_STATE_WORDS
from server.actions.erasure.health_proof import proof_facts
from server.actions.flags.document_facts import number_of
from server.actions.flags.list_flags import FlagFile, one_flag
from server.actions.papers.read_papers import papers_of
from server.actions.reference.load_reference import rules_in_force
from server.actions.reference.name_codes import read_names
from server.actions.sites.archive_facts import (
    Left,
    archived_kinds,
    flag_photos,
    history_lines,
    log_lines,
    photos_of,
    streams_of,
)
from server.actions.sites.list_records import titles_of
from server.actions.sites.record_filters import DAYS_MAX, Wanted, check_wanted
from server.base.clock import to_iso
from server.base.db import read, write
from server.base.problems import Problem, not_found
from server.base.runtime import Runtime
from server.files import new_csv, new_workbook
from server.files.verify_archive import FORMAT, MANIFEST, SIGNATURE, fingerprint, signed_text
from server.models.access import Viewer, visible_sites
from server.models.audit import Deed, record_deed
from server.models.flag import Flag
from server.models.health import proofs_of
from server.models.media import original_key
from server.models.scope import Scope
from server.models.site import STAGES, Site
from server.models.window import Window
from server.rules.calendar import add_days, local_date_of
from server.rules.plain_text import cleaned
from server.workflows.export_records import ROWS_MAX, XLSX, record_batches
from server.workflows.print_papers import print_flag, print_paper
from sync_protocol.signatures import sign_text, to_base64url

REASON_MIN = 4
_WINDOWS = ("职责", "场所", "日期", "时段", "开始", "应于", "状态", "原因", "应有", "实有")


@dataclass(slots=True)
class _Package:
    """The .zip that is being written. `titles`: what each file is, for the index."""

    zip: zipfile.ZipFile
    at: tuple[int, int, int, int, int, int]
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, title: str, chunks: Iterable[bytes]) -> None:
        digest, size = hashlib.sha256(), 0
        info = zipfile.ZipInfo(name, self.at)
        info.compress_type = zipfile.ZIP_DEFLATED
        with self.zip.open(info, "w", force_zip64=True) as file:
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                file.write(chunk)
        self.files[name] = {"sha256": digest.hexdigest(), "bytes": size}
        self.titles[name] = title

    def close(self, name: str, data: bytes) -> None:
        """A file that the manifest does not name: itself, and its signature."""
        self.zip.writestr(zipfile.ZipInfo(name, self.at), data)


@dataclass(frozen=True, slots=True)
class Archived:
    """What is in a package; `site`: the name of what it is about."""

    site: str
    files: int
    lines: int
    left_out: int
    key: str


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a package is to be about: a site, or one of its flags (`flag`), then with what was written on its days."""

    runtime: Runtime
    viewer: Viewer
    site_id: str
    now_ms: int
    flag: FlagFile | None = None

    @property
    def chosen(self) -> Mapping[str, str | None]:
        """The dates of records: those of the flag's windows, or the day on which it was opened."""
        if self.flag is None:
            return {}
        days = [window.local_date for window in self.flag.windows] or [
            local_date_of(self.flag.flag.opened_ms)
        ]
        return {"from": max(min(days), add_days(max(days), -DAYS_MAX)), "to": max(days)}


def archive_site(
    runtime: Runtime, viewer: Viewer, site_id: str, reason: str, out: Path | IO[bytes], now_ms: int
) -> Archived:
    """Write a site's package into `out`. That it was made, by whom and why is kept. Raises Problem 403 for a role that does
    not read a site's records, 404, 422 without a reason."""
    return _archive(_Asked(runtime, viewer, site_id, now_ms), reason, out)


def archive_flag(
    runtime: Runtime, viewer: Viewer, flag_id: str, reason: str, out: IO[bytes], now_ms: int
) -> Archived:
    """Write a flag's package into `out`: its file and papers, its history as a chain, its windows, what was written on their
    days, their photos, and the log. Raises as `archive_site`."""
    with read() as session:
        file = one_flag(session, viewer, flag_id)
    return _archive(_Asked(runtime, viewer, file.site.id, now_ms, file), reason, out)


def _archive(asked: _Asked, reason: str, out: Path | IO[bytes]) -> Archived:
    why, runtime, viewer, site_id = cleaned(reason), asked.runtime, asked.viewer, asked.site_id
    if not viewer.judges:
        raise Problem("role_not_allowed", "归档包由主管科室或监察支队的人生成。")
    if len(why) < REASON_MIN:
        raise Problem("invalid_input", "请写明归档的事由。", errors={"/reason": ["请写明归档的事由。"]})
    with read() as session:
        site = session.scalar(sa.select(Site).where(Site.id == site_id, visible_sites(viewer)))
        scope = session.get(Scope, site_id)
        if site is None or scope is None:
            raise not_found()
        said = {"id": site.id, "name": site.name, "kind": site.kind, "district": site.district}
        said |= {"unit": site.unit, "stage": STAGES.get(site.stage, site.stage)}
    head: dict[str, Any] = {
        "format": FORMAT,
        "scope": scope.name,
        "site": said,
        "made_at": to_iso(asked.now_ms),
    }
    head |= {"made_by": viewer.display_name, "reason": why}
    if asked.flag is not None:
        head["flag"] = number_of(asked.flag)
    with zipfile.ZipFile(out, "w") as zipped:
        package = _Package(zipped, time.gmtime(asked.now_ms // 1000)[:6])
        records = _add_records(package, asked)
        _add_windows(package, asked)
        flags = _add_documents(package, asked)
        photos = _add_photos(package, asked)
        streams, left = _add_log(package, runtime, site_id)
        with read() as session:
            proofs = [
                proof_facts(scope.name, one) for one in proofs_of(session, site_id) if one.done_ms is not None
            ]
            titles = {name: kind.title for name, kind in rules_in_force(session).kinds.kinds.items()}
        key = runtime.seals.signing_key.public_key().public_bytes_raw()
        head |= {"server_key": to_base64url(key), "flags": flags, "streams": streams, "health": proofs}
        counts = {"records": records, "flags": len(flags), "photos": photos, "left_out": dict(left.by_kind)}
        _add_index(package, head, counts, titles, fingerprint(key))
        manifest = json.dumps({**head, "files": package.files}, ensure_ascii=False, indent=1).encode()
        package.close(MANIFEST, manifest)
        package.close(SIGNATURE, sign_text(runtime.seals.signing_key, signed_text(manifest)).encode())
    lines = sum(stream["lines"] for stream in streams)
    name = " ".join((said["name"], *([head["flag"]] if "flag" in head else ())))
    with write() as session:
        changes = {"lines": ("", lines), "flags": ("", len(flags))}
        record_deed(session, Deed("archived", viewer.id, name, site_id, changes, why), asked.now_ms)
    return Archived(name, len(package.files), lines - left.lines, left.lines, fingerprint(key))


def _add_records(package: _Package, asked: _Asked) -> dict[str, int]:
    """Each kind as .csv, and as .xlsx where it fits into one. Gives how many records, by title."""
    runtime, viewer, site_id = asked.runtime, asked.viewer, asked.site_id
    with read() as session:
        book = rules_in_force(session).kinds
        kinds = archived_kinds(session, book, site_id)
    counts: dict[str, int] = {}
    for name in kinds:
        with read() as session:
            wanted = check_wanted(session, viewer, book, Wanted((name,), True, site_id, asked.chosen))
        title, titles = book.kinds[name].title, titles_of(book, name)
        rows = [row for batch in record_batches(runtime.seals, viewer, wanted, False) for row in batch]
        if not rows:
            continue
        counts[title] = len(rows)
        package.add(f"记录/{name}.csv", f"{title} {len(rows)} 条", new_csv.csv_chunks(titles, [rows]))
        if len(rows) <= ROWS_MAX[XLSX]:
            workbook = new_workbook.table_workbook(title, titles, rows)
            package.add(f"记录/{name}.xlsx", f"{title} {len(rows)} 条", [workbook])
    return counts


def _add_windows(package: _Package, asked: _Asked) -> None:
    with read() as session:
        names = read_names(session, asked.site_id)
        query = sa.select(Window).where(Window.scope_id == asked.site_id).order_by(Window.opens_ms, Window.id)
        if asked.flag is not None:
            query = query.where(Window.flag_id == asked.flag.flag.id)
        rows = [_window_row(names, window) for window in session.scalars(query)]
    package.add("时段.csv", f"各职责的时段和判定 {len(rows)} 个", new_csv.csv_chunks(_WINDOWS, [rows]))


def _window_row(names: Any, window: Window) -> list[str | float]:
    place = names.of("places", window.place_id) if window.place_id else names.of("place_kinds", window.place)
    times = (to_iso(window.opens_ms)[:16], to_iso(window.due_ms)[:16])
    said = (names.of("duties", window.duty), place if window.place else "", window.local_date, window.slot)
    counted = ("" if number is None else number for number in (window.need, window.have))
    return [*said, *times, WINDOW_STATE_WORDS[window.state], window.reason or "", *counted]


def _add_documents(package: _Package, asked: _Asked) -> list[dict[str, Any]]:
    """Each flag's file, papers and history. Gives where each history is and how it ends."""
    runtime, viewer, site_id = asked.runtime, asked.viewer, asked.site_id
    with read() as session:
        query = sa.select(Flag.id).where(Flag.scope_id == site_id).order_by(Flag.opened_ms, Flag.id)
        ids = list(session.scalars(query)) if asked.flag is None else [asked.flag.flag.id]
    histories = []
    for flag_id in ids:
        with read() as session:
            file, names = one_flag(session, viewer, flag_id), read_names(session, site_id)
            papers = [one.id for one in papers_of(session, viewer, file.flag) if one.state != "draft"]
            history = history_lines(session, file.flag)
        number = number_of(file)
        pdf, _, _ = print_flag(runtime, viewer, flag_id, "pdf", asked.now_ms)
        title = f"问题标记档案 {number}: {names.of('duties', file.flag.duty)}"
        package.add(f"问题标记/{number}.pdf", title, [pdf])
        where = f"问题标记/{number}-经过.ndjson"
        package.add(where, f"问题标记 {number} 的经过 (散列链)", history)
        histories.append({"file": where, "number": number, "n": file.flag.rev, "hash": file.flag.head})
        for n, paper_id in enumerate(papers, start=1):
            pdf, name, _ = print_paper(runtime, viewer, paper_id, asked.now_ms)
            package.add(f"问题标记/{number}/{n:02}-{name}", name.removesuffix(".pdf"), [pdf])
    return histories


def _add_photos(package: _Package, asked: _Asked) -> int:
    """Originals of what records show, and of what was written to flags."""
    flag = asked.flag
    with read() as session:
        photos = set(photos_of(session, rules_in_force(session).kinds, asked.site_id))
        if flag is not None:
            shown = {photo["sha256"] for entry in flag.entries for photo in entry["media"]}
            photos = {photo for photo in photos if photo[0] in shown}
        photos |= flag_photos(session, asked.site_id, flag.flag.id if flag is not None else None)
    count = 0
    for sha256, kind in sorted(photos):
        data = asked.runtime.media.get(original_key(asked.site_id, sha256))
        if data is not None:
            count += 1
            package.add(f"照片/{sha256}.{kind.rpartition('/')[2]}", "照片 (原件)", [data])
    return count


def _add_log(package: _Package, runtime: Runtime, site_id: str) -> tuple[list[dict[str, Any]], Left]:
    """Each device's lines, and what the manifest says of them."""
    left = Left(0, Counter())
    with read() as session:
        book, streams = rules_in_force(session).kinds, streams_of(session, site_id)
    for stream in streams:
        stream["file"] = f"日志/{stream['device']}.log"
        with read() as session:
            lines = log_lines(session, runtime.seals, book, site_id, stream["device"], left)
            counted = _Counted(lines)
            package.add(stream["file"], f"日志: {stream['name']}", counted)
        stream["lines"] = counted.count
    return streams, left


@dataclass(slots=True)
class _Counted:
    lines: Iterable[bytes]
    count: int = 0

    def __iter__(self) -> Iterator[bytes]:
        for line in self.lines:
            self.count += 1
            yield line


def _add_index(
    package: _Package,
    head: Mapping[str, Any],
    counts: Mapping[str, Any],
    titles: Mapping[str, str],
    key: str,
) -> None:
    """目录: a table of all files, and a page in words."""
    columns = ("序号", "文件", "题名", "字节", "SHA-256")
    rows: list[Sequence[str | float]] = [
        (number, name, package.titles[name], said["bytes"], said["sha256"])
        for number, (name, said) in enumerate(package.files.items(), start=1)
    ]
    text = "\r\n".join(_index_lines(head, counts, titles, key, len(rows)))
    package.add("目录.xlsx", "目录", [new_workbook.table_workbook("目录", columns, rows)])
    package.add("目录.txt", "目录和说明", [("\ufeff" + text).encode()])


def _index_lines(
    head: Mapping[str, Any], counts: Mapping[str, Any], titles: Mapping[str, str], key: str, files: int
) -> Iterator[str]:
    site = head["site"]
    yield f"案卷包目录: {site['name']} {head['flag']}" if "flag" in head else f"归档包目录: {site['name']}"
    yield f"阶段 {site['stage']}; 生成 {head['made_at']}, {head['made_by']}; 事由: {head['reason']}"
    yield f"文件 {files} 个 (逐个见 目录.xlsx)"
    yield ""
    yield "一、记录"
    yield from (f"  {title} {count} 条" for title, count in counts["records"].items())
    yield f"二、时段和判定: 时段.csv; 问题标记 {counts['flags']} 件; 照片 {counts['photos']} 张"
    yield "三、日志 (每台设备一条链, 末行的散列和设备公钥的指纹)"
    for one in head["streams"]:
        yield f"  {one['name']}: {one['lines']} 行, 末行 {one['hash'][:16] or '-'}, 指纹 {one['fingerprint']}"
    yield "四、没有收入的身份和健康资料 (日志里只留散列)"
    for kind, count in sorted(counts["left_out"].items()):
        yield f"  {titles.get(kind, kind)} {count} 行"
    yield "五、健康数据到期删除的证明"
    for proof in head["health"]:
        went = "、".join(f"{titles.get(kind, kind)} {count} 条" for kind, count in proof["classes"].items())
        yield f"  第 {proof['number']} 份 {proof['at']}: {went or '没有这类记录'}; 职责停用 {proof['ended_on']}"
    if not head["health"]:
        yield "  没有: 生成时还未到期, 或没有这类记录"
    yield "六、核验"
    yield "  在任何装有本程序的电脑上, 不连服务器: gongdi archive verify 文件名"
    yield f"  服务器公钥的指纹 (应与移交单上的一致): {key}"
