"""How severe something is: of duties, flags and findings."""

from __future__ import annotations

SEVERITIES = {"severe": "严重", "ordinary": "一般", "facilities": "设施"}
