"""Finding passages, and who may see what of the sources."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db.models import Count, F, Func, Q, QuerySet, TextField
from django.http import Http404
from django.utils import timezone
from pgvector.django import CosineDistance

from knowledge.lexemes import CONFIG, Term, read_query
from knowledge.models import Document, Passage, Source
from knowledge.splitting import split_sentences
from knowledge.wording import VECTOR_MODEL, all_words_of, vector_of

MAX_QUERY_CHARS = 500
CANDIDATES = 40
# Reciprocal rank fusion (Cormack et al., 2009): the constant of the paper.
RRF_K = 60
# Of what a question asks for, by rarity, an answer must hold more than this.
MIN_COVERAGE = 0.5
# Each tier of trust below the first costs so much; news loses half of its freshness in a year.
TRUST_STEP = 0.12
HALF_LIFE_DAYS, MAX_AGE_LOSS = 365.0, 0.3
MAX_QUOTE_CHARS = 420


@dataclass(frozen=True)
class Found:
    """A passage that answers a query, with what is needed to cite it."""

    passage: Passage
    score: float
    # The share of the query, weighted by rarity, that the passage holds.
    coverage: float
    # The sentences that answer, and where they stand in the document's text.
    quote: str
    start: int
    end: int

    @property
    def document(self) -> Document:
        return self.passage.document

    @property
    def source(self) -> Source:
        return self.passage.document.source

    def as_citation(self) -> dict[str, Any]:
        """Return the citation as it is stored where it is used: ids, the quote, its origin."""
        document = self.document
        dated = document.published_at or document.fetched_at
        return {
            "passage_id": self.passage.pk,
            "document_id": document.pk,
            "source_id": document.source_id,
            "title": document.title,
            "publisher": document.publisher or self.source.publisher or self.source.title,
            "url": document.url,
            "page": self.passage.get_absolute_url(),
            "date": dated.date().isoformat(),
            "jurisdiction": document.jurisdiction,
            "in_force_from": document.in_force_from.isoformat() if document.in_force_from else None,
            "trust": self.source.trust,
            "quote": self.quote,
            "start": self.start,
            "end": self.end,
        }


class _Stems(Func):
    function = "tsvector_to_array"
    output_field = ArrayField(TextField())


def search_passages(
    query: str,
    *,
    k: int = 5,
    topics: Sequence[str] = (),
    at: datetime | None = None,
    min_coverage: float = MIN_COVERAGE,
    parts: tuple[bool, bool, bool] = (True, True, True),
) -> list[Found]:
    """Return the passages that answer a query, best first; none where nothing answers.

    Ranked in three ways, by full text (`ts_rank_cd`), by the share of the query's rare words that
    a passage holds, and by nearness of vectors; fused by reciprocal ranks; weighted by the
    source's trust and the text's age at `at`. Expired, retired, held and doubled passages and
    sources that are switched off are left out. `parts` (text, rare words, vectors) leaves rankings
    out, for comparison.
    """
    query = query.replace("\x00", " ")[:MAX_QUERY_CHARS].strip()
    terms = read_query(query) if query else []
    if not terms:
        return []
    at = at or timezone.now()
    usable = _searchable(topics, at)
    by_text = _by_text(usable, query, terms) if parts[0] or parts[1] else []
    by_vector = _by_vector(usable, query) if parts[2] else []
    ids = {*by_text, *by_vector}
    rows = usable.select_related("document__source").annotate(stems=_Stems("search_vector"))
    passages = {row.pk: row for row in rows.filter(pk__in=ids)}
    coverage = {pk: _coverage(terms, row.stems) for pk, row in passages.items()}
    by_coverage = sorted(coverage, key=lambda pk: (-coverage[pk], pk))
    rankings = [r for on, r in zip(parts, (by_text, by_coverage, by_vector), strict=True) if on]
    fused = _fuse(*rankings)
    # Whoever comes first everywhere gets 1 before weighting.
    top = len(rankings) / (RRF_K + 1)
    held = coverage if parts[1] else dict.fromkeys(coverage, 1.0)
    scored = sorted(
        (
            (fused.get(pk, 0.0) / top * held[pk] * _weight(passages[pk], at), pk)
            for pk in passages
            if coverage[pk] > min_coverage or not min_coverage
        ),
        key=lambda pair: (-pair[0], pair[1]),
    )
    return [_found(passages[pk], score, coverage[pk], terms) for score, pk in scored[:k]]


def _searchable(topics: Sequence[str], at: datetime) -> QuerySet[Passage]:
    usable = Passage.objects.usable(at=at)
    if topics:
        usable = usable.filter(document__source__topics__overlap=list(topics))
    # A double speaks only where the passage it repeats does not.
    return usable.filter(
        Q(duplicate_of__isnull=True)
        | ~Q(duplicate_of__in=Passage.objects.usable(at=at).values("pk"))
    )


def _by_text(usable: QuerySet[Passage], query: str, terms: Sequence[Term]) -> list[int]:
    """Return passage ids by full text: those that match the whole query first, then any word."""
    stems = sorted({stem for term in terms for stem in term.stems})
    raw = " | ".join("'" + stem.replace("\\", " ").replace("'", "''") + "'" for stem in stems)
    any_word = SearchQuery(raw, search_type="raw", config="simple")
    whole = SearchQuery(query, search_type="websearch", config=CONFIG)
    rank = SearchRank(F("search_vector"), any_word, cover_density=True, normalization=1)
    rank_whole = SearchRank(F("search_vector"), whole, cover_density=True)
    rows = (
        usable.filter(Q(search_vector=any_word) | Q(search_vector=whole))
        .annotate(rank=rank, rank_whole=rank_whole)
        .order_by("-rank_whole", "-rank", "pk")
    )
    return list(rows.values_list("pk", flat=True)[:CANDIDATES])


def _by_vector(usable: QuerySet[Passage], query: str) -> list[int]:
    """Return passage ids by nearness to the query. Exact: a scan, in the database."""
    vector = vector_of(query)
    if not vector.any():
        return []
    near = usable.filter(vector_model=VECTOR_MODEL).order_by(CosineDistance("vector", vector), "pk")
    return list(near.values_list("pk", flat=True)[:CANDIDATES])


def _fuse(*rankings: Sequence[int]) -> dict[int, float]:
    """Return the sum of 1 / (RRF_K + rank) over the rankings that list an id."""
    fused: dict[int, float] = {}
    for ranking in rankings:
        for rank, pk in enumerate(ranking, start=1):
            fused[pk] = fused.get(pk, 0.0) + 1.0 / (RRF_K + rank)
    return fused


def _coverage(terms: Sequence[Term], stems: Iterable[str]) -> float:
    held = set(stems or ())
    total = sum(term.weight for term in terms)
    return sum(term.weight for term in terms if term.stems & held) / total if total else 0.0


def _weight(passage: Passage, at: datetime) -> float:
    """Return what trust and age leave of a passage's score; rules do not age, news does."""
    document = passage.document
    trust = 1.0 - TRUST_STEP * (document.source.trust - 1)
    if document.jurisdiction or document.published_at is None:
        return trust
    days = max((at - document.published_at).total_seconds() / 86400, 0.0)
    return trust * (1.0 - MAX_AGE_LOSS * (1.0 - math.pow(0.5, days / HALF_LIFE_DAYS)))


def _found(passage: Passage, score: float, coverage: float, terms: Sequence[Term]) -> Found:
    quote, start = _quote(passage.text, terms)
    begin = passage.start + start
    return Found(passage, score, coverage, quote, begin, begin + len(quote))


def _quote(text: str, terms: Sequence[Term]) -> tuple[str, int]:
    """Return the sentences that hold most of the query, and where they begin in the passage."""
    sentences = split_sentences(text)
    if len(text) <= MAX_QUOTE_CHARS or not sentences:
        return text[:MAX_QUOTE_CHARS], 0
    # Beginnings stand in for stems here: "label" is in "labelling".
    starts = [(term.weight, {stem[:6] for stem in term.stems}) for term in terms]

    def held(sentence: str) -> float:
        words = all_words_of(sentence)
        return sum(w for w, stems in starts if any(x.startswith(tuple(stems)) for x in words))

    best = max(range(len(sentences)), key=lambda i: (held(sentences[i].text), -i))
    first, last = sentences[best], sentences[best]
    for following in sentences[best + 1 :]:
        if following.end - first.start > MAX_QUOTE_CHARS:
            break
        last = following
    for before in reversed(sentences[:best]):
        if last.end - before.start > MAX_QUOTE_CHARS:
            break
        first = before
    return text[first.start : last.end][:MAX_QUOTE_CHARS], first.start


@dataclass(frozen=True)
class Explained:
    """A name in somebody's words that a document explains."""

    term: str
    passage: Passage
    attributes: dict[str, Any]


def explain_terms(text: str, *, limit: int = 3) -> list[Explained]:
    """Return what the knowledge store explains of the names in a text, in their order.

    Names are matched as whole words of a text; only documents that an operator or the starter set
    has given the name count, whatever other texts say about it.
    """
    words = all_words_of(text)[:100]
    runs = {" ".join(words[i : i + n]) for n in (1, 2, 3) for i in range(len(words) - n + 1)}
    runs |= {_singular(run) for run in runs}
    if not runs:
        return []
    passages = (
        Passage.objects.usable()
        .filter(document__terms__overlap=sorted(runs), position=0)
        .select_related("document__source")
        .order_by("document__source__trust", "pk")
    )
    found: dict[str, Explained] = {}
    for passage in passages:
        for term in passage.document.terms:
            if term in runs and term not in found:
                found[term] = Explained(term, passage, passage.document.attributes)
    said = " ".join(words)
    ordered = sorted(found.values(), key=lambda one: (said.find(one.term), one.term))
    unique = {one.passage.pk: one for one in reversed(ordered)}
    return [one for one in ordered if unique[one.passage.pk] is one][:limit]


def find_named(explained: Sequence[Explained]) -> list[Found]:
    """Return what explains names as findings, so that it can be cited."""
    return [
        Found(one.passage, 1.0, 1.0, quote, one.passage.start, one.passage.start + len(quote))
        for one in explained
        if (quote := _opening(one.passage.text))
    ]


def _opening(text: str) -> str:
    """Return the first sentences of a text, as many as fit a quote."""
    end = 0
    for sentence in split_sentences(text):
        if sentence.end > MAX_QUOTE_CHARS:
            break
        end = sentence.end
    return text[: end or MAX_QUOTE_CHARS]


def _singular(run: str) -> str:
    return re.sub(r"s$", "", run)


def get_passage(*, pk: int) -> Passage:
    """Return a passage that may be shown to anybody, also one that has been retired."""
    shown = Passage.objects.select_related("document__source").exclude(
        screening=Passage.Screening.HELD
    )
    passage = shown.filter(pk=pk).first()
    if passage is None:
        raise Http404("There is no such passage.")
    return passage


def get_passages(ids: Sequence[int]) -> list[Passage]:
    """Return the passages with these ids that may be shown, in the order of the ids."""
    rows = Passage.objects.select_related("document__source").exclude(
        screening=Passage.Screening.HELD
    )
    known = rows.in_bulk(list(ids)[:20])
    return [known[pk] for pk in ids if pk in known]


def list_sources() -> QuerySet[Any]:
    """Return all sources with their numbers of passages in use and held, for operators."""
    standing = Q(documents__passages__retired_at__isnull=True)
    held = Q(documents__passages__screening=Passage.Screening.HELD)
    counted = Source.objects.select_related("added_by").annotate(
        passage_count=Count("documents__passages", filter=standing & ~held),
        held_count=Count("documents__passages", filter=standing & held),
    )
    return counted.order_by("title", "pk")


def get_source(*, pk: int) -> Source:
    """Return a source, or 404."""
    source = list_sources().filter(pk=pk).first()
    if source is None:
        raise Http404("There is no such source.")
    return source


def list_held() -> QuerySet[Passage]:
    """Return the passages that were held and wait for an operator."""
    held = Passage.objects.filter(screening=Passage.Screening.HELD, retired_at__isnull=True)
    return held.select_related("document__source").order_by("-pk")


def list_subjects() -> list[Source]:
    """Return the sources in use with the number of their passages, for anybody to look at."""
    return [one for one in list_sources().filter(enabled=True) if one.passage_count]


def list_passages(*, source: Source) -> QuerySet[Passage]:
    """Return what a source says now, held and doubled passages included, in reading order."""
    standing = Passage.objects.filter(document__source=source, retired_at__isnull=True)
    ordered = standing.order_by("-document__published_at", "document_id", "position")
    return ordered.select_related("document__source", "duplicate_of__document__source")


def get_document(*, pk: int) -> Document:
    """Return a document for operators, or 404."""
    document = Document.objects.select_related("source").filter(pk=pk).first()
    if document is None:
        raise Http404("There is no such document.")
    return document
