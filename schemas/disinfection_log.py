"""disinfection_log: one disinfection of one place (消毒). A fact."""

from __future__ import annotations

from schemas import limits
from schemas.fields import Body, choice, listed, number, text
from schemas.kind import Kind
from schemas.places import place_id

_AGENTS = {
    "chlorine": "含氯消毒剂",
    "alcohol": "酒精",
    "peroxide": "过氧化物",
    "quaternary": "季铵盐",
    "other": "其他",
}


class DisinfectionLogBody(Body):
    """Which place, with what, by whom. The photo travels as `media` of the entry."""

    place = listed("场所", "place_kinds", role="place")
    place_name = text("场所名称", limits.PLACE_NAME_MAX, optional=True)
    agent = choice("消毒剂", _AGENTS)
    concentration_mg_l = number("浓度 (mg/L)", 0, limits.CONCENTRATION_MG_L_MAX, optional=True)
    amount_l = number("用量 (L)", 0, limits.AMOUNT_L_MAX, optional=True)
    area_m2 = number("面积 (m²)", 0, limits.AREA_M2_MAX, optional=True)
    operator = text("消毒人员", limits.PERSON_NAME_MAX)
    note = text("备注", limits.NOTE_MAX, optional=True)
    place_id = place_id()


KIND = Kind("disinfection_log", "消毒记录", "fact", DisinfectionLogBody, icon="disinfect")
