"""What tables OData serves, as its metadata says it (CSDL)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import quoteattr

NAMESPACE = "Gongdi"
GUID, TEXT, DATE, MOMENT = "Edm.Guid", "Edm.String", "Edm.Date", "Edm.DateTimeOffset"
WHOLE, NUMBER, TRUTH = "Edm.Int64", "Edm.Double", "Edm.Boolean"


@dataclass(frozen=True, slots=True)
class Table:
    """An entity set: its name, what people call it, its key, and the type of each property."""

    name: str
    title: str
    properties: Mapping[str, str]
    titles: Mapping[str, str]
    key: str = "Id"


def service_document(root: str, tables: Iterable[Table]) -> dict[str, Any]:
    sets = [{"name": one.name, "kind": "EntitySet", "url": one.name, "title": one.title} for one in tables]
    return {"@odata.context": f"{root}/$metadata", "value": sets}


def metadata(tables: Sequence[Table]) -> str:
    """The CSDL document of these tables."""
    types = "".join(_entity_type(one) for one in tables)
    sets = "".join(
        f'<EntitySet Name={quoteattr(one.name)} EntityType="{NAMESPACE}.{one.name}"/>' for one in tables
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>'
        f'<Schema Namespace="{NAMESPACE}" xmlns="http://docs.oasis-open.org/odata/ns/edm">{types}'
        f'<EntityContainer Name="Container">{sets}</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>'
    )


def _entity_type(table: Table) -> str:
    properties = "".join(
        f'<Property Name={quoteattr(name)} Type="{kind}"{"" if name != table.key else _NOT_NULL}>'
        f'<Annotation Term="Core.Description" String={quoteattr(table.titles.get(name, name))}/></Property>'
        for name, kind in table.properties.items()
    )
    key = f'<Key><PropertyRef Name="{table.key}"/></Key>'
    return f"<EntityType Name={quoteattr(table.name)}>{key}{properties}</EntityType>"


_NOT_NULL = ' Nullable="false"'
