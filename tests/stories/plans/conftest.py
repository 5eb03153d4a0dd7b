"""Plans on the database of a story."""

from __future__ import annotations

from tests.stories.forms.conftest import field, run

__all__ = ["field", "run"]
