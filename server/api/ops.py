"""For operators: is the server alive, is it ready, and its figures."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, jsonify
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from server.web.figures import Figures
from server.web.readiness import readiness

blueprint = Blueprint("ops", __name__)


@blueprint.get("/healthz")
def healthz() -> Response:
    """The process answers. For a load balancer: it does not query the database."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Everything that the work needs. For alarms: 503 says which part is not as it should be; `warnings` name what still
    works and soon may not."""
    checks = readiness()
    ready = all(check.ok for check in checks.values())
    answer = jsonify(
        status="ready" if ready else "not_ready",
        warnings=[check.code for check in checks.values() if check.warns],
        checks={name: check.as_dict() for name, check in checks.items()},
    )
    return answer, 200 if ready else 503


@blueprint.get("/metrics")
def metrics() -> Response:
    """Prometheus text: this server's requests, and what the database knows."""
    figures: Figures = current_app.extensions["gongdi_figures"]
    return Response(generate_latest(figures.registry), content_type=CONTENT_TYPE_LATEST)
