"""Fewer statements: several look-ups in one, and changes of single rows sent together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.visitors import replacement_traverse

from server.base.db import is_postgresql

Row = tuple[Any, ...]


class Together:
    """Look-ups that one statement brings, each as a list of rows in no order. They are made of columns of one level (no
    aggregates); values come as Python has them: bytes, booleans, JSON."""

    def __init__(self, **selects: Any) -> None:
        self._selects: dict[str, sa.Select[Any]] = selects
        self._readers = {name: _reader(select) for name, select in selects.items()}

    def column(self, session: Session) -> sa.ColumnElement[str]:
        """All of them as one column of text, for a statement on this session's database."""
        if is_postgresql(session):
            found = [_packed_on_postgresql(select) for select in self._selects.values()]
            return sa.cast(sa.func.json_build_array(*found), sa.Text)
        found = [sa.func.json(_packed_on_sqlite(select)) for select in self._selects.values()]
        return sa.type_coerce(sa.func.json_array(*found), sa.Text)

    def read(self, text: str) -> dict[str, list[Row]]:
        """The rows by the names of their look-ups, of the column's value."""
        found = zip(self._readers.items(), msgspec.json.decode(text), strict=True)
        return {name: [read(row) for row in rows] for (name, read), rows in found}


def _packed_on_postgresql(select: sa.Select[Any]) -> sa.ColumnElement[Any]:
    columns = [
        sa.func.encode(column, "hex") if _is_bytes(column) else column for column in select.selected_columns
    ]
    row = sa.func.json_build_array(*columns)
    rows = sa.func.coalesce(sa.func.json_agg(row), sa.literal_column("'[]'::json"))
    return select.with_only_columns(rows, maintain_column_froms=True).scalar_subquery()


def _packed_on_sqlite(select: sa.Select[Any]) -> sa.ColumnElement[Any]:
    columns: list[Any] = []
    for column in select.selected_columns:
        if _is_bytes(column):
            columns.append(sa.func.hex(column))
        elif isinstance(column.type, sa.JSON):
            columns.append(sa.func.json(column))
        else:
            columns.append(column)
    rows = sa.func.json_group_array(sa.func.json_array(*columns))
    return sa.type_coerce(
        select.with_only_columns(rows, maintain_column_froms=True).scalar_subquery(), sa.Text
    )


def _is_bytes(column: Any) -> bool:
    return isinstance(column.type, sa.LargeBinary)


def _reader(select: sa.Select[Any]) -> Callable[[list[Any]], Row]:
    """Makes a row of what JSON gives for it."""
    columns = list(select.selected_columns)
    special: list[tuple[int, Callable[[Any], Any]]] = [
        (i, bytes.fromhex if _is_bytes(column) else bool)
        for i, column in enumerate(columns)
        if _is_bytes(column) or isinstance(column.type, sa.Boolean)
    ]

    def read(row: list[Any]) -> Row:
        for i, make in special:
            if row[i] is not None:
                # SQLite's hex gives "" for what is NULL; no column holds an empty value of bytes.
                row[i] = (make(row[i]) if row[i] != "" else None) if make is not bool else bool(row[i])
        return tuple(row)

    return read


class Among(sa.ColumnElement[bool]):
    """Whether a column's value is among those that the parameter `name` of a Prepared statement lists."""

    inherit_cache = False

    def __init__(self, column: Any, name: str) -> None:
        self.column, self.values = column, sa.bindparam(name, type_=sa.Text())


@compiles(Among, "postgresql")
def _among_on_postgresql(element: Among, compiler: Any, **options: Any) -> str:
    column, values = (compiler.process(one, **options) for one in (element.column, element.values))
    return f"{column} = ANY({values}::{element.column.type.compile(compiler.dialect)}[])"


@compiles(Among, "sqlite")
def _among_on_sqlite(element: Among, compiler: Any, **options: Any) -> str:
    column, values = (compiler.process(one, **options) for one in (element.column, element.values))
    return f"{column} IN (/*{element.values.key}*/{values})"  # as many marks as values: see Prepared


def constant(value: str) -> sa.ColumnElement[str]:
    """A value that is the same each time, written into the statement's text. With a parameter instead, where an index has
    that value in its condition, SQLite plans the whole statement again at each execution."""
    quoted = value.replace("'", "''")
    return sa.literal_column(f"'{quoted}'", sa.String())


def _written_out(element: Any, **_: Any) -> Any:
    """In place of a parameter with a value: that value, as `constant` writes it."""
    if isinstance(element, sa.BindParameter) and isinstance(element.type, sa.String | sa.Integer):
        if isinstance(element.value, str):
            return constant(element.value)
        if isinstance(element.value, int):
            return sa.literal_column(str(element.value), element.type)
    return None


class Prepared:
    """A statement that is compiled once for each kind of database, and given to the driver as text from then on: to compile
    it, or to find what was compiled, takes longer than the database takes for it. Values are as the driver has them."""

    def __init__(self, build: Callable[[Session], Any]) -> None:
        self._build = build
        self._compiled: dict[str, tuple[str, dict[str, Any], list[str] | None]] = {}

    def first(self, session: Session, **given: Any) -> Row | None:
        """The first row that the statement gives."""
        row = self._run(session, given).first()
        return None if row is None else tuple(row)

    def all(self, session: Session, **given: Any) -> Sequence[Any]:
        """Every row that the statement gives."""
        return self._run(session, given).all()

    def run(self, session: Session, **given: Any) -> None:
        """Of a statement that gives no rows."""
        self._run(session, given)

    def _compile(self, session: Session, dialect: sa.Dialect) -> Any:
        statement = self._build(session)
        if dialect.name == "sqlite":
            statement = replacement_traverse(statement, {}, _written_out)
        return statement.compile(dialect=dialect)

    def _run(self, session: Session, given: Mapping[str, Any]) -> sa.CursorResult[Any]:
        connection = session.connection()
        dialect = connection.dialect
        if dialect.name not in self._compiled:
            compiled = self._compile(session, dialect)
            places = list(compiled.positiontup) if compiled.positional else None
            self._compiled[dialect.name] = (str(compiled), dict(compiled.construct_params(given)), places)
        text, defaults, places = self._compiled[dialect.name]
        values: Any = {**defaults, **given}
        if places is not None:
            for name, value in given.items():
                if isinstance(value, list):
                    text = text.replace(f"/*{name}*/?", ", ".join("?" * len(value)))
            values = tuple(_flat(values[name] for name in places))
        return connection.exec_driver_sql(text, values)


def _flat(values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, list):
            yield from value
        else:
            yield value


@dataclass(slots=True)
class Writes:
    """Changes of single rows, to be sent together: one statement on PostgreSQL; on SQLite one for each table and set of
    columns. Values are as Python has them."""

    _pieces: dict[tuple[sa.Table, str, tuple[str, ...], tuple[str, ...]], list[Row]] = field(
        default_factory=dict
    )

    def insert(self, table: sa.Table, values: Mapping[str, Any]) -> None:
        """A new row."""
        self._pieces.setdefault((table, "insert", (), tuple(values)), []).append(tuple(values.values()))

    def update(self, table: sa.Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """Other values in the row that has this key; without values nothing is sent."""
        if values:
            piece = (table, "update", tuple(key), tuple(values))
            self._pieces.setdefault(piece, []).append((*values.values(), *key.values()))

    def send(self, session: Session) -> None:
        """Raises IntegrityError for a row that is there."""
        if not self._pieces:
            return
        connection = session.connection()
        if is_postgresql(session):
            texts, values = [], []
            for piece, rows in self._pieces.items():
                texts += [_text(*piece, is_postgresql=True)] * len(rows)
                values += [value for row in rows for value in _adapted(piece, row)]
            *before, last = texts
            named = ", ".join(f"w{number} AS ({text})" for number, text in enumerate(before))
            connection.exec_driver_sql(f"WITH {named} {last}" if named else last, tuple(values))
        else:
            for piece, rows in self._pieces.items():
                adapted = [_adapted(piece, row) for row in rows]
                text = _text(*piece, is_postgresql=False)
                connection.exec_driver_sql(text, adapted if len(adapted) > 1 else adapted[0])
        self._pieces.clear()


@lru_cache(maxsize=512)
def _text(
    table: sa.Table, verb: str, keys: tuple[str, ...], columns: tuple[str, ...], is_postgresql: bool
) -> str:
    if verb == "insert":
        values = ", ".join(_mark(table.c[name], is_postgresql) for name in columns)
        names = ", ".join(f'"{name}"' for name in columns)
        return f'INSERT INTO "{table.name}" ({names}) VALUES ({values})'
    new, same = (
        mark.join(f'"{name}" = {_mark(table.c[name], is_postgresql)}' for name in names)
        for mark, names in ((", ", columns), (" AND ", keys))
    )
    return f'UPDATE "{table.name}" SET {new} WHERE {same}'


def _mark(column: sa.Column[Any], is_postgresql: bool) -> str:
    if not is_postgresql:
        return "?"
    # As text, a value that is too long is refused; a cast to its own type would cut it.
    return "%s::text" if isinstance(column.type, sa.String) else f"%s::{column.type.compile(_POSTGRESQL)}"


def _adapted(piece: tuple[sa.Table, str, tuple[str, ...], tuple[str, ...]], row: Row) -> Row:
    table, _, keys, columns = piece
    return tuple(
        msgspec.json.encode(value).decode()
        if isinstance(table.c[name].type, sa.JSON) and value is not None
        else value
        for name, value in zip((*columns, *keys), row, strict=True)
    )


_POSTGRESQL: sa.Dialect = sa.create_mock_engine("postgresql+psycopg://", lambda *_: None).dialect
