"""The fields that every kind is made of: strict, with Chinese messages that say what to do.

Nothing is ever converted: `true` is no number, `"36.5"` is no number, `" "` is no name. No message repeats the value,
which may be somebody's identity number. Constraints are marshmallow validators, so that shapes.py can read them out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from functools import cache, lru_cache
from typing import Any, ClassVar, Literal, TypedDict, Unpack

from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

from schemas import limits, lists
from schemas.certificates import COMPANY_PATTERN, PROBLEMS, company_problem
from schemas.column import Column
from schemas.lists import Lists
from schemas.privacy import Privacy

UUID_PATTERN = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
DATE_PATTERN = r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
INSTANT_PATTERN = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})$"
)
CODE_PATTERN = f"^[A-Za-z][A-Za-z0-9_-]{{0,{limits.CODE_MAX - 1}}}$"
SITE_SCOPE_PATTERN = UUID_PATTERN.replace("^", "^site:")

# What no text may hold: controls, line and paragraph separators, marks that reverse the order in which text is shown,
# and code points that are no characters (lone surrogates: see StrictString). Private-use characters stay: rare
# names were typed with them.
_FORBIDDEN = "\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069\\ufeff\\ufffe\\uffff"
_SPACES = " \\u00a0\\u1680\\u2000-\\u200a\\u202f\\u205f\\u3000"
TEXT_PATTERN = f"^[{_SPACES}]*[^{_SPACES}{_FORBIDDEN}][^{_FORBIDDEN}]*$"

Errors = dict[str, list[str]]
Role = Literal["place", "worker", "parent", "item", "slot"]


class Said(TypedDict, total=False):
    """What a declaration says of a field apart from its title and its values; see `text` and the functions below it.

    `optional`: may be absent or null. `hint`: helps to fill it in. `role`: what duties are judged by, and which record the
    field names. `refers`: the kind of record whose id it holds. `merge`: of a register, who wins when two people changed the
    field: `keep` leaves it to a person, else the latest does. `privacy`: what leaves it; each field of a sealed kind says
    so. `column`: how rosters have it. `by_site_kind`: kinds of sites differ in whether it must be there. `since`: the first
    schema version in which an entry may say it, where that is not the first.
    """

    optional: bool
    hint: str
    role: Role
    refers: str
    merge: Literal["keep"]
    privacy: Privacy
    column: Column
    by_site_kind: bool
    since: str


ABSENT, EMPTIED = "缺少这一项, 请填写。", "这一项不能为空, 请填写。"
_SHAPE_MESSAGES = {"unknown": "没有这一项, 请去掉。", "type": "这里应为一个 JSON 对象。"}


def _messages(**own: str) -> Any:
    return {"required": ABSENT, "null": EMPTIED, **own}


class _DeclaredPrivacy:
    """Reads the policies out of the declarations of a body's fields."""

    def __get__(self, _: object, shape: type[Body]) -> Mapping[str, Privacy]:
        return _privacy_of(shape)


@cache
def _privacy_of(shape: type[Body]) -> Mapping[str, Privacy]:
    declared = shape._declared_fields.items()
    return {name: field.metadata["privacy"] for name, field in declared if "privacy" in field.metadata}


class Body(Schema):
    """What all shapes share: unknown fields are refused, and fields may have to agree with each other. `privacy`: what
    leaves each field of a sealed kind. `known`: the codes of the lists that are reference data; `spared`: fields that some
    kind of site does not ask for, which may be absent here."""

    privacy: ClassVar[Mapping[str, Privacy]] = _DeclaredPrivacy()  # type: ignore[assignment]

    class Meta:
        unknown = RAISE

    error_messages = _SHAPE_MESSAGES

    def __init__(self, *, known: Lists = lists.SHIPPED, spared: Collection[str] = (), **options: Any) -> None:
        self._known, self._spared = known, spared
        super().__init__(**options)

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """A field of a list that is reference data takes the codes that are known."""
        if "closed" in field_obj.metadata:
            field_obj.validators = [_one_of(self._known[field_obj.metadata["closed"]])]
        if field_name in self._spared:
            field_obj.required, field_obj.allow_none = False, True

    def problems(self, data: Mapping[str, Any]) -> Errors:
        """What fields say only together, by field. Absent fields say nothing: an edit brings a few of them."""
        return {}

    @validates_schema(skip_on_field_errors=False)
    def check_whole(self, data: Mapping[str, Any], **_: Any) -> None:
        problems = self.problems(data)
        if problems:
            raise ValidationError(problems)


class Pattern(validate.Regexp):
    """The whole value must match: unlike the parent, no newline slips in before the end."""

    def __call__(self, value: Any) -> Any:
        if self.regex.fullmatch(value) is None:
            raise ValidationError(self.error)
        return value


class RealDate(validate.Validator):
    """A date that the calendar has."""

    def __call__(self, value: str) -> str:
        if not is_real_date(value):
            raise ValidationError("没有这一天, 请检查日期。")
        return value


class RealInstant(validate.Validator):
    """An instant that there is: no 30th of February, no 25th hour."""

    def __call__(self, value: str) -> str:
        try:
            datetime.fromisoformat(value)
        except ValueError:
            raise ValidationError("没有这个时间, 请检查。") from None
        return value


class CompanyCheck(validate.Validator):
    """A 统一社会信用代码 with its GB 32100 check character."""

    def __call__(self, value: str) -> str:
        problem = company_problem(value)
        if problem is not None:
            raise ValidationError(PROBLEMS[problem])
        return value


class Tenths(validate.Validator):
    """At most one decimal. A double that is nearest to such a number counts as that number."""

    def __call__(self, value: float) -> float:
        if round(value, 1) != value:
            raise ValidationError("最多保留一位小数。")
        return value


class StrictString(fields.String):
    """JSON text only, and none that UTF-8 cannot carry (a lone surrogate)."""

    default_error_messages = _messages(
        invalid="这里应为文字 (加引号)。", surrogate="有无法识别的字符, 请重新填写。"
    )

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if type(value) is not str:
            raise self.make_error("invalid")
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            raise self.make_error("surrogate")
        return value


class StrictBoolean(fields.Boolean):
    """JSON true or false only."""

    default_error_messages = _messages(invalid="这里应为 true 或 false。")

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if type(value) is not bool:
            raise self.make_error("invalid")
        return value


class StrictNumber(fields.Float):
    """A finite JSON number, whole or not; kept as it was written."""

    default_error_messages = _messages(invalid="这里应为数字 (不加引号)。")

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float:
        finite = type(value) is int or (type(value) is float and value - value == 0)
        if not finite:
            raise self.make_error("invalid")
        return value  # type: ignore[no-any-return]


class StrictInteger(fields.Integer):
    """A JSON number written without a fraction."""

    default_error_messages = _messages(invalid="这里应为整数 (不加引号)。")

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if type(value) is not int:
            raise self.make_error("invalid")
        return value


class StrictList(fields.List[Any]):
    """A JSON array."""

    default_error_messages = _messages(invalid="这里应为 JSON 数组。")


class StrictNested(fields.Nested):
    """A JSON object of a shape of its own."""

    default_error_messages = _messages(type="这里应为一个 JSON 对象。")


@lru_cache(maxsize=4096)  # the same few days come over and over
def is_real_date(value: str) -> bool:
    """Whether `YYYY-MM-DD` names a day of the calendar. Other forms that Python can read are no dates here."""
    try:
        return len(value) == limits.DATE_LENGTH and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def text(title: str, max_length: int, **said: Unpack[Said]) -> StrictString:
    """Free text: not blank, no control characters, at most `max_length` characters; `·` and rare characters stay."""
    length = validate.Length(max=max_length, error=f"最多 {max_length} 个字, 请缩短。")
    plain = Pattern(TEXT_PATTERN, error="不能留空, 也不能有换行等控制字符, 请重新填写。")
    return StrictString(validate=[length, plain], **_declared(title, said))


def matching(
    title: str, pattern: str, message: str, *, noun: str | None = None, **said: Unpack[Said]
) -> StrictString:
    """Text of a fixed form, which bounds its length. `pattern` starts with ^ and ends with $. `noun`: the file of reference
    data that has names for such codes; a code that it lacks is taken all the same."""
    named = {} if noun is None else {"noun": noun}
    return StrictString(validate=[Pattern(pattern, error=message)], **_declared(title, said, **named))


def uuid(title: str, **said: Unpack[Said]) -> StrictString:
    """Canonical lower-case UUID text."""
    message = "这里应为小写、带连字符的 UUID, 请从列表中选择。"
    return matching(title, UUID_PATTERN, message, **said)


def day(title: str, **said: Unpack[Said]) -> StrictString:
    """A calendar day in Asia/Shanghai, `YYYY-MM-DD`."""
    form = Pattern(DATE_PATTERN, error="日期应写成 2021-12-01 的样子。")
    return StrictString(validate=[form, RealDate()], **_declared(title, said, format="date"))


def instant(title: str, **said: Unpack[Said]) -> StrictString:
    """An instant with its offset, as it travels: `2026-11-23T07:41:03.120+08:00`."""
    form = Pattern(INSTANT_PATTERN, error="时间应写成 2026-11-23T07:41:03.120+08:00 的样子。")
    return StrictString(validate=[form, RealInstant()], **_declared(title, said, format="date-time"))


def choice(title: str, names: Sequence[str] | Mapping[str, str], **said: Unpack[Said]) -> StrictString:
    """One of a closed list: its names, or its names with the words that people read for them."""
    words = {"words": dict(names)} if isinstance(names, Mapping) else {}
    return StrictString(validate=[_one_of(tuple(names))], **_declared(title, said, **words))


def listed(title: str, noun: str, **said: Unpack[Said]) -> StrictString:
    """One of a closed list that is reference data, the rows of the file `noun` (see lists.py)."""
    return StrictString(
        validate=[_one_of(lists.SHIPPED[noun])], **_declared(title, said, closed=noun, noun=noun)
    )


def coded(title: str, **said: Unpack[Said]) -> StrictString:
    """A word of reference data, whose list is data and not shape."""
    return matching(title, CODE_PATTERN, "这里应为字母开头的代码。", **said)


def company_code(title: str, **said: Unpack[Said]) -> StrictString:
    """A 统一社会信用代码 with a sound check character."""
    form = Pattern(COMPANY_PATTERN, error=PROBLEMS["company_form"])
    return StrictString(validate=[form, CompanyCheck()], **_declared(title, said))


def yes_no(title: str, **said: Unpack[Said]) -> StrictBoolean:
    return StrictBoolean(**_declared(title, said))


def number(
    title: str, low: float, high: float, *, tenths: bool = False, **said: Unpack[Said]
) -> StrictNumber:
    """A number from `low` to `high`, both allowed; with `tenths`, of at most one decimal."""
    message = f"应在 {low} 到 {high} 之间, 请检查后重新填写。"
    checks: list[Callable[[Any], Any]] = [validate.Range(min=low, max=high, error=message)]
    return StrictNumber(validate=[*checks, Tenths()] if tenths else checks, **_declared(title, said))


def whole(title: str, low: int, high: int, **said: Unpack[Said]) -> StrictInteger:
    """A whole number from `low` to `high`, both allowed."""
    message = f"应为 {low} 到 {high} 之间的整数。"
    return StrictInteger(
        validate=[validate.Range(min=low, max=high, error=message)], **_declared(title, said)
    )


def many(
    title: str, item: fields.Field[Any], max_length: int, *, min_length: int = 0, **said: Unpack[Said]
) -> StrictList:
    """An array of items of one shape."""
    length = validate.Length(min=min_length, max=max_length, error=f"最多 {max_length} 项。")
    return StrictList(item, validate=[length], **_declared(title, said))


def nested(title: str, shape: type[Body], **said: Unpack[Said]) -> StrictNested:
    return StrictNested(shape, **_declared(title, said))


def _one_of(names: Sequence[str]) -> validate.OneOf:
    return validate.OneOf(names, error=f"只能是这几个之一: {', '.join(names)}。")


def _declared(title: str, said: Said, **metadata: Any) -> dict[str, Any]:
    """An optional field may be absent or null; any other must be there. All that a declaration says is metadata."""
    optional = said.get("optional", False)
    kept = {name: value for name, value in said.items() if name != "optional"}
    return {
        "required": not optional,
        "allow_none": optional,
        "metadata": {"title": title, **kept, **metadata},
    }
