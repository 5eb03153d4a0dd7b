"""supply_movement: disinfectant, masks or gloves that came in, were issued, or were counted (防疫物资出入库). A fact."""

from __future__ import annotations

from schemas import limits
from schemas.fields import Body, choice, number, text
from schemas.kind import Kind

_ITEMS = {"disinfectant": "消毒液", "mask": "口罩", "glove": "手套"}
_MOVEMENTS = {"received": "入库", "issued": "领用", "counted": "盘点"}


class SupplyMovementBody(Body):
    """`amount` is in litres of disinfectant as bought, else in pieces; a count says what there is."""

    item = choice("物资", _ITEMS, role="item")
    movement = choice("出入库", _MOVEMENTS, role="slot")
    amount = number("数量 (升或只)", 0, limits.SUPPLY_AMOUNT_MAX)
    concentration_mg_l = number("原液浓度 (mg/L)", 0, limits.STOCK_MG_L_MAX, optional=True)
    note = text("备注", limits.NOTE_MAX, optional=True)


KIND = Kind("supply_movement", "物资出入库", "fact", SupplyMovementBody, icon="supplies")
