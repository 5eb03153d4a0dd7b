"""Every kind of proposal. A new one is a module with an `EFFECT`, and its line here."""

from __future__ import annotations

from collections.abc import Mapping

from server.actions.approvals import form_publication, rule_change, suspension
from server.actions.approvals.effects import Effect

_ALL = (rule_change.EFFECT, suspension.EFFECT, form_publication.EFFECT)
EFFECTS: Mapping[str, Effect] = {effect.kind: effect for effect in _ALL}
