"""`python -m tests.model [STEPS] [SEED]`: the model of time and watermark for so many steps, and what came of it."""

from __future__ import annotations

import sys

from tests.model.test_no_honest_day_is_accused import run

steps, seed = (int(value) for value in [*sys.argv[1:3], "100000", "1"][:2])
for name, more in (
    ("any clocks", {}),
    ("good clocks", {"good": True}),
    ("clocks set back", {"cheats": True}),
):
    print(f"{name}: {run(seed, steps, **more)}")
