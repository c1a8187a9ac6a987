"""Creating a picture from words and liked items (SD-Creator, GeneRec 2025, section 3)."""

from __future__ import annotations

import dataclasses
import json
import time
from typing import Any

import numpy as np

from generation.conditions import Reference, build_request, find_reference
from generation.core import styles
from generation.core.backends import Backend, GenerationRequest, GenerationResult
from generation.loading import load_backend
from generation.operations import Product, Work

# Of the code that draws: raise it when the same request draws something else.
DRAWN_STAGE = "picture-1"
EXAMPLE_GONE = "The picture given as an example is not there any more, so it was left out."


def create(work: Work) -> Product:
    """Return a new picture for this person.

    What was drawn is kept: another degree of style, another style or size does not draw it again.
    """
    backend = load_backend(work.revision)
    reference = find_reference(work.guidance, work.granted_ids)
    request = build_request(work.guidance, None, reference)
    image, manifest = draw(work, backend, request)
    manifest |= _facts(work, reference, manifest)
    return lay_style(work, Product(image=image, manifest=manifest))


def draw(
    work: Work, backend: Backend, request: GenerationRequest
) -> tuple[np.ndarray, dict[str, Any]]:
    """Return the picture (H, W, 3) uint8 that the request asks for, and its manifest.

    Drawn once for each request and revision of the model; after that it comes from the cache.
    """
    work.check()
    # A second try begins with drawing again, in the usual words.
    work.announce("")
    is_new = False

    def make() -> dict[str, np.ndarray]:
        nonlocal is_new
        is_new = True
        return _pack(backend.run(request, on_step=work.report, should_stop=work.should_stop))

    inputs = {
        "backend": backend.name,
        "revision": backend.revision,
        "request": {one.name: getattr(request, one.name) for one in dataclasses.fields(request)},
    }
    kept = work.cache.get_or_make(DRAWN_STAGE, inputs, make)
    manifest = json.loads(kept["manifest"].tobytes())
    return kept["image"], manifest if is_new else manifest | {"from_cache": True}


def lay_style(work: Work, product: Product) -> Product:
    """Return the picture in the style that was asked for beside its content, if one was.

    `plain` keeps the picture beneath: by it is judged whether it shows what was asked for.
    """
    if not work.guidance.style or product.image is None:
        return product
    styled, manifest = _styled(work, product.image, product.manifest)
    return dataclasses.replace(product, image=styled, manifest=manifest, plain=product.image)


def _styled(
    work: Work, image: np.ndarray, manifest: dict[str, Any]
) -> tuple[np.ndarray, dict[str, Any]]:
    """Return the picture with the style laid over it, and the manifest that says so."""
    work.check()
    guidance = work.guidance
    work.announce(f"Giving it the {guidance.style} style")
    recipe = styles.Recipe(str(guidance.style), seed=guidance.seed)
    started = time.perf_counter()
    image = styles.restyle_picture(image, recipe, degree=guidance.style_degree)
    took = round((time.perf_counter() - started) * 1000, 1)
    style = {
        "name": guidance.style,
        "degree": guidance.style_degree,
        "revision": styles.REVISION,
    }
    return image, manifest | {"style": style, "ms": {**manifest.get("ms", {}), "style": took}}


def _pack(result: GenerationResult) -> dict[str, np.ndarray]:
    manifest = np.frombuffer(json.dumps(result.manifest).encode(), np.uint8)
    return {"image": result.image, "manifest": manifest}


def _facts(work: Work, reference: Reference | None, manifest: dict[str, Any]) -> dict[str, Any]:
    """Return what the manifest holds beside the drawing: who guided it, and what was left out."""
    facts: dict[str, Any] = {"liked_item_ids": list(work.guidance.liked_item_ids)}
    if reference is not None:
        use = "painted over" if reference.is_canvas else "example"
        facts["reference"] = {"item_id": reference.item.pk, "use": use}
    elif work.guidance.reference_item_ids:
        facts["warnings"] = [*(manifest.get("warnings") or ()), EXAMPLE_GONE]
    return facts
