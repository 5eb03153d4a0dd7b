"""When count or digest differ the tablet asks for everything once, not for ever."""

from __future__ import annotations

import json

from sync_protocol.client.records import RESET_PAUSE_MS
from tests.sync_protocol.client.cast import SITE, Bench


def _asked(bench: Bench) -> list[str]:
    pulls = [json.loads(request.body) for request in bench.server.requests if request.url.endswith("/pull")]
    return [asked["scopes"].get(SITE, "-") for asked in pulls]


def test_a_record_lost_on_the_tablet_is_noticed_and_brought_back_by_a_reset(bench: Bench) -> None:
    scope = bench.server.scopes[SITE]
    for index in range(3):
        scope.put("duty", f"duty-{index}", {"index": index})
    bench.tablet.pull()
    rev, seq, body = scope.records["duty", "duty-1"]
    scope.records["duty", "duty-1"] = (
        rev + 5,
        seq,
        body,
    )  # changed without a new seq: no pull would bring it
    entry = bench.check()
    report = bench.tablet.pull()
    assert report.mismatched == [SITE] and report.resets == 1 and report.problem is None
    assert _asked(bench)[-1] == "" and bench.shown("duty")["duty-1"] == (rev + 5, body)
    assert bench.items()[entry].state == "unsent"
    bench.tablet.sync()
    assert bench.agrees()


def test_a_digest_that_differs_even_after_a_reset_does_not_reset_again_and_is_reported(bench: Bench) -> None:
    bench.server.scopes[SITE].put("duty", "duty-1", {"code": "TEMP"})
    bench.server.lying_digests.add(SITE)
    for _ in range(3):
        bench.tablet.pull()
    assert _asked(bench).count("") == 1 and bench.tablet.status().scopes[0].trouble == "digest_mismatch"
    assert set(bench.shown("duty")) == {"duty-1"}
    bench.clock.advance(RESET_PAUSE_MS)
    bench.server.now_ms += RESET_PAUSE_MS
    bench.server.lying_digests.clear()
    bench.tablet.pull()
    assert bench.tablet.status().scopes[0].trouble is None and bench.agrees()
