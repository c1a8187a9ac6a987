"""A short piece of background music, synthesised: chords, bass, a melody and soft percussion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

PEAK = 0.72
FADE_S = 0.35
# Chord progressions as scale steps (0 is the key's own chord), four bars each.
PROGRESSIONS = (
    (0, 5, 3, 4),
    (0, 3, 5, 4),
    (5, 3, 0, 4),
    (0, 4, 5, 3),
    (3, 4, 2, 5),
    (0, 2, 3, 3),
    (1, 4, 0, 5),
)
MAJOR = (0, 2, 4, 5, 7, 9, 11)
DORIAN = (0, 2, 3, 5, 7, 9, 10)
# Beats of a bar (in halves) on which a drum sounds.
KICKS = ((0, 4), (0, 3, 4), (0, 5), (0, 2, 4, 6))
# How late every second half beat comes, in beats.
SWINGS = (0.0, 0.16)


@dataclass(frozen=True)
class Tune:
    """What one seed chooses: key, tempo, harmony and sound."""

    root: int
    scale: tuple[int, ...]
    progression: tuple[int, ...]
    beat: float
    swing: float
    kicks: tuple[int, ...]
    bright: float
    melody: tuple[int, ...]

    def pitch(self, step: int, octave: int = 0) -> float:
        """Return the frequency in Hz of a step of the scale."""
        semitone = self.root + 12 * (octave + step // 7) + self.scale[step % 7]
        return 440.0 * 2 ** ((semitone - 69) / 12)


def compose(seed: int) -> Tune:
    """Return the tune of a seed."""
    rng = np.random.default_rng([77, seed])
    steps = (0, 2, 4, 6, 7, 9)
    return Tune(
        root=int(rng.integers(48, 60)),
        scale=MAJOR if rng.random() < 0.55 else DORIAN,
        progression=PROGRESSIONS[int(rng.integers(len(PROGRESSIONS)))],
        beat=60.0 / float(rng.uniform(84, 118)),
        swing=float(rng.choice(SWINGS)),
        kicks=KICKS[int(rng.integers(len(KICKS)))],
        bright=float(rng.uniform(0.35, 0.8)),
        # One step for each half beat of two bars; a negative one is a rest.
        melody=tuple(int(rng.choice(steps)) if rng.random() < 0.45 else -1 for _ in range(16)),
    )


def music_bed(seed: int, seconds: float, rate: int = 44100) -> np.ndarray:
    """Return music of the asked length: (N, 2) float32 within -1..1, faded in and out."""
    tune, count = compose(seed), max(round(seconds * rate), 1)
    mix = np.zeros((count, 2))
    bar = 4 * tune.beat
    for index in range(int(np.ceil(seconds / bar))):
        step = tune.progression[index % len(tune.progression)]
        _add_chord(mix, tune, step, index * bar, rate)
        _add_bass(mix, tune, step, index * bar, rate)
        _add_melody(mix, tune, step, index, rate)
        _add_drums(mix, tune, seed, index * bar, rate)
    _add_echo(mix, round(tune.beat * 0.75 * rate))
    loudest = float(np.abs(mix).max())
    if loudest > 0:
        mix *= PEAK / loudest
    return (mix * _fade(count, rate)[:, None]).astype(np.float32)


def _place(
    mix: np.ndarray, sound: np.ndarray, start: float, rate: int, gain: float, pan: float
) -> None:
    """Add a mono sound from `start` seconds on, `pan` from -1 (left) to 1 (right)."""
    first = round(start * rate)
    room = len(mix) - first
    if room <= 0:
        return
    part = sound[:room] * gain
    turn = (pan + 1) * np.pi / 4
    mix[first : first + len(part), 0] += part * np.cos(turn)
    mix[first : first + len(part), 1] += part * np.sin(turn)


def _time(seconds: float, rate: int) -> np.ndarray:
    return np.arange(max(round(seconds * rate), 2)) / rate


def _soft_ends(t: np.ndarray, attack: float, release: float) -> np.ndarray:
    """Return an envelope that starts and ends at zero, so that nothing clicks."""
    return np.clip(t / attack, 0, 1) * np.clip((t[-1] - t) / release, 0, 1)


def _add_chord(mix: np.ndarray, tune: Tune, step: int, start: float, rate: int) -> None:
    """Add four notes of a warm pad, spread over the stereo field."""
    t = _time(4 * tune.beat + 0.25, rate)
    envelope = _soft_ends(t, 0.12, 0.3) * (0.75 + 0.25 * np.cos(np.pi * t / tune.beat) ** 2)
    for offset, pan in ((0, -0.5), (2, 0.5), (4, -0.2), (6, 0.3)):
        pitch = tune.pitch(step + offset)
        wave = sum(
            np.sin(2 * np.pi * pitch * detune * harmonic * t)
            * tune.bright ** (harmonic - 1)
            / harmonic
            for harmonic in (1, 2, 3)
            for detune in (0.998, 1.003)
        )
        _place(mix, wave * envelope, start, rate, 0.1, pan)


def _add_bass(mix: np.ndarray, tune: Tune, step: int, start: float, rate: int) -> None:
    """Add a round bass on the first and third beat and a pick-up before the next bar."""
    for beat, length, offset in ((0.0, 1.4, 0), (2.0, 1.2, 0), (3.5, 0.45, 4)):
        t = _time(length * tune.beat, rate)
        pitch = tune.pitch(step + offset, octave=-2 if step + offset > 4 else -1)
        wave = np.sin(2 * np.pi * pitch * t) + 0.28 * np.sin(4 * np.pi * pitch * t)
        envelope = _soft_ends(t, 0.012, 0.06) * np.exp(-1.6 * t)
        _place(mix, wave * envelope, start + beat * tune.beat, rate, 0.5, 0.0)


def _add_melody(mix: np.ndarray, tune: Tune, step: int, bar: int, rate: int) -> None:
    """Add plucked notes that fit the chord."""
    for half in range(8):
        note = tune.melody[(bar % 2) * 8 + half]
        if note < 0:
            continue
        start = (bar * 4 + half / 2 + (tune.swing if half % 2 else 0)) * tune.beat
        t = _time(1.6 * tune.beat, rate)
        pitch = tune.pitch(step + note, octave=1 if note < 5 else 0)
        wave = np.sin(2 * np.pi * pitch * t + 1.4 * np.exp(-9 * t) * np.sin(4 * np.pi * pitch * t))
        envelope = _soft_ends(t, 0.006, 0.1) * np.exp(-4.2 * t)
        _place(mix, wave * envelope, start, rate, 0.32, 0.4 if half % 2 else -0.4)


def _add_drums(mix: np.ndarray, tune: Tune, seed: int, start: float, rate: int) -> None:
    """Add a soft kick, a brushed snap on two and four, and quiet shakers."""
    for half in tune.kicks:
        _place(mix, _kick(rate), start + half / 2 * tune.beat, rate, 0.62, 0.0)
    for beat in (1, 3):
        _place(
            mix,
            _hiss(seed + beat, 0.16, 26.0, 0.72, rate),
            start + beat * tune.beat,
            rate,
            0.34,
            0.1,
        )
    for half in range(8):
        late = tune.swing if half % 2 else 0.0
        gain = 0.13 if half % 2 else 0.08
        shaker = _hiss(seed + 10 + half, 0.06, 70.0, 0.3, rate)
        _place(mix, shaker, start + (half / 2 + late) * tune.beat, rate, gain, 0.35)


def _kick(rate: int) -> np.ndarray:
    t = _time(0.28, rate)
    sweep = 48 * t + 62 * (1 - np.exp(-26 * t)) / 26
    return np.sin(2 * np.pi * sweep) * _soft_ends(t, 0.004, 0.05) * np.exp(-9 * t)


def _hiss(seed: int, seconds: float, decay: float, warmth: float, rate: int) -> np.ndarray:
    """Return a burst of noise; `warmth` (0..1) takes its highest tones away."""
    t = _time(seconds, rate)
    noise = np.random.default_rng(seed).normal(0, 1, len(t))
    mellow = lfilter([1 - warmth], [1, -warmth], noise)
    return mellow * _soft_ends(t, 0.003, 0.02) * np.exp(-decay * t)


def _add_echo(mix: np.ndarray, delay: int) -> None:
    """Add one quiet echo with the sides exchanged."""
    if 0 < delay < len(mix):
        mix[delay:] += 0.22 * mix[:-delay, ::-1].copy()


def _fade(count: int, rate: int) -> np.ndarray:
    """Return a gain that rises at the start and falls at the end, also of a very short piece."""
    t = np.arange(count) / rate
    length = min(FADE_S, count / rate / 2)
    rise, fall = np.clip(t / length, 0, 1), np.clip((t[-1] - t) / length, 0, 1)
    return np.sin(np.pi / 2 * np.minimum(rise, fall)) ** 2
