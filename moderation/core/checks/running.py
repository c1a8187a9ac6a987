"""F7 of micro-video: does it run? Flicker, black and frozen stretches, sound, captions."""

from __future__ import annotations

from moderation.core.checks.contract import Finding, ScreeningInput, Verdict

# What makes 1.0. A pause for effect is no fault: what counts is most of the video.
BLACK_SHARE = 0.5
FROZEN_SHARE = 0.8
FLICKER_LEVELS = 3.0
# Sound that starts late or ends early by this much is out of step (EBU R 37 asks for far less at
# any one moment; here it is the two tracks' ends).
SYNC_S = 1.0
# A stretch shorter than this is an opening or a cut.
LEAST_STRETCH_S = 1.0


def running(given: ScreeningInput, threshold: float) -> Finding:
    """Flag videos whose worst fault, as a share of what is bearable, is above `threshold`."""
    if given.kind != "video":
        return Finding(Verdict.PASS, "It is no video.")
    course = given.course
    if course is None or course.seconds <= 0:
        return Finding(Verdict.CANNOT_TELL, "The video could not be played through.")
    shares = {
        "black most of the time": _share(course.black, course.seconds) / BLACK_SHARE,
        "frozen most of the time": _share(course.frozen, course.seconds) / FROZEN_SHARE,
        "flickering": course.flicker / FLICKER_LEVELS,
    }
    if course.sound_start is not None and course.sound_end is not None:
        picture_end = course.picture_start + course.seconds
        late = max(0.0, course.sound_start - course.picture_start)
        beyond = max(0.0, course.sound_end - picture_end)
        shares["out of step with its sound"] = max(late, beyond) / SYNC_S
    worst = max(shares, key=lambda name: shares[name])
    score = round(min(shares[worst], 99.0), 3)
    evidence = {
        "measured": {
            "seconds": course.seconds,
            "black": course.black,
            "frozen": course.frozen,
            "flicker": course.flicker,
            "sound": [course.sound_start, course.sound_end],
            "silent": course.silent,
        },
        "shares": {name: round(share, 3) for name, share in shares.items()},
    }
    if score <= threshold:
        return Finding(Verdict.PASS, "The video runs as it should.", score, threshold, evidence)
    return Finding(Verdict.FLAG, f"The video is {worst}.", score, threshold, evidence)


def captions(given: ScreeningInput, threshold: float) -> Finding:
    """Flag videos of which more than `threshold` captions are empty or beyond the end."""
    if given.kind != "video" or not given.cues:
        return Finding(Verdict.PASS, "There are no captions.")
    seconds = given.course.seconds if given.course else given.seconds
    found = []
    last = -1.0
    for place, (start, end, text) in enumerate(given.cues):
        problem = ""
        if not text.strip():
            problem = "is empty"
        elif end <= start:
            problem = "ends before it starts"
        elif seconds and end > seconds + 0.5:
            problem = "goes beyond the video's end"
        elif start < last:
            problem = "starts before the one before it"
        last = max(last, start)
        if problem:
            found.append({"caption": place + 1, "problem": problem, "at": [start, end]})
    if seconds and not _is_heard(given) and len(given.cues) > 3:
        found.append({"caption": 0, "problem": "there are captions and nothing is heard"})
    if len(found) <= threshold:
        return Finding(Verdict.PASS, "The captions fit the video.", float(len(found)), threshold)
    first = found[0]
    return Finding(
        Verdict.FLAG,
        f"Caption {first['caption']} {first['problem']}."
        if first["caption"]
        else "There are captions and nothing is heard.",
        float(len(found)),
        threshold,
        {"found": found[:20], "seconds": seconds},
    )


def _is_heard(given: ScreeningInput) -> bool:
    """Without sound at all, captions are titles; a silent track with speech in captions is odd."""
    course = given.course
    if course is None or course.sound_end is None or course.silent is None:
        return True
    return course.silent < course.seconds - LEAST_STRETCH_S


def _share(stretch: float, seconds: float) -> float:
    return stretch / seconds if stretch >= LEAST_STRETCH_S else 0.0
