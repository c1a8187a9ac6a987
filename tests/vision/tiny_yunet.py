"""A YuNet model of 64 x 64 pixels that sees the same one face in every picture, written by hand.

The ONNX format is a few nested messages of protobuf; what is needed of it fits here, so that no
library for writing it is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

SIDE = 64
# Cell of the finest grid in which the face lies (column, row), and its scores.
CELL = (3, 2)
# Centre and size that follow from it: (3 + .5) * 8, (2 + .5) * 8, 2 * 8.
FACE = (20 / SIDE, 12 / SIDE, 16 / SIDE, 16 / SIDE)


def write_yunet(score: float = 0.95) -> bytes:
    """Return the model; its twelve outputs are constants beside a term that is always zero."""
    nodes = [_node("GlobalAveragePool", ["input"], ["mean"]), _node("Flatten", ["mean"], ["flat"])]
    constants, outputs = [], []
    for stride in (8, 16, 32):
        cells = (SIDE // stride) ** 2
        for name, width in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)):
            values = np.zeros((cells, width), np.float32)
            if stride == 8:
                values[CELL[1] * SIDE // 8 + CELL[0]] = _values(name, score)
            output = f"{name}_{stride}"
            constants += [
                _tensor(f"{output}_w", np.zeros((3, values.size), np.float32)),
                _tensor(f"{output}_b", values.reshape(-1)),
                _tensor(f"{output}_s", np.array([1, cells, width], np.int64)),
            ]
            nodes += [
                _node("Gemm", ["flat", f"{output}_w", f"{output}_b"], [f"{output}_g"]),
                _node("Reshape", [f"{output}_g", f"{output}_s"], [output]),
            ]
            outputs.append(_value(output, (1, cells, width)))
    graph = b"".join(_part(1, node) for node in nodes) + _part(2, b"tiny")
    graph += b"".join(_part(5, one) for one in constants)
    graph += _part(11, _value("input", (1, 3, SIDE, SIDE)))
    graph += b"".join(_part(12, one) for one in outputs)
    return _number(1, 7) + _part(7, graph) + _part(8, _number(2, 11))


def _values(name: str, score: float) -> Sequence[float]:
    if name in {"cls", "obj"}:
        return [score]
    return [0.5, 0.5, math.log(2), math.log(2)] if name == "bbox" else [0.0] * 10


def _node(kind: str, inputs: Sequence[str], outputs: Sequence[str]) -> bytes:
    named = b"".join(_part(1, one.encode()) for one in inputs)
    named += b"".join(_part(2, one.encode()) for one in outputs)
    return named + _part(3, outputs[0].encode()) + _part(4, kind.encode())


def _tensor(name: str, values: np.ndarray) -> bytes:
    kind = 7 if values.dtype == np.int64 else 1
    sides = b"".join(_number(1, side) for side in values.shape)
    return sides + _number(2, kind) + _part(8, name.encode()) + _part(9, values.tobytes())


def _value(name: str, shape: Sequence[int]) -> bytes:
    sides = b"".join(_part(1, _number(1, side)) for side in shape)
    kind = _part(1, _number(1, 1) + _part(2, sides))
    return _part(1, name.encode()) + _part(2, kind)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _part(field: int, data: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])
