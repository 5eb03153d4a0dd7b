"""Numbers of invented companies and people of the demo city, with the check characters that real ones have."""

from __future__ import annotations

import random

from schemas.certificates import company_check_character, person_check_character


def company_code(number: int) -> str:
    """A unified social credit code."""
    first_17 = f"91410700MA4{number:06}"
    return first_17 + company_check_character(first_17)


def id_card(chance: random.Random) -> str:
    """The number of an identity card."""
    born = f"{chance.randrange(1966, 2001)}{chance.randrange(1, 13):02}{chance.randrange(1, 29):02}"
    first_17 = f"{chance.choice(('410702', '410781', '410526'))}{born}{chance.randrange(1000):03}"
    return first_17 + person_check_character(first_17)
