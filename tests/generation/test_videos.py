"""Clips that are created or revised: what a person asked for, heard and seen in the file."""

from __future__ import annotations

import base64
from collections.abc import Callable
from io import BytesIO

import av
import numpy as np
import pytest
from PIL import Image

from catalog.models import Item
from catalog.services import store_media
from common.errors import InvalidInputError
from common.guidance import Attributes, Guidance
from generation.core.backends import GenerationCancelled, StepReporter
from generation.core.video import VideoRequest, VideoResult
from generation.core.video.backends import MAX_REVISED_FRAMES
from generation.operations import Work, videos
from generation.operations.recolouring import recolours
from media.encoding import encode_clip
from media.videos import read_facts
from tests.factories import ItemFactory

pytestmark = pytest.mark.django_db
WIDTH, HEIGHT, RATE = 48, 64, 44_100


class GreyVideos:
    """A video backend that paints each frame in a grey of its own; keeps its requests."""

    name, revision = "greys", "1"

    def __init__(self) -> None:
        self.requests: list[VideoRequest] = []

    def run(self, request, *, on_step=None, should_stop=None) -> VideoResult:
        self.requests.append(request)
        count = request.frames if request.source is None else len(request.source)
        reporter = StepReporter(count, on_step, should_stop)
        frames = np.zeros((count, HEIGHT, WIDTH, 3), np.uint8)
        for index in range(count):
            frames[index] = 10 + 4 * index
            reporter.step_end(None, index, None, {})
        manifest = {"backend": "greys", "camera": request.camera, "warnings": ["It is grey."]}
        return VideoResult(frames, request.fps, manifest)


@pytest.fixture
def backend(monkeypatch) -> GreyVideos:
    backend = GreyVideos()
    monkeypatch.setattr(videos, "load_video_backend", lambda revision="": backend)
    return backend


@pytest.fixture
def work(tmp_path, viewer) -> Callable[..., Work]:
    from generation.cache import StageCache

    def _work(source: Item | None = None, should_stop=lambda: False, **said) -> Work:
        words = {"instruction": "a red dress", "wanted": Attributes("dress", ("red",))} | said
        guidance = Guidance(user_id=viewer.pk, kind="video", **words)
        cache = StageCache(tmp_path / "stages")
        return Work(guidance, source, lambda done, total: None, should_stop, cache)

    return _work


def clip_item(seconds: float, *, fps: int = 10, sound: bool = True, **facts) -> Item:
    """A video of a bright bar that moves; a beep sounds from one second on."""
    frames = []
    for index in range(round(seconds * fps)):
        frame = np.full((HEIGHT, WIDTH, 3), 60, np.uint8)
        frame[:, index % WIDTH : index % WIDTH + 4] = 220
        frames.append(frame)
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * RATE)) / RATE)
    tone[: min(RATE, len(tone))] = 0
    wave = np.repeat(tone[:, None], 2, axis=1).astype(np.float32) if sound else None
    item = ItemFactory(kind="video", **facts)
    store_media(item=item, video=encode_clip(frames, fps=fps, sound=wave), poster=frames[0])
    return item


def heard(video: bytes) -> np.ndarray:
    """The loudness of every tenth of a second."""
    with av.open(BytesIO(video)) as container:
        rate = container.streams.audio[0].rate
        sound = np.concatenate([f.to_ndarray()[0] for f in container.decode(audio=0)])
    return np.abs(sound[: len(sound) // (rate // 10) * (rate // 10)]).reshape(-1, rate // 10).max(1)


def test_a_creation_is_a_clip_with_music_that_lasts_as_asked(work, backend):
    made = videos.create(work(mode="create", duration_s=1.5, seed=5))
    facts = read_facts(made.video)
    assert (facts.width, facts.height, facts.has_sound) == (WIDTH, HEIGHT, True)
    assert facts.duration_s == pytest.approx(1.5, abs=0.15)
    assert heard(made.video).max() > 0.1
    assert made.poster.shape == (HEIGHT, WIDTH, 3)
    assert backend.requests[0].prompt == "red dress"
    assert backend.requests[0].seed == 5
    assert made.manifest["music_seed"] == 5


@pytest.mark.parametrize(("asked", "frames"), [(None, 24), (0.1, 8), (2.5, 30), (60.0, 32)])
def test_a_creation_keeps_to_what_the_model_can_do(work, backend, asked, frames):
    videos.create(work(mode="create", duration_s=asked))
    assert backend.requests[0].frames == frames


@pytest.mark.parametrize(
    ("words", "camera"),
    [
        ("a red dress on the catwalk", "runway"),
        ("show it walking", "runway"),
        ("turn it around", "turntable"),
        ("rotating hat", "turntable"),
        ("a close-up of the fabric", "close-up"),
    ],
)
def test_the_camera_goes_where_the_words_say(words, camera):
    assert {videos.choose_camera(words, seed) for seed in range(5)} == {camera}


def test_without_a_word_the_camera_goes_by_lot_and_the_same_way_again():
    moves = [videos.choose_camera("a red hat", seed) for seed in range(20)]
    assert set(moves) == {"turntable", "runway"}
    assert moves == [videos.choose_camera("a red hat", seed) for seed in range(20)]


def test_the_persons_vector_and_scales_reach_the_model(work, backend):
    vector = (0.6, 0.8)
    videos.create(work(mode="create", user_vector=vector, literalness=6.0, personality=2.5))
    request = backend.requests[0]
    assert request.user.tolist() == pytest.approx(vector)
    assert (request.guidance_text, request.guidance_history) == (6.0, 2.5)


def test_what_was_made_is_kept_and_another_seed_makes_another(work, backend):
    first = videos.create(work(mode="create", seed=1))
    again = videos.create(work(mode="create", seed=1))
    videos.create(work(mode="create", seed=2))
    assert len(backend.requests) == 2
    assert again.video == first.video
    assert again.manifest["from_cache"] is True
    assert "from_cache" not in first.manifest


def test_a_cancelled_creation_ends_within_a_step(work, backend):
    asked: list[int] = []

    def stop() -> bool:
        asked.append(1)
        return len(asked) > 4

    with pytest.raises(GenerationCancelled):
        videos.create(work(mode="create", should_stop=stop))


def test_a_revision_keeps_length_and_sound(work, backend):
    source = clip_item(2.0, garment_type="skirt", colours=["blue"], pattern="plain")
    made = videos.revise(work(source, mode="revise", strength=0.5))
    request = backend.requests[0]
    facts = read_facts(made.video)
    assert request.source.shape == (24, HEIGHT, WIDTH, 3)
    assert (request.strength, request.source_prompt) == (0.5, "blue plain skirt")
    assert facts.duration_s == pytest.approx(2.0, abs=0.1)
    loud = heard(made.video)
    assert loud[2:8].max() < 0.05
    assert loud[12:18].min() > 0.2
    assert made.manifest["part"] == {"start_s": 0.0, "end_s": pytest.approx(2.0, abs=0.01)}


def test_a_chosen_part_is_revised_with_its_own_sound(work, backend):
    made = videos.revise(work(clip_item(4.0), mode="revise", start_s=0.5, end_s=1.5))
    assert len(backend.requests[0].source) == 12
    loud = heard(made.video)
    assert loud[:4].max() < 0.05
    assert loud[6:9].min() > 0.2


def hoodie_item() -> Item:
    """A video of an orange hoodie before a pale wall, with a beep from one second on."""
    item = clip_item(1.5, garment_type="hoodie", colours=["orange"], pattern="plain")
    frames = [np.full((HEIGHT, WIDTH, 3), (188, 192, 190), np.uint8) for _ in range(15)]
    for index, frame in enumerate(frames):
        frame[16:56, 12 + index // 4 : 36 + index // 4] = (214, 120, 20)
    tone = 0.5 * np.sin(np.arange(round(1.5 * RATE)) / 20)[:, None].repeat(2, 1)
    film = encode_clip(frames, fps=10, sound=tone.astype(np.float32))
    store_media(item=item, video=film, poster=frames[0])
    return item


def test_another_colour_is_worked_into_the_source_itself(work, backend):
    said = {"instruction": "make it navy", "wanted": Attributes(colours=("navy",))}
    made = videos.revise(work(hoodie_item(), mode="revise", **said))
    assert backend.requests == []
    red, _, blue = made.poster[30:50, 20:32].reshape(-1, 3).mean(axis=0)
    assert blue > red + 30
    assert np.abs(made.poster[:, :8].astype(int) - (188, 192, 190)).max() < 12
    assert heard(made.video).min() > 0.2
    assert read_facts(made.video).duration_s == pytest.approx(1.5, abs=0.1)
    assert made.manifest["edit"] == "recolour"


@pytest.mark.parametrize(
    ("words", "garment", "wanted", "only_colour"),
    [
        ("make it navy", "", Attributes(None, ("navy",)), True),
        ("make the dress navy", "", Attributes("dress", ("navy",)), True),
        ("a navy dress", "", Attributes("dress", ("navy",)), False),
        ("a navy dress", "dress", Attributes("dress", ("navy",)), True),
        ("make it a navy dress", "skirt", Attributes("dress", ("navy",)), False),
        ("navy with stripes", "dress", Attributes(None, ("navy",), "striped"), False),
    ],
)
def test_only_a_change_of_colour_alone_keeps_the_frames(work, words, garment, wanted, only_colour):
    source = ItemFactory(kind="video", garment_type=garment, colours=["red"], pattern="plain")
    asked = work(source, mode="revise", instruction=words, wanted=wanted)
    assert recolours(asked) == only_colour


def test_a_silent_video_stays_silent(work, backend):
    made = videos.revise(work(clip_item(1.0, sound=False), mode="revise"))
    assert not read_facts(made.video).has_sound


@pytest.mark.parametrize(
    ("length", "start", "end", "fps", "frames", "sentences"),
    [
        (2.0, None, None, 12, 24, 0),
        (4.0, None, None, 12, 48, 0),
        (4.7, None, None, 10, 47, 1),
        (8.0, None, None, 6, 48, 1),
        (60.0, None, None, 6, 48, 2),
        (60.0, 20.0, 23.0, 12, 36, 0),
        (2.0, 1.5, 9.0, 12, 6, 0),
        (2.0, 5.0, None, 12, 1, 0),
        (0.04, None, None, 12, 1, 0),
    ],
)
def test_long_videos_are_revised_in_part_and_the_person_is_told(
    length, start, end, fps, frames, sentences
):
    guidance = Guidance(user_id=1, instruction="red", start_s=start, end_s=end)
    part = videos.choose_part(guidance, length)
    assert (part.fps, part.frames, len(part.warnings)) == (fps, frames, sentences)
    assert part.frames <= MAX_REVISED_FRAMES
    assert part.start_s <= length


def test_warnings_of_the_model_and_of_the_choice_stand_in_the_manifest(work, backend):
    made = videos.revise(work(clip_item(10.0, sound=False), mode="revise"))
    assert made.manifest["warnings"][0] == "It is grey."
    assert len(made.manifest["warnings"]) == 3


def test_a_painted_mask_says_where_a_revision_may_change(work, backend):
    painted = np.zeros((HEIGHT, WIDTH), np.uint8)
    painted[:32] = 255
    file = BytesIO()
    Image.fromarray(painted).save(file, "PNG")
    mask = base64.b64encode(file.getvalue()).decode()
    videos.revise(work(clip_item(0.5), mode="revise", mask_png=mask))
    assert backend.requests[0].mask.shape == (HEIGHT, WIDTH)
    assert backend.requests[0].mask[:30].min() == 1
    assert backend.requests[0].mask[34:].max() == 0
    with pytest.raises(InvalidInputError):
        videos.revise(work(clip_item(0.5), mode="revise", mask_png="rubbish"))


def test_a_video_that_is_gone_is_refused_with_a_sentence(work, backend):
    with pytest.raises(InvalidInputError, match="not there any more"):
        videos.revise(work(ItemFactory(kind="video"), mode="revise"))
    assert backend.requests == []


def test_a_clip_in_a_style_keeps_its_length_and_its_music(work, backend):
    plain = videos.create(work(duration_s=2.0))
    styled = videos.create(work(duration_s=2.0, style="pencil"))
    before, after = read_facts(plain.video), read_facts(styled.video)
    assert after.duration_s == pytest.approx(before.duration_s, abs=0.15)
    assert after.has_sound
    # A flat grey becomes pencil on paper with its grain.
    assert plain.poster.std() < 1 < styled.poster.std()
    assert np.abs(styled.poster.astype(int) - plain.poster).mean() > 10
    assert styled.manifest["style"]["name"] == "pencil"
    np.testing.assert_array_equal(styled.plain, plain.poster)
