"""A gate machine: `gate_machine.py URL CODE`. Each line of standard input is a pass, as `WORKER in` or `WORKER out`.

CODE: `gongdi enrol-code USER --class gate`. Without a network passes wait in `gate/` and go up later, in order.
"""

import sys
from pathlib import Path

from sync_protocol.client.tablet import Tablet

with Tablet(Path("gate")) as gate:
    if gate.status().state != "enrolled":
        gate.enrol(sys.argv[1], sys.argv[2], "gate 1", "example")
    gate.sync()
    site, *_ = [scope for scope in gate.scopes() if scope.startswith("site:")]
    for line in sys.stdin:
        worker, direction = line.split()
        known = {person.id: person.body for person in gate.list("worker", site)}
        if worker not in known or known[worker].get("exited_on"):
            print("refused", worker, flush=True)
            continue
        gate.add(site, "gate_pass", {"worker": worker, "direction": direction, "method": "card"})
        report = gate.sync()
        print("passed", worker, direction, f"{report.push.waiting} unsent", flush=True)
