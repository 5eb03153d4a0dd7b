"""Every kind of proposal. A new one is a module with an `EFFECT`, and its line here."""

from __future__ import annotations

from collections.abc import Mapping

from server.actions.approvals import (
    alert_lowering,
    evidence_revocation,
    form_publication,
    key_retirement,
    office_row,
    pack_loading,
    pack_season,
    rule_change,
    suspension,
    unmasking,
)
from server.actions.approvals.effects import Effect

_ALL = (
    alert_lowering.EFFECT,
    evidence_revocation.EFFECT,
    form_publication.EFFECT,
    key_retirement.EFFECT,
    office_row.EFFECT,
    pack_loading.EFFECT,
    pack_season.EFFECT,
    rule_change.EFFECT,
    suspension.EFFECT,
    unmasking.EFFECT,
)
EFFECTS: Mapping[str, Effect] = {effect.kind: effect for effect in _ALL}
