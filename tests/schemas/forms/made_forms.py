"""Forms made at random, all of which are accepted: every type, conditions on what stands above; and bodies for them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from schemas.forms.definition import Form, Item
from tests.schemas.forms.cast import LABEL, MAX, ROLE, compiled, pond
from tests.schemas.strategies import odd_values, texts

UUID = "01980a1e-1111-7222-8333-444455556666"
HASHES = tuple(f"{i:064x}" for i in range(4))
CHOICES = ("clear", "rubbish", "other")
_TYPES = (
    *("text", "integer", "decimal", "date", "time", "dateTime", "select_one look", "select_multiple look"),
    *(
        "acknowledge",
        "geopoint",
        "image",
        "file",
        "select_one_from_file areas.csv",
        "select_one_from_file workers.csv",
    ),
    *("select_one_from_file items.csv", "calculate", "note", "begin_group"),
)
_PATTERNS = {
    "phone": ("13900000001",),
    "plate": ("豫G12345", "豫GD12345"),
    "credit_code": ("91110000101623741K",),
    "report_number": ("A-2021/1",),
}
# A condition on a field of a type; `{}` is the reference.
_CONDITIONS = {
    **{"text": ("{} = 'a'", "{} != 'a'"), "integer": ("{} > 5", "{} div 3 < 2", "not({} = 0)")},
    **{
        "decimal": ("{} >= 0.3", "{} * 2 - 1 <= rule('limit')"),
        "date": ("{} <= today()", "{} > '2021-12-01'"),
    },
    **{"time": ("minutes-between({}, '07:30') < 60",), "dateTime": ("{} >= '2021-12-01T08:00:00+08:00'",)},
    **{"select_one": ("{} = 'other'", "{} != 'clear'"), "acknowledge": ("{} = 'OK'",)},
    "select_multiple": ("selected({}, 'clear')", "count-selected({}) > 1"),
}
_ANY = ("{} = ''", "{} != ''")


@st.composite
def sheets(draw: st.DrawFn) -> dict[str, list[dict[str, Any]]]:
    """The tables of a form that nothing is wrong with."""
    made = pond()
    made["survey"] = _survey(draw)
    made["gongdi"][0]["sealed"] = "yes"
    return made


def _survey(draw: st.DrawFn) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    above: list[tuple[str, str]] = []
    is_open = False
    for i, kind in enumerate(draw(st.lists(st.sampled_from(_TYPES), min_size=1, max_size=7))):
        row = {"type": kind, "name": f"f{i}", LABEL: f"第 {i} 项"}
        if draw(st.integers(0, 2)) == 0 and kind != "calculate":
            row["relevant"] = _condition(draw, above)
        if kind == "begin_group":
            if is_open:
                rows.append({"type": "end_group"})
            is_open = True
        elif kind == "calculate":
            row["calculation"] = draw(st.sampled_from(("1 + 1", "today()", "'a'", *_numbers(above))))
        elif kind != "note":
            _fill_in(draw, row, kind, above)
            above.append((row["name"], kind.split()[0]))
        rows.append({header: cell for header, cell in row.items() if cell})
    if not above:
        rows.append({"type": "text", "name": "last", LABEL: "末项"})
    return [*rows, *([{"type": "end_group"}] if is_open else [])]


def _fill_in(draw: st.DrawFn, row: dict[str, Any], kind: str, above: list[tuple[str, str]]) -> None:
    row["required"] = draw(st.sampled_from(("yes", "no", "", _condition(draw, above))))
    own = [text.format(".") for text in _CONDITIONS.get(kind.split()[0], ())]
    if kind in ("integer", "decimal"):
        own += [". >= -3 and . <= 7", ". <= 7"]
    if own and draw(st.booleans()):
        row["constraint"] = draw(st.sampled_from((*own, f"{own[0]} or {_condition(draw, above) or own[0]}")))
        row["constraint_message::中文 (zh)"] = draw(st.sampled_from(("", "不符合规定。")))
    if kind == "decimal":
        row["bind::gongdi:decimals"] = draw(st.sampled_from(("", "0", "1", "2", "9")))
    elif kind == "text":
        row["bind::gongdi:pattern"] = draw(st.sampled_from(("", "", *_PATTERNS)))
        row[MAX] = draw(st.sampled_from(("", "20")))
    elif kind in ("image", "file"):
        row[MAX] = draw(st.sampled_from(("", "3")))
        row["parameters"] = "max-pixels=1600" if kind == "image" else ""
    if kind == "select_one_from_file workers.csv" and all(of != "select_one_from_file" for _, of in above):
        row[ROLE] = "worker"


def _numbers(above: list[tuple[str, str]]) -> list[str]:
    return [f"${{{name}}} + 1" for name, kind in above if kind in ("integer", "decimal")]


def _condition(draw: st.DrawFn, above: list[tuple[str, str]]) -> str:
    if not above:
        return ""
    name, kind = draw(st.sampled_from(above))
    return str(draw(st.sampled_from((*_CONDITIONS.get(kind, ()), *_ANY)))).format(f"${{{name}}}")


def forms() -> st.SearchStrategy[Form]:
    return sheets().map(lambda made: compiled(made).form)


def value(item: Item) -> st.SearchStrategy[Any]:
    """True values of one field."""
    low, high = item.low or 0, item.high or 0
    if item.type == "text":
        return (
            st.sampled_from(_PATTERNS[item.pattern]) if item.pattern else st.just("a") | texts(item.max or 0)
        )
    numbers = st.integers(int(max(low, -20)), int(min(high, 20)))
    chosen = {"areas": ("410702", "410702001"), "items": ("mask",)}.get(item.file or "", (UUID,))
    return {
        "integer": numbers,
        "decimal": numbers | numbers.map(lambda n: n / 10 if item.decimals else n),
        "date": st.sampled_from(("2021-12-01", "2021-12-02", "2020-02-29")),
        "time": st.sampled_from(("07:30", "23:59", "00:00")),
        "dateTime": st.sampled_from(("2021-12-01T08:00:00+08:00", "2021-12-01T00:00:00.5Z")),
        "select_one": st.sampled_from(CHOICES),
        "select_multiple": st.lists(st.sampled_from(CHOICES), min_size=1, max_size=3, unique=True),
        "acknowledge": st.just(True),
        "geopoint": st.fixed_dictionaries(
            {"latitude_deg": st.floats(-90, 90), "longitude_deg": st.just(113), "accuracy_m": st.just(5)}
        ),
        "image": st.lists(st.sampled_from(HASHES), min_size=1, max_size=item.max, unique=True),
        "file": st.lists(st.sampled_from(HASHES), min_size=1, max_size=item.max, unique=True),
        "select_one_from_file": st.sampled_from(chosen),
    }[item.type]  # fmt: skip


_NEAR_MISSES: dict[str, tuple[Any, ...]] = {
    "text": ("", " ", "a\u202eb", "1290000000", "豫I12345", "91110000101623741A", "长" * 501, 7),
    "integer": (7.5, 7.0, "7", 10**10, -21, True),
    "decimal": (0.12345, 0.1234567891, 1e10, "0.1", -20.5, True),
    "date": ("2021-02-29", "2021-12-1", "2021-12-01\n", 20211201),
    "time": ("24:00", "7:30", "07:30:00"),
    "dateTime": ("2021-12-01T08:00:00", "2021-02-30T08:00:00Z", "2021-12-01T25:00:00Z"),
    "select_one": ("dirty", "", ["clear"]),
    "select_multiple": ([], ["clear", "clear"], ["dirty"], ["clear", 7], "clear"),
    "acknowledge": (False, "OK", 1),
    "geopoint": (
        {},
        {"latitude_deg": 91, "longitude_deg": 113, "accuracy_m": 5},
        {"latitude_deg": 35},
        [35, 113],
    ),
    **dict.fromkeys(
        ("image", "file"), ([], [HASHES[0]] * 2, ["A" * 64], [7], [*HASHES, "f" * 64], HASHES[0])
    ),
    "select_one_from_file": (UUID.upper(), "41070", "4107020", "", "-mask", 7),
}


@st.composite
def bodies(draw: st.DrawFn, form: Form) -> dict[str, Any]:
    """Bodies of a form: many are right, many are wrong in one field."""
    body: dict[str, Any] = {}
    for item in form.fields:
        choice = draw(st.integers(0, 9))
        if choice >= 2:
            body[item.name] = draw(value(item))
        elif choice == 1:
            body[item.name] = None
    wrong = draw(st.integers(0, 9))
    if wrong >= 5:
        item = draw(st.sampled_from(form.fields))
        body[item.name] = draw(st.sampled_from(_NEAR_MISSES[item.type]) | odd_values())
    elif wrong == 4:
        body[draw(st.sampled_from(("extra", "rev")))] = 1
    return body
