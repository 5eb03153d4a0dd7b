"""Every character of a document is drawn, or named: a rare one by a fallback font, one that no font has by its code."""

from __future__ import annotations

import io
import json
import unicodedata

import pytest
import typst
from pypdf import PdfReader

from server.actions.reference.load_reference import SEED_DATA
from server.documents.check_glyphs import FONTS, undrawn
from server.documents.compile_paper import TEMPLATES


def _pdf(**fields: object) -> PdfReader:
    """A document of one line, as orders are set."""
    source = '#import "layout.typ": *\n#show: body => frame("文书", body)\n#data.line'
    data = {"printed": "x", "head": "x", "undrawn": [], **fields}
    inputs = {"data": json.dumps(data, ensure_ascii=False)}
    fonts = [path.parent for path in FONTS]
    made = typst.compile(
        source.encode(), root=TEMPLATES, font_paths=fonts, ignore_system_fonts=True, sys_inputs=inputs
    )
    return PdfReader(io.BytesIO(made))


@pytest.mark.parametrize("rare", ["𠮷田", "㑇生", "䶮", "𬱖", "𫖯", "〇", "買買提·吐爾遜", "①", "Ⅷ", "№"])
def test_a_rare_character_has_a_glyph_in_one_of_the_fonts(rare: str) -> None:
    assert undrawn({"name": rare}) == []


def test_a_character_that_no_font_has_is_named_where_it_is() -> None:
    assert undrawn({"a": ["王磊", {"b": "㑇𤭢生"}], "c": "𤭢"}) == ["㑇〔U+24B62〕生"]
    assert undrawn({"a": "王\ue000"}) == ["王〔U+E000〕"]


def test_what_is_not_seen_needs_no_glyph() -> None:
    assert undrawn({"a": "王\u200b磊\ufe0f\n\t\u3000x", "n": 3, "none": None}) == []


def test_the_words_of_our_own_data_are_all_drawn() -> None:
    for path in SEED_DATA.glob("*.json"):
        assert undrawn(json.loads(path.read_text("utf-8"))) == [], path.name
    for path in TEMPLATES.glob("*.typ"):
        assert undrawn(path.read_text("utf-8")) == [], path.name


def test_a_fallback_font_draws_what_the_first_one_lacks() -> None:
    page = _pdf(line="𠮷田").pages[0]
    fonts = {str(font.get_object()["/BaseFont"]) for font in page["/Resources"]["/Font"].values()}
    assert any("JP" in font for font in fonts), fonts
    assert "𠮷田" in unicodedata.normalize("NFC", page.extract_text())


def test_what_is_not_drawn_is_said_at_the_end_of_the_document() -> None:
    assert "补正" not in _pdf(line="王磊").pages[0].extract_text()
    text = "".join(_pdf(line="㑇𤭢生", undrawn=undrawn(["㑇𤭢生"])).pages[0].extract_text().split())
    assert "请手写补正：㑇〔U+24B62〕生" in text
