"""Training on the site's log: chosen on the newest likes, fitted to all, stored, maybe served."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from django.db.models import Max
from scipy import sparse

from accounts.models import Consent
from catalog.models import Embedding, Item
from common.errors import InvalidInputError
from recommender.core.data import (
    Event,
    Interactions,
    Opinion,
    opinions,
    split_by_time,
    to_matrix,
)
from recommender.core.ease import MAX_ITEMS
from recommender.core.evaluate import content_scorer, evaluate, popularity_scorer
from recommender.core.rankers import (
    EASE,
    FACTOR_KINDS,
    IALS_KIND,
    LIGHTGCN_KIND,
    MMGCN_KIND,
    FactorRanker,
    Ranker,
)
from recommender.core.recipes import Choice, Config, Data, build, choose, ndcg_of
from recommender.core.ridge import Ridge, fit_ridge
from recommender.core.user_emb import choose_blend
from recommender.models import Interaction, ModelVersion
from recommender.services.attacks import changed_since, find_attacks
from recommender.services.feedback import user_vector_model
from recommender.services.registry import (
    drop_old_versions,
    hold_back,
    read_config,
    serve,
    store,
    training_lock,
    why_not_serve,
)
from recommender.services.statements import statements

logger = logging.getLogger(__name__)

KINDS = (EASE, IALS_KIND, LIGHTGCN_KIND, MMGCN_KIND)
# Cheap enough to be fitted again every quarter of an hour.
QUICK_KINDS = (EASE, IALS_KIND)
# EASE cannot hold more; the others are given as many as fit into a few hundred megabytes.
ITEM_CAP = {EASE: MAX_ITEMS}
WIDEST_CAP = 200_000
# A graph model trains at most this long, so that a night's work ends within the hour.
GRAPH_LIMITS: Config = {"seconds": 600.0, "epochs": 40}
MIN_NEW_EVENTS = 20
MIN_NEW_ITEMS = 10

Held = dict[tuple[int, int], Opinion]


@dataclass(frozen=True)
class SiteData:
    """The log and the catalogue as matrices, read once for a training."""

    full: Interactions
    split: Data
    vectors: np.ndarray | None  # (I, D) of the encoder in use, zero rows where there is none
    marks: dict[str, int]

    @property
    def everything(self) -> Data:
        """Return all opinions, with nothing held out."""
        nothing = sparse.csr_matrix(self.full.matrix.shape, dtype=np.float32)
        return Data(self.full.matrix, nothing, self.split.features)


def train_if_needed() -> ModelVersion | None:
    """Train the quick models when enough happened since the last time; None when nothing did.

    The kind that serves is fitted again if it is a quick one (a graph model waits for the night),
    and iALS beside it, which gives people their vector. Returns the version of the former.
    """
    newest = ModelVersion.objects.order_by("-pk").first()
    if newest is None:
        if not (Interaction.objects.exists() and Item.objects.visible().exists()):
            return None
    else:
        last_event = newest.metrics.get("last_interaction_id", 0)
        last_item = newest.metrics.get("last_item_id", 0)
        events = Interaction.objects.filter(pk__gt=last_event)[:MIN_NEW_EVENTS].count()
        items = Item.objects.visible().filter(pk__gt=last_item)[:MIN_NEW_ITEMS].count()
        enough = events >= MIN_NEW_EVENTS or items >= MIN_NEW_ITEMS
        if not enough and not changed_since(newest.created_at):
            return None
    serving = ModelVersion.objects.filter(is_serving=True).first()
    kind = serving.kind if serving else default_kind()
    with training_lock():
        find_attacks()
        trained = [_trained(IALS_KIND, read_site(IALS_KIND))]
        if kind in QUICK_KINDS:
            trained.append(_trained(kind, read_site(kind)) if kind != IALS_KIND else trained[0])
            _decide({kind: trained[-1]}, by_hand=False)
        _drop_old({version.kind for version in trained})
    return trained[-1]


def default_kind() -> str:
    """Return what serves before anything was compared: EASE as long as it can hold all items."""
    return EASE if Item.objects.visible().count() <= MAX_ITEMS else IALS_KIND


def train(kind: str = EASE) -> ModelVersion:
    """Train one kind by hand; it serves unless validation speaks against it."""
    return train_all([kind], by_hand=True)[0]


def train_all(kinds: Sequence[str] = KINDS, *, by_hand: bool = False) -> list[ModelVersion]:
    """Train these kinds on the site's log and let the winner on validation serve.

    First attacks on the log are set aside. For each kind: 1. read the opinions of everybody who
    lets us learn; 2. choose settings on the newest fifth, and measure popularity and content there
    too; 3. fit to everything; 4. store. Then the best takes over if the rules of
    `registry.why_not_serve` allow; the others are kept beside it.
    A kind that cannot be trained on these data is left out of several, and an error if it is the
    only one. No transaction is open while it computes; ConflictError when another training runs.
    """
    versions: dict[str, ModelVersion] = {}
    with training_lock():
        find_attacks()
        for kind in kinds:
            try:
                versions[kind] = _trained(kind, read_site(kind))
            except ValueError as error:
                if len(kinds) == 1:
                    raise InvalidInputError(f"This model cannot be trained: {error}.") from error
                logger.warning("%s was not trained: %s", kind, error)
        _decide(versions, by_hand=by_hand)
        _drop_old(versions)
    return list(versions.values())


def _drop_old(kinds: Iterable[str]) -> None:
    for kind in kinds:
        drop_old_versions(kind)


def read_site(kind: str) -> SiteData:
    """Return what there is to learn from; InvalidInputError when nothing is published."""
    marks = _marks()
    held = opinions(_events(marks["last_interaction_id"]))
    item_ids = _item_ids(held, ITEM_CAP.get(kind, WIDEST_CAP))
    if not len(item_ids):
        raise InvalidInputError("Nothing is published yet, so there is nothing to train on.")
    vectors = _content_matrix(item_ids)
    before, after = split_by_time(held)
    train_set = to_matrix(before, item_ids)
    valid = to_matrix(after, item_ids, train_set.user_ids).liked
    features = {} if vectors is None else {"visual": vectors}
    return SiteData(
        to_matrix(held, item_ids), Data(train_set.matrix, valid, features), vectors, marks
    )


def _trained(kind: str, site: SiteData) -> ModelVersion:
    """Choose, measure, fit and store one kind; ValueError when the data do not suffice."""
    started = time.monotonic()
    limits = GRAPH_LIMITS if kind not in QUICK_KINDS else None
    choice = choose(kind, site.split, limits)
    metrics = _measured(kind, choice, site)
    ranker = build(kind, site.everything, choice.config)
    maps = _maps(kind, ranker, site.full.liked, site.vectors)
    metrics |= site.marks
    metrics["seconds"] = round(time.monotonic() - started, 2)
    config = {
        "kind": kind,
        "items": len(site.full.item_ids),
        "users": site.full.matrix.shape[0],
        "opinions": site.full.liked.nnz,
        "settings": choice.config,
        "encoder": user_vector_model(),
        "blend": metrics.get("user_emb", {}).get("blend", 0.0),
    }
    arrays = {"item_ids": site.full.item_ids, "popularity": _popularity(site.full.liked)}
    return store(kind, ranker, arrays, maps, config, metrics)


def _measured(kind: str, choice: Choice, site: SiteData) -> dict[str, Any]:
    """Return the chosen model's figures on the held-out likes, beside popularity and content."""
    metrics: dict[str, Any] = dict(choice.metrics)
    if choice.ranker is None:
        return metrics
    data = site.split
    metrics["popularity"] = evaluate(popularity_scorer(data.liked), data.train, data.valid)
    if site.vectors is None:
        return metrics
    metrics["content"] = evaluate(content_scorer(site.vectors), data.train, data.valid)
    maps = _maps(kind, choice.ranker, data.liked, site.vectors)
    if "to_content" in maps:
        ranker = cast(FactorRanker, choice.ranker)
        mapped = maps["to_content"](ranker.fold_in(data.train))
        metrics["user_emb"] = choose_blend(mapped, data.liked, data.valid, site.vectors)
    return metrics


def _maps(
    kind: str, ranker: Ranker, liked: sparse.csr_matrix, vectors: np.ndarray | None
) -> dict[str, Ridge]:
    """Return the ridge maps between factors and the encoder's space, for models of vectors.

    Fitted to the items that people met and that have a vector; none where they are too few.
    """
    if kind not in FACTOR_KINDS or vectors is None:
        return {}
    counts = np.asarray((liked > 0).sum(axis=0)).ravel()
    met = np.flatnonzero((counts > 0) & np.abs(vectors).any(axis=1))
    if len(met) < 2:
        return {}
    factors = np.asarray(cast(FactorRanker, ranker).item_vectors())[met]
    return {
        # A factor is surer the more people stand behind it.
        "to_factor": fit_ridge(vectors[met], factors, np.sqrt(counts[met])),
        "to_content": fit_ridge(factors, vectors[met]),
    }


def _decide(versions: dict[str, ModelVersion], *, by_hand: bool) -> None:
    """Let the best of the new versions serve that may, and note why the others may not."""
    serving = ModelVersion.objects.filter(is_serving=True).first()
    if serving is not None and serving.is_pinned and not by_hand:
        for version in versions.values():
            hold_back(version, f"{serving} was put back by hand and stays until trained by hand")
        return
    best_first = sorted(versions.values(), key=lambda version: -ndcg_of(version.metrics))
    same_split = _serving_kind_on_this_split(serving, versions)
    chosen: ModelVersion | None = None
    for version in best_first:
        if chosen is not None:
            hold_back(version, f"{chosen} is better on validation")
            continue
        reason = why_not_serve(version.kind, version.metrics, serving, same_split)
        if reason:
            hold_back(version, reason)
        else:
            serve(version)
            chosen = version


def _serving_kind_on_this_split(
    serving: ModelVersion | None, versions: dict[str, ModelVersion]
) -> dict[str, Any] | None:
    """Return the figures of the serving kind on the likes held out now, not on those of its day.

    It is trained again on the same part with the settings it serves with.
    """
    if serving is None or not versions:
        return None
    if serving.kind in versions:
        return dict(versions[serving.kind].metrics)
    site = read_site(serving.kind)
    if not site.split.valid.nnz:
        return None
    settings = serving_settings(serving)
    if settings is None:
        return None
    ranker = build(serving.kind, site.split, settings)
    return evaluate(ranker.scores, site.split.train, site.split.valid)


def serving_settings(version: ModelVersion) -> Config | None:
    """Return the settings a stored version was fitted with; None when its folder is gone."""
    config = read_config(version)
    if config is None:
        return None
    settings = config.get("settings")
    # Models stored before settings had a place of their own kept them beside the rest.
    return dict(settings) if settings else {key: config[key] for key in ("l2", "feature_weight")}


def _marks() -> dict[str, int]:
    """Return how far the log and the catalogue reach, read before anything else is."""
    event = Interaction.objects.aggregate(last=Max("pk"))["last"] or 0
    item = Item.objects.aggregate(last=Max("pk"))["last"] or 0
    return {"last_interaction_id": event, "last_item_id": item}


def _events(last: int) -> Iterable[Event]:
    """Yield the log up to row `last`, and what people said in stars and words.

    Without people who refused to be learnt from.
    """
    refusing = _refusing_user_ids()
    rows = (
        Interaction.objects.trusted()
        .filter(pk__lte=last)
        .exclude(kind=Interaction.Kind.VIEW)
        .exclude(user_id__in=refusing)
        .order_by("pk")
        .values_list("user_id", "item_id", "kind", "value", "created_at")
    )
    for user, item, kind, value, at in rows.iterator(chunk_size=5000):
        yield Event(user, item, kind, value, at.timestamp())
    yield from statements(without=refusing)


def _refusing_user_ids() -> list[int]:
    newest = (
        Consent.objects.filter(kind=Consent.Kind.PERSONALISATION)
        .order_by("user_id", "-answered_at", "-id")
        .distinct("user_id")
        .values_list("user_id", "granted")
    )
    return [user for user, granted in newest if not granted]


def _item_ids(held: Held, cap: int) -> np.ndarray:
    """Return published items, ascending; above the cap those with most opinions, then newest."""
    ids = list(Item.objects.visible().order_by("-pk").values_list("pk", flat=True))
    if len(ids) > cap:
        counts: dict[int, int] = {}
        for _, item in held:
            counts[item] = counts.get(item, 0) + 1
        ids = sorted(ids, key=lambda item: -counts.get(item, 0))[:cap]
    return np.array(sorted(ids), dtype=np.int64)


def _content_matrix(item_ids: np.ndarray) -> np.ndarray | None:
    """Return (I, D) vectors of the encoder in use, zero rows where an item has none."""
    found = dict(
        Embedding.objects.filter(model=user_vector_model() or "", item__state=Item.State.PUBLISHED)
        .values_list("item_id", "vector")
        .iterator(chunk_size=2000)
    )
    if not found:
        return None
    blank = np.zeros(len(next(iter(found.values()))), dtype=np.float32)
    rows = [np.asarray(found.get(int(item), blank), dtype=np.float32) for item in item_ids]
    return np.stack(rows) if rows else None


def _popularity(liked: sparse.csr_matrix) -> np.ndarray:
    """Return how much each item is liked, (I,) in [0, 1]; by root, so that one hit is not all."""
    sums = np.sqrt(np.asarray(liked.sum(axis=0)).ravel())
    return (sums / max(float(sums.max(initial=0.0)), 1e-9)).astype(np.float32)
