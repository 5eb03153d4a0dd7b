"""One line of JSON a request, under a request id. Never bodies, tokens, names of people or query values."""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response, g, request
from uuid_utils.compat import uuid7

from server.web.figures import Figures

_SANE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_log = logging.getLogger("gongdi.request")


class JsonLines(logging.Formatter):
    """A log record as one line of JSON; what a caller passes as `extra={"fields": …}` becomes members."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {"at": at, "level": record.levelname.lower(), "logger": record.name}
        line["event"] = record.getMessage()
        line.update(getattr(record, "fields", {}))
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def start_logging(level: str) -> None:
    """Send every logger's lines to standard error as JSON. For processes of our own, not for tests."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


def log_requests(app: Flask) -> None:
    """Give each request an id, return it, and log and count the outcome."""

    @app.before_request
    def _begin() -> None:
        given = request.headers.get("X-Request-Id", "")
        g.request_id = given if _SANE_ID.fullmatch(given) else str(uuid7())
        g.began_s = time.perf_counter()

    @app.after_request
    def _end(response: Response) -> Response:
        took_s = time.perf_counter() - g.get("began_s", time.perf_counter())
        route = request.url_rule.rule if request.url_rule else "(none)"
        method = (
            request.method
            if request.method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
            else "(other)"
        )
        response.headers["X-Request-Id"] = g.get("request_id") or str(uuid7())
        figures: Figures = app.extensions["gongdi_figures"]
        figures.answered(method, route, response.status_code, took_s)
        viewer = g.get("viewer")
        fields = {
            "request_id": response.headers["X-Request-Id"],
            "method": method,
            "route": route,
            "status": response.status_code,
            "ms": round(took_s * 1000, 1),
            "bytes": response.content_length,
            "user": viewer.id if viewer else None,
        }
        _log.info("request", extra={"fields": fields})
        return response
