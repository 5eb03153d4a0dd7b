"""The inspectors' app: sources for the browser in `src`, its building, and the endpoints that serve it."""

from pathlib import Path

HOME = Path(__file__).parent
BUILT = HOME / "built"  # made by `build`; git ignores it
