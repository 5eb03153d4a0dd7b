"""Papers of flags, their numbers, the printed files, and how they were served."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from server.base.db import Base, Id, is_postgresql

STATES = {"draft": "草稿", "signed": "已签发", "void": "已作废"}


class Paper(Base):
    """One paper. `draft`: what was typed; `facts`: what it says since it was signed, for good; both are sealed JSON
    (server/actions/papers/sealed_words.py). `title`: its name as it was printed. A number that was taken stays with it when
    it is void. `about_n`: the event of the flag that it is about; `served_ms`: when it first took effect.
    """

    __tablename__ = "paper"
    __table_args__ = (
        sa.UniqueConstraint("series", "year", "n"),
        sa.Index("ix_paper_flag", "scope_id", "flag_id"),  # the flag's page
        sa.Index("ix_paper_made", "made_ms", "id"),  # the register, newest first
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    scope_id: Mapped[str] = mapped_column(Id)
    flag_id: Mapped[str] = mapped_column(Id)
    kind: Mapped[str] = mapped_column(sa.String(32))
    state: Mapped[str] = mapped_column(sa.String(8))
    company: Mapped[str | None] = mapped_column(sa.String(18))
    parent_id: Mapped[str | None] = mapped_column(Id)
    about_n: Mapped[int | None] = mapped_column(sa.Integer)
    draft: Mapped[bytes] = mapped_column(sa.LargeBinary)
    facts: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    title: Mapped[str] = mapped_column(sa.String(100), default="")
    series: Mapped[str | None] = mapped_column(sa.String(64))
    year: Mapped[int | None] = mapped_column(sa.Integer)
    n: Mapped[int | None] = mapped_column(sa.Integer)
    number: Mapped[str] = mapped_column(sa.String(64), default="")
    due_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    made_ms: Mapped[int] = mapped_column(sa.BigInteger)
    made_by: Mapped[str] = mapped_column(Id)
    signed_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    signed_by: Mapped[str | None] = mapped_column(Id)
    served_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    voided_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    void_reason: Mapped[str] = mapped_column(sa.String(200), default="")


class PaperPdf(Base):
    """The PDF of a signed paper, as it left first; sealed, for it names people."""

    __tablename__ = "paper_file"

    paper_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("paper.id"), primary_key=True)
    pdf: Mapped[bytes] = mapped_column(sa.LargeBinary)


class PaperService(Base):
    """One service (送达) of a paper: how, when, to whom. `review_until`, `suit_until`: what it began, of an order."""

    __tablename__ = "paper_service"

    paper_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("paper.id"), primary_key=True)
    n: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    way: Mapped[str] = mapped_column(sa.String(16))
    at_ms: Mapped[int] = mapped_column(sa.BigInteger)
    said: Mapped[bytes] = mapped_column(
        sa.LargeBinary
    )  # sealed JSON: place, receiver, relation, witness, servers …
    review_until: Mapped[str] = mapped_column(sa.String(10), default="")
    suit_until: Mapped[str] = mapped_column(sa.String(10), default="")
    recorded_ms: Mapped[int] = mapped_column(sa.BigInteger)
    recorded_by: Mapped[str] = mapped_column(Id)


class PaperNumber(Base):
    """The last number of a series and year. It only grows."""

    __tablename__ = "paper_number"

    series: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    year: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    last: Mapped[int] = mapped_column(sa.Integer)


def take_number(session: Session, series: str, year: int) -> int:
    """The next number. Its row is locked until the transaction ends: one that fails takes none."""
    insert = postgresql.insert if is_postgresql(session) else sqlite.insert
    values = {"series": series, "year": year, "last": 1}
    taken = (
        insert(PaperNumber)
        .values(values)
        .on_conflict_do_update(index_elements=["series", "year"], set_={"last": PaperNumber.last + 1})
    )
    return int(session.execute(taken.returning(PaperNumber.last)).scalar_one())


def keep_file(session: Session, paper_id: str, pdf: bytes) -> None:
    """Keep a signed paper's sealed file unless there is one."""
    insert = postgresql.insert if is_postgresql(session) else sqlite.insert
    session.execute(insert(PaperPdf).values(paper_id=paper_id, pdf=pdf).on_conflict_do_nothing())
