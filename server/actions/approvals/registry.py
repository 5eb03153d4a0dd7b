"""Every kind of proposal. A new one is a module with an `EFFECT`, and its line here."""

from __future__ import annotations

from collections.abc import Mapping

from server.actions.approvals import rule_change, suspension
from server.actions.approvals.effects import Effect

EFFECTS: Mapping[str, Effect] = {effect.kind: effect for effect in (rule_change.EFFECT, suspension.EFFECT)}
