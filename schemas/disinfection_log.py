"""disinfection_log: one disinfection of one place (消毒). A fact."""

from __future__ import annotations

from schemas import limits
from schemas.fields import Body, choice, number, text

PLACE_KINDS = ("dormitory", "canteen", "toilet", "bathroom", "rest_room", "office", "gate", "isolation_room")


class DisinfectionLogBody(Body):
    """Which place, with what, by whom. The photo travels as `media` of the entry."""

    place = choice("场所", PLACE_KINDS)
    place_name = text("场所名称", limits.PLACE_NAME_MAX, optional=True)
    agent = choice("消毒剂", ("chlorine", "alcohol", "peroxide", "quaternary", "other"))
    concentration_mg_l = number("浓度 (mg/L)", 0, limits.CONCENTRATION_MG_L_MAX, optional=True)
    amount_l = number("用量 (L)", 0, limits.AMOUNT_L_MAX, optional=True)
    area_m2 = number("面积 (m²)", 0, limits.AREA_M2_MAX, optional=True)
    operator = text("消毒人员", limits.PERSON_NAME_MAX)
    note = text("备注", limits.NOTE_MAX, optional=True)
