"""What clips and covers are chosen by: the vectors of a video's frames, and whose taste counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from catalog.models import Embedding, FrameVectors, Item
from catalog.services import make_frames
from catalog.services.vectors import load_current_encoder
from common.guidance import Guidance
from generation.core.selection import user_vector
from vision.encoder import Encoder

AUDIENCE = "the taste of the audience"
LIKES = "liked items"
TYPICAL = "nothing is known of anybody's taste: the most typical part"


@dataclass(frozen=True)
class Choice:
    """The samples of one video, and the direction t* that they are compared with."""

    frames: FrameVectors
    # (N, D) of length 1.
    matrix: np.ndarray
    # (D,) of length 1.
    user: np.ndarray
    chosen_by: str
    liked_item_ids: tuple[int, ...] = ()

    @property
    def is_personal(self) -> bool:
        return self.chosen_by != TYPICAL


def read_choice(guidance: Guidance, video: Item, encoder: Encoder | None = None) -> Choice:
    """Return what this video is chosen from and by; frames that were never sampled are now.

    The person's vector (`User_Emb`) if the guidance has one of this encoder's width, else the mean
    of the liked items' vectors without the video itself (eq. 1), else the video's own mean.
    """
    encoder = encoder or load_current_encoder()
    rows = FrameVectors.objects.filter(item=video, model=encoder.name)
    frames = rows.first() or make_frames(item=video, encoder=encoder)
    matrix = frames.matrix()
    if len(guidance.user_vector) == matrix.shape[1]:
        given = user_vector(np.asarray([guidance.user_vector]))
        if given is not None:
            return Choice(frames, matrix, given, AUDIENCE)
    ids = tuple(pk for pk in guidance.liked_item_ids if pk != video.pk)
    found = Embedding.objects.filter(item_id__in=ids, model=encoder.name)
    liked = dict(found.values_list("item_id", "vector"))
    mean = user_vector(np.array(list(liked.values()), np.float32)) if liked else None
    if mean is not None:
        return Choice(frames, matrix, mean, LIKES, tuple(pk for pk in ids if pk in liked))
    typical = user_vector(matrix)
    return Choice(frames, matrix, matrix[0] if typical is None else typical, TYPICAL)
