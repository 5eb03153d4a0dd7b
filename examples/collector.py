"""A collector without a screen: `collector.py URL CODE`. Each line of standard input is one record to write, as
`{"kind": "temperature_check", "body": {…}}`; `"site"` (an id) where there are several, `"observed"` (an instant) with what
was done earlier.

What was read is stored before anything is sent: stop it, start it again, and what waits goes up. Exit code 1: something
is unsent, or was refused; each such line of its output says why.
"""

import json
import sys
from pathlib import Path

from sync_protocol.client.clock import parse_ms
from sync_protocol.client.tablet import Tablet

with Tablet(Path("collector")) as tablet:
    if tablet.status().state != "enrolled":
        tablet.enrol(sys.argv[1], sys.argv[2], "collector 1", "example")
    tablet.sync()
    site, *_ = [scope for scope in tablet.scopes() if scope.startswith("site:")]
    before = {refused.id for refused in tablet.refused()}
    for line in sys.stdin:
        record = json.loads(line)
        scope = f"site:{record['site']}" if "site" in record else site
        tablet.add(scope, record["kind"], record["body"], observed_ms=parse_ms(record.get("observed")))
    report = tablet.sync()
    for kind, count in report.push.outcomes.items():
        print(kind, count)
    refused = [one for one in tablet.refused() if one.id not in before]
    for one in refused:
        print("refused", one.kind, one.code, json.dumps(one.errors, ensure_ascii=False))
    if report.push.problem is not None:
        print("unsent", report.push.waiting, report.push.problem.code)
    sys.exit(1 if refused or report.push.waiting else 0)
