"""How a video looks to one person: their own poster (eq. 1) and their own clip of it (eq. 2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import JSONObject

from accounts.models import User
from catalog.models import Asset, Frame, FrameVectors, Item
from common.guidance import Guidance
from generation.core.selection import best_frame, best_window, users_without, window_span
from recommender.services import Taste, taste_of

# A clip that would be nearly the whole video is none.
MOST_OF_VIDEO = 0.7


@dataclass(frozen=True)
class Presentation:
    """What one person is shown of one video in place of its poster and of its whole length."""

    # A still of the video; None where its own poster is the nearest.
    still: Frame | None = None
    # A poster that AI drew of this video for this person.
    drawn: Item | None = None
    # The clip, and what it was chosen by.
    clip: Guidance | None = None
    liked: int = 0

    @property
    def poster_url(self) -> str:
        """Address of the person's own poster; empty where it is the video's."""
        if self.drawn is not None:
            return self.drawn.poster_url
        return self.still.url if self.still is not None else ""

    @property
    def because(self) -> str:
        """The reason in words: "12 things you liked"."""
        return f"{self.liked} thing{'' if self.liked == 1 else 's'} you liked"

    @property
    def still_time(self) -> str:
        """When the poster's moment is, in words: "0:04"."""
        return _clock(self.still.time_s) if self.still is not None else ""

    @property
    def clip_fragment(self) -> str:
        """The clip as a media fragment, which players understand by themselves."""
        return f"#t={self.clip.start_s:.2f},{self.clip.end_s:.2f}" if self.clip else ""

    @property
    def clip_times(self) -> str:
        """The clip in words: "0:04–0:08"."""
        if self.clip is None:
            return ""
        return f"{_clock(self.clip.start_s or 0.0)}–{_clock(self.clip.end_s or 0.0)}"


AS_IT_IS = Presentation()


def present(
    *, user: User | None, items: Sequence[Item], taste: Callable[[], Taste | None] | None = None
) -> dict[int, Presentation]:
    """Return, by item id, how this person is shown those videos that look different to them.

    Everything comes from stored vectors: a handful of queries and one matrix product for the whole
    page. Nothing is chosen for visitors, for newcomers, or for who refused personalisation; those
    see every video as its uploader made it. `taste` gives theirs where the caller can tell it with
    less than reading everything anew; it is asked only where there are videos.
    """
    videos = [item for item in items if item.kind == Item.Kind.VIDEO]
    if user is None or not videos:
        return {}
    drawn = _drawn_posters(user, videos)
    liking = taste() if taste is not None else taste_of(user)
    found = _chosen(user, videos, liking) if liking is not None else {}
    for pk, picture in drawn.items():
        chosen = found.get(pk, AS_IT_IS)
        found[pk] = Presentation(drawn=picture, clip=chosen.clip, liked=chosen.liked)
    return found


def _drawn_posters(user: User, videos: Sequence[Item]) -> dict[int, Item]:
    """Return the newest poster that was drawn of each video for this person and published."""
    if user.profile.ai_share == 0:
        return {}
    pictures = Item.objects.for_audience(user).filter(
        made_for=user, parent__in=videos, guidance__mode="thumbnail"
    )
    newest = dict(pictures.order_by("pk").values_list("parent_id", "pk"))
    # Most people have none: then there is nothing to load.
    found = Item.objects.with_assets().in_bulk(newest.values()) if newest else {}
    return {video: found[pk] for video, pk in newest.items() if video and pk in found}


def _chosen(user: User, videos: Sequence[Item], taste: Taste) -> dict[int, Presentation]:
    rows = {row.item_id: row for row in _rows(videos, taste.model)}
    videos = [video for video in videos if video.pk in rows]
    if not videos:
        return {}
    places = {item: at for at, item in enumerate(taste.item_ids)}
    users = users_without(taste.vectors, [places.get(video.pk) for video in videos])  # (V, D)
    scores = _scores([rows[video.pk].matrix() for video in videos], users)
    originals = _original_scores(videos, users, taste)
    found = {}
    for at, video in enumerate(videos):
        # Its own likes do not count, so nothing may be left to choose by.
        liked = [item for item in taste.item_ids if item != video.pk]
        if not liked:
            continue
        row = rows[video.pk]
        still = _nearest_still(row, scores[at], originals[at])
        clip = _clip(user, video, row, scores[at], liked)
        if still is not None or clip is not None:
            found[video.pk] = Presentation(still=still, clip=clip, liked=len(liked))
    return found


def _rows(videos: Sequence[Item], model: str) -> QuerySet[FrameVectors]:
    """Return vectors and servable stills of these videos, in one query."""
    stills = Frame.objects.servable().filter(item=OuterRef("item")).order_by("index")
    facts = JSONObject(id="pk", index="index", time_s="time_s", sha256="sha256")
    rows = FrameVectors.objects.filter(item__in=videos, model=model)
    return rows.annotate(stills=ArraySubquery(stills.values(fact=facts)))


def _scores(frames: Sequence[np.ndarray], users: np.ndarray) -> list[np.ndarray]:
    """Return for each video the scores (N,) of its frames (N, D): t*ᵀ f_θ(v_i), one t* per video.

    users: (V, D). One product for the whole page; each video reads its own block of its column.
    """
    product = np.concatenate(frames) @ users.T  # (all N, V)
    stops = np.cumsum([len(rows) for rows in frames])
    return [
        product[stop - len(rows) : stop, at]
        for at, (rows, stop) in enumerate(zip(frames, stops, strict=True))
    ]


def _original_scores(videos: Sequence[Item], users: np.ndarray, taste: Taste) -> np.ndarray:
    """Return the scores (V,) of the posters that the uploaders chose; -inf where not known."""
    vectors, known = taste.vectors_of([video.pk for video in videos])
    return np.where(known, (vectors * users).sum(axis=1), -np.inf)


def _nearest_still(row: Any, scores: np.ndarray, original: float) -> Frame | None:
    """Return the still that eq. 1 chooses; None where the uploader's own poster is nearer.

    row: `FrameVectors` with its `stills`.
    """
    stills = {still["index"]: still for still in row.stills if still["index"] < len(scores)}
    if not stills:
        return None
    allowed = np.zeros(len(scores), dtype=bool)
    allowed[list(stills)] = True
    best, score = best_frame(scores, allowed)
    return Frame(item_id=row.item_id, **stills[best]) if score > original else None


def _clip(
    user: User, video: Item, row: FrameVectors, scores: np.ndarray, liked: list[int]
) -> Guidance | None:
    """Return the clip of a long video by eq. 2, cut at scene edges that are near."""
    master = video.asset(Asset.Role.MASTER)
    length = master.duration_s if master else 0.0
    if length < settings.FEED_CLIP_MIN_S:
        return None
    window = best_window(scores, settings.FEED_CLIP_WINDOW, row.details)
    start, end = window_span(window, row.times, row.scene_starts, length)
    if end - start > MOST_OF_VIDEO * length:
        return None
    return Guidance(
        user_id=user.pk,
        instruction="",
        kind="video",
        mode="clip",
        liked_item_ids=tuple(liked),
        user_vector_model=row.model,
        window=settings.FEED_CLIP_WINDOW,
        start_s=start,
        end_s=end,
        exposure="ranked",
    )


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
