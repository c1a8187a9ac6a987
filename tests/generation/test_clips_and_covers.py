"""Clips and covers as jobs make them: real files, chosen by taste, with honest refusals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO

import av
import numpy as np
import pytest

from catalog.models import Embedding, Item
from catalog.services import make_frames, replace_asset, store_media
from common.errors import InvalidInputError
from common.guidance import Attributes, Guidance
from common.vocabulary import TYPES
from generation.core.backends import GenerationCancelled, GenerationResult
from generation.operations import Work, clips, thumbnails
from media.encoding import encode_clip
from media.videos import read_facts
from tests.factories import ItemFactory
from tests.uploading import PlainEncoder

pytestmark = pytest.mark.django_db
RED, BLUE, GREEN = (220, 30, 30), (30, 30, 220), (30, 180, 40)
FPS, SCENE_S = 8, 5
WORDS = "WEBVTT\n\n00:06.000 --> 00:08.000\nThe blue part\n\n00:12.000 --> 00:14.000\nGreen\n"


@pytest.fixture
def encoder(monkeypatch) -> PlainEncoder:
    encoder = PlainEncoder()
    for place in (
        "catalog.services.frames",
        "catalog.services.vectors",
        "generation.operations.choosing",
        "generation.operations.thumbnails",
        "generation.conditions",
    ):
        monkeypatch.setattr(f"{place}.load_current_encoder", lambda model=None: encoder)
    # Every word means the same to it: no frame shows one garment more clearly than another.
    monkeypatch.setattr(encoder, "encode_texts", lambda texts: np.ones((len(texts), 3)), False)
    return encoder


@pytest.fixture
def video(encoder) -> Item:
    """Fifteen seconds, red, blue and green, with a tone and two captions."""
    pictures = [np.full((128, 96, 3), colour, np.uint8) for colour in (RED, BLUE, GREEN)]
    frames = [picture for picture in pictures for _ in range(SCENE_S * FPS)]
    wave = 0.4 * np.sin(2 * np.pi * 440 * np.arange(15 * 44100) / 44100)
    sound = np.repeat(wave[:, None], 2, axis=1).astype(np.float32)
    item = ItemFactory(kind="video", look="illustration")
    store_media(item=item, video=encode_clip(frames, fps=FPS, sound=sound), poster=pictures[0])
    replace_asset(item=item, role="captions", content=WORDS.encode(), mime="text/vtt")
    make_frames(item=item, encoder=encoder)
    item.refresh_from_db()
    return item


@pytest.fixture
def liked_blue(encoder) -> list[int]:
    """Two liked items that are blue."""
    items = [ItemFactory(published=True) for _ in range(2)]
    for item in items:
        vector = encoder.encode_images([np.full((4, 4, 3), BLUE, np.uint8)])[0]
        Embedding.objects.create(item=item, model=encoder.name, vector=vector)
    return [item.pk for item in items]


def work_on(source: Item | None, *, stop: Callable[[], bool] = lambda: False, **said) -> Work:
    told: list[tuple[int, int]] = []
    guidance = Guidance(user_id=1, instruction="", seed=7, **said)
    return Work(
        guidance=guidance,
        source=source,
        report=lambda done, total: told.append((done, total)),
        should_stop=stop,
    )


def colour_of(clip: bytes, at: float) -> tuple[int, ...]:
    with av.open(BytesIO(clip)) as container:
        for frame in container.decode(video=0):
            if frame.time >= at:
                return tuple(frame.to_ndarray(format="rgb24")[64, 48].tolist())
    raise AssertionError("the clip ends before that")


def near(colour: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return max(abs(a - b) for a, b in zip(colour, other, strict=True)) < 40


# ---- clips ------------------------------------------------------------------------------------


def test_the_clip_is_the_scene_that_its_person_likes(video, liked_blue):
    product = clips.cut(work_on(video, mode="clip", kind="video", liked_item_ids=tuple(liked_blue)))
    assert 5.0 <= product.manifest["start_s"] < product.manifest["end_s"] <= 10.0
    assert product.manifest["chosen_by"] == "liked items"
    assert product.manifest["liked_item_ids"] == liked_blue
    assert product.manifest["score"] > product.manifest["score_of_whole"]
    assert near(colour_of(product.video, 1.0), BLUE)
    assert near(tuple(product.poster[64, 48].tolist()), BLUE)
    facts = read_facts(product.video)
    assert facts.has_sound
    expected = product.manifest["end_s"] - product.manifest["start_s"]
    assert facts.duration_s == pytest.approx(expected, abs=0.2)


def test_the_clip_ends_where_a_scene_does(video, liked_blue):
    product = clips.cut(work_on(video, mode="clip", kind="video", liked_item_ids=tuple(liked_blue)))
    assert product.manifest["start_s"] == pytest.approx(5.0, abs=0.2)


def test_captions_come_with_the_clip(video, liked_blue):
    product = clips.cut(work_on(video, mode="clip", kind="video", liked_item_ids=tuple(liked_blue)))
    assert "The blue part" in product.captions
    assert "Green" not in product.captions
    assert "00:00:0" in product.captions


def test_a_clip_for_an_audience_goes_by_its_taste(video, liked_blue, encoder):
    green = tuple(encoder.encode_images([np.full((4, 4, 3), GREEN, np.uint8)])[0].tolist())
    product = clips.cut(
        work_on(
            video,
            mode="clip",
            kind="video",
            user_vector=green,
            liked_item_ids=tuple(liked_blue),
        )
    )
    assert product.manifest["start_s"] >= 9.5
    assert "audience" in product.manifest["chosen_by"]


def test_times_by_hand_are_kept_exactly(video):
    product = clips.cut(work_on(video, mode="clip", kind="video", start_s=4.0, end_s=6.5))
    assert (product.manifest["start_s"], product.manifest["end_s"]) == (4.0, 6.5)
    assert read_facts(product.video).duration_s == pytest.approx(2.5, abs=0.15)
    assert near(colour_of(product.video, 0.5), RED)
    assert near(colour_of(product.video, 1.5), BLUE)


def test_a_start_alone_cuts_to_the_end(video):
    product = clips.cut(work_on(video, mode="clip", kind="video", start_s=11.0))
    assert read_facts(product.video).duration_s == pytest.approx(4.0, abs=0.2)


def test_without_any_taste_the_manifest_says_so(video):
    product = clips.cut(work_on(video, mode="clip", kind="video"))
    assert "typical" in product.manifest["chosen_by"]


@pytest.mark.parametrize(("start", "end"), [(20.0, 24.0), (3.0, 3.1), (14.9, None)])
def test_times_outside_the_video_are_refused_with_a_sentence(video, start, end):
    with pytest.raises(InvalidInputError, match="second"):
        clips.cut(work_on(video, mode="clip", kind="video", start_s=start, end_s=end))


def test_a_video_as_short_as_its_best_part_is_refused_with_a_sentence(video):
    with pytest.raises(InvalidInputError, match="short"):
        clips.cut(work_on(video, mode="clip", kind="video", window=32))


def test_a_video_that_is_gone_is_refused_with_a_sentence():
    with pytest.raises(InvalidInputError, match="not there"):
        clips.cut(work_on(None, mode="clip", kind="video"))
    with pytest.raises(InvalidInputError, match="not there"):
        clips.cut(work_on(ItemFactory(kind="video"), mode="clip", kind="video", start_s=1.0))


def test_cutting_stops_within_a_frame(video):
    asked = iter([False] * 10 + [True] * 1000)
    with pytest.raises(GenerationCancelled):
        clips.cut(work_on(video, stop=lambda: next(asked), mode="clip", kind="video", start_s=0.0))


# ---- covers -----------------------------------------------------------------------------------


class Painter:
    """A creator that mixes the frame with blue, more of it with every seed."""

    name, revision = "painter", "1"

    def __init__(self, shares: dict[int, float]) -> None:
        self.shares = shares
        self.requests: list = []

    def run(self, request, *, on_step=None, should_stop=None) -> GenerationResult:
        self.requests.append(request)
        share = self.shares.get(request.seed, 0.0) * (1.0 if request.strength >= 0.5 else 0.3)
        share = min(share, 1.0)
        image = (1 - share) * request.init_image + share * np.array(BLUE)
        return GenerationResult(image.astype(np.uint8), {"backend": self.name})


@pytest.fixture
def painter(monkeypatch, settings, tmp_path):
    settings.VAR_DIR = tmp_path

    def use(shares: dict[int, float]) -> Painter:
        made = Painter(shares)
        monkeypatch.setattr(thumbnails, "load_backend", lambda revision="": made)
        return made

    return use


def red_video(video: Item, encoder: PlainEncoder) -> Item:
    """The same video, in which only red is to be chosen from."""
    row = video.frame_vectors.get()
    red = encoder.encode_images([np.full((4, 4, 3), RED, np.uint8)])
    row.vectors = np.tile(red, (len(row.times), 1)).astype(np.float16).tobytes()
    row.save()
    return video


def test_the_cover_nearest_to_the_person_that_is_still_recognisable_is_kept(
    video, liked_blue, encoder, painter
):
    red_video(video, encoder)
    # The third is bluest, and no longer the video.
    made = painter({7: 0.1, 8: 0.35, 9: 0.95})
    product = thumbnails.generate(
        work_on(video, mode="thumbnail", liked_item_ids=tuple(liked_blue), strength=0.5)
    )
    assert product.image.shape == (640, 480, 3)
    assert product.manifest["kept_seed"] == 8
    numbers = product.manifest["drawings"]
    assert [one["seed"] for one in numbers] == [7, 8, 9]
    assert numbers[2]["fidelity"] < product.manifest["least_fidelity"] < numbers[1]["fidelity"]
    assert numbers[1]["relevance"] > numbers[0]["relevance"]
    assert len(made.requests) == 3


def test_frames_and_likes_condition_the_drawing_together(video, liked_blue, encoder, painter):
    made = painter({})
    thumbnails.generate(
        work_on(video, mode="thumbnail", liked_item_ids=(*liked_blue, video.pk), strength=0.5)
    )
    request = made.requests[0]
    # Three frames and the two likes; the video itself is no like of its own cover.
    assert request.history.shape == (5, 3)
    assert request.history_weights.shape == (5,)
    assert request.strength == 0.5
    # The frame that eq. 1 selects: the person likes blue.
    assert near(tuple(request.init_image[10, 10].tolist()), BLUE)


def test_a_gentler_round_follows_where_nothing_was_recognisable(
    video, liked_blue, encoder, painter
):
    red_video(video, encoder)
    made = painter(dict.fromkeys(range(7, 13), 0.95))
    product = thumbnails.generate(
        work_on(video, mode="thumbnail", liked_item_ids=tuple(liked_blue), strength=0.5)
    )
    assert [round(one.strength, 2) for one in made.requests] == [0.5] * 3 + [0.2] * 2
    assert product.manifest["kept_seed"] in {10, 11}


def test_a_cover_that_never_shows_the_video_is_refused_with_what_to_change(
    video, liked_blue, encoder, painter
):
    red_video(video, encoder)
    painter(dict.fromkeys(range(7, 14), 4.0))
    with pytest.raises(thumbnails.UnrecognisableError, match="Let less change"):
        thumbnails.generate(
            work_on(video, mode="thumbnail", liked_item_ids=tuple(liked_blue), strength=0.9)
        )


def test_words_describe_the_frame_where_the_poster_shows_another_garment(
    video, liked_blue, encoder, painter, monkeypatch
):
    made = painter({})
    red = encoder.encode_images([np.full((4, 4, 3), RED, np.uint8)])[0]
    blue = encoder.encode_images([np.full((4, 4, 3), BLUE, np.uint8)])[0]
    hat = TYPES.index("hat")
    rows = [blue if at == hat else red for at in range(len(TYPES))]
    monkeypatch.setattr(encoder, "encode_texts", lambda texts: np.array(rows), raising=False)
    Embedding.objects.create(item=video, model=encoder.name, vector=red)
    said = {"mode": "thumbnail", "liked_item_ids": tuple(liked_blue)}
    asked = Attributes(type="skirt", colours=("black",), pattern="plain")
    thumbnails.generate(work_on(video, wanted=asked, **said))
    assert made.requests[0].prompt.endswith("hat")
    assert "black" not in made.requests[0].prompt
    # What was asked for in so many words stays.
    thumbnails.generate(work_on(video, wanted=replace(asked, type="dress"), **said))
    assert made.requests[-1].prompt.endswith("dress")


def test_a_cover_is_painted_over_a_frame_that_clearly_shows_a_garment(
    video, liked_blue, encoder, painter, monkeypatch
):
    made = painter({})
    green = encoder.encode_images([np.full((4, 4, 3), GREEN, np.uint8)])[0]
    rows = [green, *np.full((len(TYPES) - 1, 3), 3**-0.5)]
    monkeypatch.setattr(encoder, "encode_texts", lambda texts: np.array(rows))
    thumbnails.generate(
        work_on(video, mode="thumbnail", liked_item_ids=tuple(liked_blue), strength=0.5)
    )
    # Blue is what the person likes, but only the green scene is clearly something.
    assert near(tuple(made.requests[0].init_image[10, 10].tolist()), GREEN)


def test_drawing_covers_stops_when_cancelled(video, encoder, painter):
    made = painter({})
    asked = iter([False, False] + [True] * 100)
    with pytest.raises(GenerationCancelled):
        thumbnails.generate(work_on(video, stop=lambda: next(asked), mode="thumbnail"))
    assert len(made.requests) <= 2


def test_a_wide_video_gets_a_cover_of_the_usual_shape(encoder, painter):
    painter({})
    frames = [np.full((90, 160, 3), RED, np.uint8)] * 16
    wide = ItemFactory(kind="video")
    store_media(item=wide, video=encode_clip(frames, fps=8), poster=frames[0])
    product = thumbnails.generate(work_on(wide, mode="thumbnail"))
    assert product.image.shape == (640, 480, 3)
    assert near(tuple(product.image[320, 240].tolist()), RED)


def test_a_cover_needs_its_video(painter):
    painter({})
    with pytest.raises(InvalidInputError, match="not there"):
        thumbnails.generate(work_on(None, mode="thumbnail"))
