"""Lets torchvision import beside a CPU build of torch.

The registry's torchvision is compiled against the CUDA build. Beside the much smaller CPU build
its operators are missing, and importing it fails: "operator torchvision::nms does not exist".
open_clip and diffusers import torchvision but never call those operators on our paths, so declaring
their signatures is enough. Call `install()`, or import this module, before any of the three.
"""

from __future__ import annotations

import torch

_SIGNATURES = {
    "nms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}
# A library object that is collected takes its declarations with it.
_LIBRARY = torch.library.Library("torchvision", "FRAGMENT")


def install() -> list[str]:
    """Declare the operators torchvision registers fakes for; return those that were missing."""
    missing = [name for name in _SIGNATURES if not _is_declared(name)]
    for name in missing:
        _LIBRARY.define(name + _SIGNATURES[name])
    return missing


def _is_declared(name: str) -> bool:
    return hasattr(torch.ops.torchvision, name)


# A build whose compiled operators load must find their names free, so they are tried first.
def _load_compiled_operators() -> None:
    """Load torchvision's compiled library if it fits this torch; a misfit is left unloaded."""
    import importlib.util
    from pathlib import Path

    spec = importlib.util.find_spec("torchvision")
    if spec is None or spec.origin is None:
        return
    for library in Path(spec.origin).parent.glob("_C.*"):
        try:
            torch.ops.load_library(library)
        except OSError:
            return


_load_compiled_operators()
INSTALLED: list[str] = install()
