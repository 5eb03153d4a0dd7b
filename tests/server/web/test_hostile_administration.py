"""Nothing that a browser can send to a page of administration is an error of the server."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.server.office import Office, marks_of

PAGES = re.compile(
    r"/console/(admin|proposals|password|sites/<[^>]+>/(suspensions|resume|unmasking|places))\b"
)
VALUES = ("\x00\u202e😀%s'<b>", "9" * 5000, "9999-12-31")
NAMES = (
    *(
        "name",
        "role",
        "display_name",
        "unit",
        "company",
        "district",
        "text",
        "state",
        "active",
        "reason",
        "current",
    ),
    *(
        "password",
        "again",
        "code",
        "kind",
        "stage",
        "inhabited",
        "address",
        "latitude",
        "longitude",
        "practice",
    ),
    *(
        "company_name",
        "user",
        "successor",
        "site",
        "sites",
        "action",
        "from",
        "to",
        "document",
        "verdict",
        "value",
    ),
    *(
        "valid_from",
        "source",
        "mark",
        "class",
        "start",
        "cursor",
        "group",
        "who",
        "subject",
        "file",
        "tables",
    ),
)
ID = "00000000-0000-0000-0000-000000000001"


def addresses(office: Office, method: str) -> Iterator[str]:
    """Every page of administration, of things that there are where a test has them."""
    known = {"site_id": office.cast.site_a, "user_id": office.cast.users["section"], "code": "fever_celsius"}
    known["version"] = "1"
    for rule in office.app.url_map.iter_rules():
        if PAGES.match(rule.rule) and method in (rule.methods or ()):
            given = {name: known.get(name, ID) for name in rule.arguments}
            yield office.app.url_map.bind("").build(rule.endpoint, given)


def test_no_form_is_an_error_of_the_server(office: Office) -> None:
    seat = office.seat("admin")
    token = marks_of(seat.get("password"))["form_token"]
    found = list(addresses(office, "POST"))
    assert len(found) > 20
    for address in found:
        for value in VALUES:
            answer = seat.client.post(address, data={"form_token": token, **dict.fromkeys(NAMES, value)})
            assert answer.status_code < 500, (address, value)


def test_no_address_is_an_error_of_the_server(office: Office) -> None:
    seat = office.seat("admin")
    for address in addresses(office, "GET"):
        for value in VALUES[:2]:
            answer = seat.client.get(address, query_string=dict.fromkeys(NAMES, value))
            assert answer.status_code < 500, (address, value)
