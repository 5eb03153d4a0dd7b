"""What every door needs: the process's runtime, and problems turned into answers."""

from __future__ import annotations

import msgspec
from flask import Flask, Response, current_app

from server.problems import Problem
from server.runtime import Runtime


def runtime() -> Runtime:
    """Settings, clock and keys of the app that serves this request."""
    held: Runtime = current_app.extensions["gongdi"]
    return held


def answer_problem(problem: Problem) -> Response:
    body = msgspec.json.encode(problem.as_dict())
    answer = Response(body, problem.status, problem.headers, content_type="application/problem+json")
    return answer


def register_problems(app: Flask) -> None:
    """Every Problem that a door lets pass becomes `application/problem+json`."""
    app.register_error_handler(Problem, answer_problem)
