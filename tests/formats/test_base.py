import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gridt.formats.base import in_parts, xml_text


def test_parts_are_the_same_text_in_fewer_pieces():
    texts = [f"Grüße an {number}\n" for number in range(2500)]
    parts = list(in_parts(texts))
    assert b"".join(parts).decode() == "".join(texts)
    assert 1 < len(parts) < 10


def test_parts_are_made_when_they_are_asked_for():
    read = []
    parts = in_parts(read.append(number) or "text" for number in range(100_000))
    assert not read
    next(parts)
    assert 0 < len(read) < 10_000


def test_no_texts_are_no_parts():
    assert list(in_parts([])) == []


@given(st.text(st.characters(codec="utf-8")))
def test_any_text_becomes_valid_in_xml(text):
    element = etree.Element("name")
    element.text = xml_text(text)  # lxml refuses what XML cannot express
    assert len(element.text) == len(text)


@pytest.mark.parametrize("text", ["plain", "tab\tand\nlines\r\n", "漢字 🦷 \x85 \ud7ff \ufffd"])
def test_text_that_xml_can_express_is_unchanged(text):
    assert xml_text(text) == text


@pytest.mark.parametrize("character", ["\x01", "\x0b", "\x1f", "\ufffe", "\uffff"])
def test_text_that_xml_cannot_express_is_replaced(character):
    assert xml_text(f"a{character}b") == "a\ufffdb"
