"""The small BPE vocabulary of the embedded encoder, cut from the one open_clip ships.

Byte pair merges are ordered by frequency. The first few thousand cover common English; to them come
the merges that build the words of the vocabulary, so that "gingham" is one token, not four.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

COMMON_MERGES = 3000
HEADER = "#version: 0.2"


def write_merges(path: Path, words: Iterable[str], common: int = COMMON_MERGES) -> int:
    """Write the merges file for `words` to `path` (gzip); return the size of the vocabulary."""
    ranked = _all_merges()
    kept = set(range(common))
    for word in words:
        for part in word.lower().replace("-", " ").split():
            kept.update(_merges_of(part, ranked))
    by_rank = list(ranked)
    lines = [HEADER, *(" ".join(by_rank[rank]) for rank in sorted(kept))]
    # No time stamp: the same words give the same bytes.
    path.write_bytes(gzip.compress("\n".join(lines).encode(), mtime=0))
    return 2 * 256 + len(kept) + 2


def _all_merges() -> dict[tuple[str, ...], int]:
    from vision import torchvision_guard  # noqa: F401

    # isort: split
    from open_clip.tokenizer import default_bpe

    text = gzip.decompress(Path(default_bpe()).read_bytes()).decode()
    # The slice is the one open_clip's tokenizer takes.
    lines = text.split("\n")[1 : 49152 - 256 - 2 + 1]
    return {tuple(line.split()): rank for rank, line in enumerate(lines)}


def _merges_of(word: str, ranked: dict[tuple[str, ...], int]) -> list[int]:
    """Return the ranks of the merges that byte pair encoding applies to one word, in order."""
    pieces = [*word[:-1], word[-1] + "</w>"]
    used = []
    while len(pieces) > 1:
        pairs = list(pairwise(pieces))
        best = min(pairs, key=lambda pair: ranked.get(pair, len(ranked)))
        if best not in ranked:
            break
        used.append(ranked[best])
        at = pairs.index(best)
        pieces[at : at + 2] = ["".join(best)]
    return used
