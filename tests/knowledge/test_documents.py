"""Plain text out of strangers' documents, read in a child process."""

from __future__ import annotations

import io
import json

import pytest
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

from media.child import run_in_child
from media.documents import sniff_document
from media.errors import BadMediaError
from media.limits import MIB, TEXT_LIMITS, ChildLimits

PAGE = """<!doctype html><html lang="de"><head><title>Cord &amp; Co</title>
<meta property="article:published_time" content="2026-05-04"></head><body>
<nav><ul><li><a href="/">Home</a></li></ul></nav>
<article><h1>Corduroy</h1><p>It has <b>ridges</b>, called
wales.</p><p style="display:none">Hidden words</p><p hidden>More hidden</p>
<ul><li><a href="/x">Read on</a></li><li>Soft</li></ul><script>evil()</script></article>
<footer>Imprint</footer></body></html>"""
FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>News</title>
<item><title>First</title><link>https://a.example/1</link><guid>one</guid>
<description>&lt;p&gt;Tweed is &lt;i&gt;back&lt;/i&gt;.&lt;/p&gt;
&lt;script&gt;x()&lt;/script&gt;</description>
<pubDate>Mon, 02 Nov 2026 10:00:00 GMT</pubDate></item>
<item><title>Second</title><link>javascript:alert(1)</link><description>Plain</description></item>
</channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>A</title><entry><id>x</id><title>T</title>
<updated>2026-01-02T03:04:05Z</updated><content type="html">&lt;p&gt;Words here.&lt;/p&gt;</content>
</entry></feed>"""


def read(tmp_path, data, kind="", limits=TEXT_LIMITS):
    source = tmp_path / "document"
    source.write_bytes(data if isinstance(data, bytes) else data.encode())
    kind = kind or sniff_document(source.read_bytes()[:4096])
    made = run_in_child(
        "read_text", limits, source=str(source), kind=kind, charset="", folder=str(tmp_path)
    )
    with open(made["path"]) as file:
        return json.load(file)


def pdf(text: str, *, password: str = "") -> bytes:
    writer = PdfWriter()
    page = writer.add_blank_page(300, 300)
    font = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Helvetica"),
        }
    )
    fonts = DictionaryObject({NameObject("/F1"): writer._add_object(font)})
    page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
    stream = DecodedStreamObject()
    stream.set_data(f"BT /F1 12 Tf 20 200 Td ({text}) Tj ET".encode())
    page[NameObject("/Contents")] = writer._add_object(stream)
    if password:
        writer.encrypt(password)
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def test_a_page_gives_its_visible_text_alone(tmp_path):
    (entry,) = read(tmp_path, PAGE)["entries"]
    assert entry["text"] == "Corduroy\nIt has ridges, called wales.\nSoft"
    assert (entry["title"], entry["language"], entry["published"]) == (
        "Cord & Co",
        "de",
        "2026-05-04",
    )


def test_a_feed_gives_its_entries(tmp_path):
    first, second = read(tmp_path, FEED)["entries"]
    assert (first["text"], first["key"], first["url"]) == (
        "Tweed is back.",
        "one",
        "https://a.example/1",
    )
    assert first["published"].startswith("2026-11-02T10:00")
    assert second["text"] == "Plain"
    assert read(tmp_path, ATOM)["entries"][0]["text"] == "Words here."


def test_a_pdf_gives_its_words(tmp_path):
    (entry,) = read(tmp_path, pdf("Fibre names are listed in an annex."))["entries"]
    assert entry["text"] == "Fibre names are listed in an annex."


def test_markdown_and_text(tmp_path):
    text = "# Linen\n\n<!-- note -->Made of [flax](http://x). **Cool**.\n\n* creases\n"
    (entry,) = read(tmp_path, text, "markdown")["entries"]
    assert entry["title"] == "Linen"
    assert entry["text"] == "Linen\n\nMade of flax. Cool.\n\ncreases"
    latin = "Stoffmuster für Mäntel".encode("cp1252")
    assert read(tmp_path, latin, "text")["entries"][0]["text"] == "Stoffmuster für Mäntel"


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{("&" + chr(97 + n) + ";") * 10}">' for n in range(9))
    + "]><rss version='2.0'><channel><item><title>&j;</title></item></channel></rss>"
)
EXTERNAL = (
    '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    "<rss version='2.0'><channel><item><title>&x;</title><description>&x;</description></item>"
    "</channel></rss>"
)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (BOMB, "feed"),
        (EXTERNAL, "feed"),
        ("no feed at all", "feed"),
        (b"%PDF-1.7\nbroken", "pdf"),
        (b"%PDF-1.7\n" + b"<</Length 99999999>>stream\n" * 50, "pdf"),
        (pdf("secret", password="x"), "pdf"),
        ("<html><body><script>only()</script></body></html>", "html"),
        (b"", "text"),
        (b"words", "exe"),
    ],
)
def test_what_cannot_be_read_is_a_sentence(tmp_path, data, kind):
    with pytest.raises(BadMediaError) as raised:
        read(tmp_path, data, kind)
    assert str(raised.value).endswith(".")
    assert "root:" not in str(raised.value)


def test_a_file_that_wants_too_much_is_stopped(tmp_path):
    hasty = ChildLimits(memory_bytes=768 * MIB, cpu_s=1, wall_s=8.0, file_bytes=MIB)
    with pytest.raises(BadMediaError):
        read(tmp_path, b"<div>" * 120_000 + b"x", "html", hasty)


@pytest.mark.parametrize("data", [b"MZ\x90\x00\x03\x00", b"\x00\x01\x02", b"PK\x03\x04\x00\x00"])
def test_other_files_are_not_taken_for_text(data):
    with pytest.raises(BadMediaError):
        sniff_document(data)
