"""Judging windows in event time, by watermark (DOMAIN: Windows and flags; SPEC: Watermark).

Nothing here reads a clock or a table. A window is `missed` only when the site's tablets have reported in past
its deadline; until then it is `silent`: not heard from since, never "not done".
"""

from __future__ import annotations

from dataclasses import dataclass

STATES = ("open", "met", "done_late", "backfilled", "silent", "missed", "review", "excused", "void")
TIME_UNCERTAIN, EVIDENCE_KEPT, PLACE_UNCERTAIN = "time_uncertain", "evidence_kept", "place_uncertain"
PLACE_CLOSED = "place_closed"
CANNOT_TELL, FILE_PENDING = "cannot_tell", "file_pending"
NOT_DONE, BOOK_NOT_KEPT = "not_done", "book_not_kept"
NOT_SATISFIED, NOT_DECLARED, NOT_VALID, EXPIRING = "not_satisfied", "not_declared", "not_valid", "expiring"
SOURCE_SILENT, NOT_ONLINE = "source_silent", "not_online"
CONTRADICTED, PROOF_LOST, TRIGGER_GONE = "contradicted", "proof_lost", "trigger_gone"
# A device's stream ends before a window, for good or for now: what it holds is unknown.
DEVICE_REASONS = ("device_unheard", "device_lost", "device_dormant")
REASONS = {  # shown to people; the code before the colon is what programs compare
    "suspended": "停工 (已批准)",
    "stopped": "处于停工阶段",
    "rest_day": "休息日, 未见有人进场",
    PLACE_CLOSED: "场所或摄像机已停用",
    "nobody_expected": "名册中没有应测人员",
    "not_heard": "截止后尚未收到平板上报, 不能认定未做",
    "not_done": "平板已上报到截止之后, 仍无记录",
    "not_covered": "平板已上报到截止之后, 仍有人未测",
    NOT_SATISFIED: "记录显示不符合要求",
    NOT_DECLARED: "平板已上报到截止之后, 仍无有效期内的申报或查看记录",
    BOOK_NOT_KEPT: "平板已上报到截止之后, 出入库台账没有如实登记",
    NOT_VALID: "平板已上报到截止之后, 仍没有当日有效的文件",
    EXPIRING: "文件有效, 但即将到期",
    SOURCE_SILENT: "监控平台没有上报, 不能认定离线",
    NOT_ONLINE: "平台有上报的时间里, 在线比例不足",
    CONTRADICTED: "认定完成之后收到的记录显示不符合要求, 待复核",
    PROOF_LOST: "认定不符合要求所依据的记录已作废、更正或补充, 待复核",
    TRIGGER_GONE: "引起这项要求的记录已作废或更正",
    CANNOT_TELL: "有记录, 但缺少判定所需的数据, 不能认定是否符合要求",
    FILE_PENDING: "文件已登记, 附件尚未传到, 不能认定有无",
    "evidence_after_missed": "认定缺失之后才收到记录, 待复核",
    "evidence_lost": "原有记录作废或应测人数增加, 待复核",
    "excused_after_missed": "认定缺失之后才批准停工或调整假日, 待复核",
    TIME_UNCERTAIN: "有记录, 但其时间不能确定在时段之内, 不能认定做或未做",
    PLACE_UNCERTAIN: "有记录, 但不能确定是同类场所中的哪一处, 不能认定做或未做",
    EVIDENCE_KEPT: "收到了可能属于本时段的记录, 但尚未生效 (等待前置记录或被退回), 不能认定未做",
    "device_unheard": "已交还这个地点的平板未报清手中的记录, 不能认定未做",
    "device_lost": "平板注销或账号停用前的记录可能尚未送达, 不能认定未做",
    "device_dormant": "有平板长期未上报, 手中可能还有记录, 不能认定未做",
    "approved": "经核实豁免, 批准人",
    "not_asked": "规则或现场情况改变, 不再要求",
}
REMEDIES = {  # what a person can do about a window, by its reason
    NOT_SATISFIED: "按要求整改后重新查看登记, 由复查销号; 记错的, 请记录人更正。",
    NOT_DECLARED: "请到现场查看并登记; 已做而未记的, 可补录。",
    BOOK_NOT_KEPT: "请逐次登记入库、领用, 每周盘点; 已领用而未记的, 可补录。",
    NOT_VALID: "请上报有效期内的文件, 并等附件传完。",
    EXPIRING: "请在到期之前修订、审批并上报新的文件。",
    SOURCE_SILENT: "请查看监控平台和网络; 平台恢复上报后自动判定。",
    NOT_ONLINE: "请检修摄像机或线路, 并由复查销号。",
    CONTRADICTED: "核对前后两次记录, 不符合的责令整改。",
    PROOF_LOST: "查看作废或更正的理由, 属实即可豁免或撤回标记。",
    CANNOT_TELL: "请补全场所的面积、容量或更正记录; 仍不能判定的, 核实后豁免。",
    FILE_PENDING: "请该平板在有网络时把附件传完; 传不到的, 核实后豁免。",
    "evidence_after_missed": "查看记录的时间与证据, 属实即可核实豁免或撤回标记。",
    "evidence_lost": "查看作废或更正的理由, 必要时到现场核实。",
    "excused_after_missed": "核对停工批准或假日安排, 属实即可豁免。",
    TIME_UNCERTAIN: "请该平板在有网络时再同步一次; 时间仍不能确定的, 向记录人核实后豁免。",
    PLACE_UNCERTAIN: "到待核对页选定是哪一处; 记录人也说不清的, 核实后豁免。",
    EVIDENCE_KEPT: "到待处理页查看这些记录: 补全、改正或注明不予采用。",
    "device_unheard": "请原检查员打开平板同步; 平板已坏的, 注销它并核实当时情况。",
    "device_lost": "平板找到后可导出记录送回; 找不到的, 向检查员核实当时情况。",
    "device_dormant": "请检查员打开这台平板同步; 不再使用的, 请注销。",
}
# How well a window is fulfilled, best first, and the state that follows.
FULFILLED = {"timely": "met", "late": "done_late", "backfilled": "backfilled"}
_SOFT = (
    TIME_UNCERTAIN,
    EVIDENCE_KEPT,
    PLACE_UNCERTAIN,
    CANNOT_TELL,
    FILE_PENDING,
    *DEVICE_REASONS,
)  # reviews that end by themselves when more is known
_BEST_FIRST = tuple(FULFILLED)
_DONE = tuple(FULFILLED.values())
_WAKES = ("rest_day", "nobody_expected")  # excuses that fall away when people turn up after all


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the facts received so far say about one window.

    `fulfilled`: `none`, `timely`, `late` (only with facts after `due`), `backfilled` (only with facts that were written
    down later, at the time that their authors say), `uncertain` (facts that may fulfil it), `violated` (a fact proves the
    contrary), `unheard` (its source did not report). `why`: the reason of the last three, or what to say of one that is
    fulfilled; `lack`: the reason if nothing more comes. `need` and `have` count people where a duty is judged by coverage,
    which can grow until the deadline, or days where something does not last long enough; `expected` is False where nobody
    has to be measured at all.
    """

    fulfilled: str = "none"
    need: int | None = None
    have: int | None = None
    expected: bool = True
    why: str | None = None
    lack: str = NOT_DONE

    @property
    def is_coverage(self) -> bool:
        return self.need is not None and self.fulfilled != "violated" and self.lack == NOT_DONE

    @property
    def shows_the_contrary(self) -> bool:
        """Whether it is known that something is not as it has to be."""
        return self.fulfilled == "violated" or reason_code(self.lack) == NOT_SATISFIED


NOTHING = Evidence()


@dataclass(frozen=True, slots=True)
class Verdict:
    """A window's state, why, and when the scheduler must look again (None: only new data can change it)."""

    state: str
    reason: str | None
    next_check_ms: int | None


@dataclass(frozen=True, slots=True)
class Reported:
    """What a site's devices have reported of a window by `now_ms`. `watermark_ms`: through when the kinds that it is judged
    by are complete; `lost`: why a device that ended before its deadline may hold more (DEVICE_REASONS)."""

    now_ms: int
    watermark_ms: int | None
    lost: str | None = None


def judge(
    state: str, reason: str | None, deadline_ms: int, reported: Reported, evidence: Evidence = NOTHING
) -> Verdict:
    """What a window is, given what it was, what has been reported and all evidence known now.

    | was | evidence | before the deadline | after, watermark not past it | after, watermark past it |
    | --- | --- | --- | --- | --- |
    | open, silent, soft review | none | open | silent (`lost`: review) | missed (`lost`: review) |
    | open, silent, soft review | timely | met (coverage: open) | met (coverage: silent) | met |
    | open, silent, soft review | late, backfilled | (coverage: open) its state | (coverage: silent) its state | its state |
    | open, silent, soft review | uncertain | review (coverage: open) | review | review |
    | met, done_late, backfilled | none, or worse than that | as open | review | review |
    | missed | any | review | review | review |
    | open, silent, soft review | violated | missed | missed | missed |
    | met, done_late, backfilled | violated | missed | review | review |
    | missed (not_satisfied) | violated; anything else | missed; review | missed; review | missed; review |
    | open, silent, soft review | unheard | open | silent (`lost`: review) | silent (`lost`: review) |
    | excused for a rest day | somebody came | as open | as open | as open |

    Everything else stays. Coverage waits for the deadline, because people may still arrive until then, and for the
    watermark, because others may have been there. A review is soft when its reason ends by itself (_SOFT). Judging
    twice is judging once.
    """
    code = reason_code(reason)
    asleep = state == "excused" and not (code in _WAKES and _somebody(code, evidence))
    if asleep or state == "void" or (state == "review" and code not in _SOFT):
        return Verdict(state, reason, None)
    fulfilled = evidence.fulfilled not in ("none", "unheard")
    if state == "missed" and code == NOT_SATISFIED:
        return (
            Verdict(state, reason, None)
            if evidence.shows_the_contrary
            else Verdict("review", PROOF_LOST, None)
        )
    if state == "missed":
        return Verdict("review", "evidence_after_missed", None) if fulfilled else Verdict(state, reason, None)
    if state in _DONE:
        if evidence.fulfilled in _BEST_FIRST[: _DONE.index(state) + 1]:
            return Verdict(state, evidence.why, None)
        if reported.now_ms >= deadline_ms:
            why = CONTRADICTED if evidence.shows_the_contrary else evidence.why
            return Verdict("review", why or "evidence_lost", None)
    return _undecided(deadline_ms, reported, evidence)


def reason_code(reason: str | None) -> str:
    """`suspended` of `suspended: 王某, 大风`."""
    return (reason or "").partition(":")[0]


def reason_text(reason: str | None) -> str:
    """A reason in words, with what it says in detail."""
    code, colon, detail = (reason or "").partition(": ")
    return REASONS.get(code, code) + (f": {detail}" if colon else "")


def _undecided(deadline_ms: int, reported: Reported, evidence: Evidence) -> Verdict:
    coverage, watermark_ms = evidence.is_coverage, reported.watermark_ms
    if evidence.fulfilled == "violated":
        return Verdict("missed", evidence.why, None)
    if reported.now_ms < deadline_ms and (coverage or evidence.fulfilled in ("none", "unheard")):
        return Verdict("open", None, deadline_ms)
    if not evidence.expected:
        return Verdict("excused", "nobody_expected", None)
    is_complete = watermark_ms is not None and watermark_ms >= deadline_ms
    if evidence.fulfilled == "uncertain":
        return Verdict("review", evidence.why, None)
    if evidence.fulfilled in FULFILLED and (is_complete or not coverage):
        return Verdict(FULFILLED[evidence.fulfilled], evidence.why, None)
    if reported.lost is not None:
        return Verdict("review", reported.lost, None)
    if evidence.fulfilled == "unheard":
        return Verdict("silent", SOURCE_SILENT, None)
    if not is_complete:
        return Verdict("silent", "not_heard", None)
    return Verdict("missed", "not_covered" if coverage and evidence.have else evidence.lack, None)


def _somebody(code: str, evidence: Evidence) -> bool:
    """Whether an excuse falls away: on a rest day by people or records, else by people to be measured."""
    if not evidence.expected:
        return False
    if code == "nobody_expected" or evidence.need:
        return True
    return evidence.fulfilled not in ("none", "unheard")


def is_soft(reason: str | None) -> bool:
    """Whether a review for this reason ends by itself when more is known."""
    return reason_code(reason) in _SOFT
