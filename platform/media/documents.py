"""Plain text out of strangers' documents: web pages, feeds, PDF, Markdown, plain text.

Runs in the child process of `media.reading`, as parsers are what hostile files aim at. What comes
out is text and nothing else: no markup, no links, nothing that a reader of the page would not see.
"""

from __future__ import annotations

import calendar
import codecs
import io
import re
import time
import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from media.errors import DAMAGED, BadMediaError

MAX_TEXT_CHARS = 400_000
MAX_ENTRIES = 100
MAX_PDF_PAGES = 300
MAX_TITLE_CHARS = 300
# Elements nested deeper than any page that people wrote.
MAX_NODES = 200_000
NO_TEXT = "There is no text in this document that Weft could read."
UNKNOWN = "Weft reads web pages, PDF, Markdown and plain text."
_ENTITY = re.compile(rb"<!ENTITY", re.I)
_HIDING = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])|opacity\s*:\s*0(?![.\d])"
    r"|(?:left|top|text-indent)\s*:\s*-\d{3,}",
    re.I,
)
_DROPPED = (
    "script,style,template,noscript,svg,math,iframe,object,embed,form,button,select,nav,footer,"
    "aside,dialog,[hidden],[aria-hidden=true]"
)
_BLOCKS = "h1,h2,h3,h4,h5,h6,p,div,section,li,blockquote,pre,tr,td,th,dd,dt,figcaption,br,summary"
_LISTS = frozenset(("li", "td", "dd"))
# Marks the end of a block among the text; it survives the folding of blanks.
_BREAK = "\ue000"
_DATES = (
    "meta[property='article:published_time']",
    "meta[name='date']",
    "meta[name='dcterms.date']",
    "meta[itemprop='datePublished']",
)


@dataclass
class Entry:
    """One text with what is said about it."""

    key: str = ""
    url: str = ""
    title: str = ""
    text: str = ""
    # ISO 8601, empty when unknown.
    published: str = ""
    language: str = ""


@dataclass
class ReadText:
    """What a document or feed holds."""

    title: str = ""
    entries: list[Entry] = field(default_factory=list)


def read_document(path: Path, kind: str, charset: str = "") -> dict[str, Any]:
    """Return a `ReadText` as plain data; kind is "feed", "html", "pdf", "markdown" or "text"."""
    data = path.read_bytes()
    readers = {"feed": read_feed, "html": read_html, "markdown": read_markdown, "text": read_plain}
    if kind == "pdf":
        read = read_pdf(data)
    elif kind in readers:
        read = readers[kind](data, charset)
    else:
        raise BadMediaError(UNKNOWN)
    read.entries = [entry for entry in read.entries if entry.text]
    if not read.entries:
        raise BadMediaError(NO_TEXT)
    return asdict(read)


def sniff_document(head: bytes, content_type: str = "") -> str:
    """Return what kind of document the first bytes are of, trusting them above any label."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1024].lower()
    if start.startswith(b"%pdf-"):
        return "pdf"
    if re.search(rb"<(?:rss|feed|rdf:rdf)[\s>]", start):
        return "feed"
    if start.startswith((b"<!doctype html", b"<html")) or b"<body" in start or b"<html" in start:
        return "html"
    if b"\0" in head[:4096] and not head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise BadMediaError(UNKNOWN)
    if "html" in content_type:
        return "html"
    return "markdown" if "markdown" in content_type else "text"


def read_feed(data: bytes, charset: str = "") -> ReadText:
    """Return the entries of an RSS or Atom feed, newest first as the feed has them."""
    if _ENTITY.search(data[:65536]):
        raise BadMediaError("This feed defines entities of its own, which Weft does not expand.")
    import feedparser  # heavy, and only here

    parsed = feedparser.parse(io.BytesIO(data), sanitize_html=False, resolve_relative_uris=False)
    if not parsed.entries and parsed.bozo:
        raise BadMediaError("This is no feed that Weft can read.")
    language = str(parsed.feed.get("language", ""))[:8]
    read = ReadText(title=_line(parsed.feed.get("title", "")))
    for item in parsed.entries[:MAX_ENTRIES]:
        contents = item.get("content") or []
        markup = max((str(part.get("value", "")) for part in contents), key=len, default="")
        markup = markup or str(item.get("summary", ""))
        when = item.get("published_parsed") or item.get("updated_parsed")
        link = str(item.get("link", ""))[:1000]
        read.entries.append(
            Entry(
                key=(str(item.get("id", "")) or link)[:1000],
                url=link,
                title=_line(_text_of(str(item.get("title", "")))),
                text=_text_of(markup),
                published=_iso(when),
                language=language,
            )
        )
    return read


def read_html(data: bytes, charset: str = "") -> ReadText:
    """Return a page's title and main text: what stands in its article, or in its densest part."""
    from selectolax.lexbor import LexborHTMLParser

    page = LexborHTMLParser(_decoded(data, charset))
    title = page.css_first("title")
    heading = page.css_first("h1")
    published = next(
        (found.attributes.get("content") or "" for css in _DATES if (found := page.css_first(css))),
        "",
    )
    root = page.css_first("html")
    entry = Entry(
        title=_line(title.text() if title else "") or _line(heading.text() if heading else ""),
        published=published[:40],
        language=((root.attributes.get("lang") if root else "") or "")[:8],
        text=_main_text(page),
    )
    return ReadText(entry.title, [entry])


def _main_text(page: Any) -> str:
    """Return the readable text of a parsed page, a paragraph per line."""
    for node in page.css(_DROPPED):
        node.decompose()
    for node in page.css("[style]"):
        if _HIDING.search(node.attributes.get("style") or ""):
            node.decompose()
    area = page.css_first("article") or page.css_first("main") or page.css_first("[role=main]")
    area = area or page.body
    if area is None:
        return ""
    for node in area.css(_BLOCKS)[:MAX_NODES]:
        if node.tag in _LISTS and _is_menu(node):
            node.decompose()
            continue
        node.insert_before(_BREAK)
        node.insert_after(_BREAK)
    text = " ".join(area.text(deep=True, separator="")[:MAX_TEXT_CHARS].split())
    return _tidy("\n".join(line.strip() for line in text.split(_BREAK) if line.strip()))


def _is_menu(node: Any) -> bool:
    """Return whether a list's item is short and all link: a way through the site, not its text."""
    whole = len(node.text(deep=True).strip())
    linked = sum(len(link.text(deep=True).strip()) for link in node.css("a"))
    return whole < 200 and linked > 0.8 * whole


def _text_of(markup: str) -> str:
    """Return the text of a fragment of HTML."""
    if "<" not in markup and "&" not in markup:
        return _tidy(markup)
    from selectolax.lexbor import LexborHTMLParser

    return _main_text(LexborHTMLParser(f"<body>{markup}</body>"))


def read_pdf(data: bytes, charset: str = "") -> ReadText:
    """Return the text of a PDF's pages; forms, scripts and attachments are left alone."""
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(io.BytesIO(data), strict=False)
        if reader.is_encrypted:
            raise BadMediaError("This PDF is locked with a password. Please upload an open copy.")
        if len(reader.pages) > MAX_PDF_PAGES:
            raise BadMediaError(f"Please upload PDFs of at most {MAX_PDF_PAGES} pages.")
        text, length = [], 0
        for page in reader.pages:
            text.append(page.extract_text() or "")
            length += len(text[-1])
            if length > MAX_TEXT_CHARS:
                break
        title = _line(str((reader.metadata.title if reader.metadata else "") or ""))
    except PyPdfError as error:
        raise BadMediaError(DAMAGED) from error
    # Lines of a PDF end where the paper does; words cut by a hyphen are joined again.
    joined = re.sub(r"(?<=[a-zà-ÿ])-\n(?=[a-zà-ÿ])", "", "\n\n".join(text))
    joined = re.sub(r"(?<![.!?:\n])\n(?!\n)", " ", joined)
    return ReadText(title, [Entry(title=title, text=_tidy(joined))])


def read_markdown(data: bytes, charset: str = "") -> ReadText:
    """Return Markdown as text: headings, emphasis and links become their words."""
    text = _decoded(data, charset)
    heading = re.search(r"^#{1,2}\s+(.+)$", text, re.M)
    text = re.sub(r"<!--.*?-->", " ", text, flags=re.S)
    text = re.sub(r"^```.*?^```", " ", text, flags=re.S | re.M)
    text = re.sub(r"!\[[^\]\n]{0,500}\]\([^)\n]{0,1000}\)", " ", text)
    text = re.sub(r"\[([^\]\n]{1,500})\]\([^)\n]{0,1000}\)", r"\1", text)
    text = re.sub(r"<[^>\n]{1,500}>", " ", text)
    text = re.sub(r"^[ \t]{0,3}(?:#{1,6}|>|[-*+]|\d{1,3}\.)[ \t]+", "", text, flags=re.M)
    text = re.sub(r"(\*\*|__|\*|`)", "", text)
    title = _line(heading.group(1)) if heading else ""
    return ReadText(title, [Entry(title=title, text=_tidy(text))])


def read_plain(data: bytes, charset: str = "") -> ReadText:
    """Return plain text as it is."""
    return ReadText("", [Entry(text=_tidy(_decoded(data, charset)))])


def _decoded(data: bytes, charset: str) -> str:
    """Return bytes as text: by their mark, by the label, as UTF-8, else as Windows Latin."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return data.decode(name, "replace")
    declared = re.search(
        rb"""<meta[^>]{0,200}charset\s*=\s*["']?([\w-]{1,40})""", data[:2048], re.I
    )
    for name in (charset, declared.group(1).decode() if declared else "", "utf-8"):
        try:
            return data.decode(name) if name else _never()
        except (LookupError, UnicodeDecodeError, ValueError):
            continue
    return data.decode("cp1252", "replace")


def _never() -> str:
    raise LookupError


def _tidy(text: str) -> str:
    """Return text with plain blanks, single empty lines, no control characters, not too long."""
    text = unicodedata.normalize("NFC", text[:MAX_TEXT_CHARS].replace("\r", "\n"))
    text = "".join(c for c in text if c == "\n" or c == "\t" or unicodedata.category(c) != "Cc")
    lines = (re.sub(r"[^\S\n]+", " ", line).strip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _line(text: str, limit: int = MAX_TITLE_CHARS) -> str:
    return " ".join(_tidy(text).split())[:limit]


def _iso(when: Iterable[int] | None) -> str:
    if when is None:
        return ""
    try:
        seconds = calendar.timegm(tuple(when))
        return time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(seconds))
    except (ValueError, OverflowError, OSError):
        return ""
