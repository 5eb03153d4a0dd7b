"""Runs the checks against one server: `gongdi-conform URL CODE`, or `gongdi conform`."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sync_protocol.client.transport import HttpTransport, Transport
from sync_protocol.conform import envelope, pulling, pushing
from sync_protocol.conform.checks import DECLARED, Check, expect_problem
from sync_protocol.conform.device import Broken, Device
from sync_protocol.conform.judge import RULES, Judge, serve_judge

_PARTS = [part.__name__ for part in (envelope, pushing, pulling)]
# What contradicts a chain comes last: from then on the server has a mark on it.
CHECKS = sorted(DECLARED, key=lambda check: (_PARTS.index(check.ask.__module__), check.name == "chain.fork"))
SHOWN_MAX = 3  # findings of one rule
_ENROL = Check(
    "enrol.device",
    "part 7",
    "A good code makes a device, once, and its user has a site.",
    lambda device: None,
)


@dataclass(frozen=True, slots=True)
class Result:
    """`found`: what the server did instead; "" when it conforms."""

    check: Check
    found: str = ""

    @property
    def passed(self) -> bool:
        return not self.found


def conform(url: str, code: str, site: str = "", transport: Transport | None = None) -> Iterator[Result]:
    """Enrols a device by `code` and asks every check of it in turn; a device that can't be enrolled ends it.

    Writes some forty lines into `site` (an id; "": the first that the user has), some of them wrong, and leaves a forked
    chain: the server should be one for trials. Whatever a server answers is a result, never an exception.
    """
    device = Device(url, transport or HttpTransport())
    begun = _asked(_ENROL, lambda: _begin(device, code, site))
    yield begun
    if not begun.passed:
        return
    for check in CHECKS:
        yield _asked(check, lambda check=check: check.ask(device))  # type: ignore[misc]
        _asked(check, device.heal)


def _begin(device: Device, code: str, site: str) -> None:
    answer = device.enrol(code)
    if answer.status != 200:
        raise Broken(f"enrolment was answered {answer.status} {answer.body[:200].decode(errors='replace')}")
    device.beacon = str(device.identity["beacon"])
    found = [
        line["checkpoint"] for line in device.pull({}) if str(line.get("checkpoint")).startswith("site:")
    ]
    wanted = f"site:{site}" if site else (found or [""])[0]
    if not wanted or wanted not in found:
        raise Broken("the user of the code has no site, or not this one")
    device.scope = wanted
    other = Device(device.url, device.transport)
    expect_problem(other.enrol(code), 401, "enrol_code_invalid")


def _asked(check: Check, ask: Callable[[], None]) -> Result:
    try:
        ask()
    except Broken as broken:
        return Result(check, str(broken))
    except OSError as error:
        return Result(check, f"nobody answered: {error}")
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        return Result(check, f"an answer that is not of the contract: {type(error).__name__} {error}")
    return Result(check)


def judged(judge: Judge) -> Iterator[Result]:
    """What a client did under the eyes of a judge: of rules that it came by."""
    for name, rule in RULES.items():
        if judge.seen[name]:
            yield Result(rule, "; ".join(judge.broken.get(name, [])[:SHOWN_MAX]))


def judge_client(url: str, port: int, say: Callable[[str], None]) -> bool:
    """Stand between clients and `url` until Ctrl-C, then say what they did. Whether no rule was broken, and any was seen."""
    judge = Judge(HttpTransport())
    with contextlib.suppress(KeyboardInterrupt):
        serve_judge(
            judge,
            url,
            port,
            lambda server: say(f"http://127.0.0.1:{server.server_port} → {url}; Ctrl-C: report"),
        )
    return print_results(judged(judge), say) and any(judge.seen.values())


def print_results(results: Iterator[Result], say: Callable[[str], None]) -> bool:
    """One line for each check as it comes, then the sum. Whether all passed."""
    passed = failed = 0
    for result in results:
        say(
            f"{'pass' if result.passed else 'FAIL'}  {result.check.name:24} {result.check.rules:16} {result.check.says}"
        )
        if not result.passed:
            say(f"      {result.found}")
        passed, failed = passed + result.passed, failed + (not result.passed)
    say(f"{passed} passed, {failed} failed")
    return failed == 0


def main() -> None:
    """Exit code 0: the server conforms; 1: it does not."""
    parser = argparse.ArgumentParser(prog="gongdi-conform", description=conform.__doc__)
    parser.add_argument("url", help="the server's address, as https://gongdi.example")
    parser.add_argument("code", nargs="?", help="an enrolment code of a user who has a site there")
    parser.add_argument(
        "--client", type=int, metavar="PORT", help="judge clients that come to this port instead"
    )
    parser.add_argument("--site", default="", help="the id of the site that is written to")
    asked = parser.parse_args()
    if asked.client is not None:
        sys.exit(0 if judge_client(asked.url, asked.client, print) else 1)
    if asked.code is None:
        parser.error("a code is needed")
    sys.exit(0 if print_results(conform(asked.url, asked.code, asked.site), print) else 1)
