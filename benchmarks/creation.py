"""A picture from the embedded creator, end to end, against a bare loop over the same networks.

The bare side computes the conditions once, outside the clock, and then does only what no creator
can leave out: the U-Net and the scheduler for each step, the decoder, the super-resolution. Both
sides take turns; the median of each counts.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from record import write_result

from generation.core.backends import GenerationRequest
from generation.core.conditioning import Conditions
from generation.core.creator import EmbeddedBackend
from generation.core.superres import images_to_tensor, tensor_to_images


def main() -> None:
    """Time both sides for a request without and one with liked items."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--steps", type=int, default=12)
    arguments = parser.parse_args()
    backend = EmbeddedBackend.load()
    rng = np.random.default_rng(1)
    liked = rng.standard_normal((6, backend.encoder.dim)).astype(np.float32)
    none = np.zeros((0, backend.encoder.dim), np.float32)
    figures = {"repeats": arguments.repeats, "steps": arguments.steps}
    for name, history in (("words", none), ("words_and_history", liked)):
        request = GenerationRequest(
            prompt="navy striped longsleeve",
            history=history,
            history_weights=np.ones(len(history), np.float32),
            seed=1,
            steps=arguments.steps,
        )
        figures[name] = compare(backend, request, arguments.repeats)
        print(name, figures[name])
    write_result("creation", figures)


def compare(backend: EmbeddedBackend, request: GenerationRequest, repeats: int) -> dict[str, float]:
    """Return median seconds of both sides and their ratio."""
    sides = {"creator": lambda: backend.run(request), "bare": bare_loop(backend, request)}
    spent: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(repeats + 1):
        for name, side in sides.items():
            started = time.perf_counter()
            side()
            # The first turn warms up.
            if turn:
                spent[name].append(time.perf_counter() - started)
    median = {name: statistics.median(times) for name, times in spent.items()}
    return {
        "creator_s": round(median["creator"], 3),
        "bare_s": round(median["bare"], 3),
        "ratio": round(median["creator"] / median["bare"], 3),
    }


def bare_loop(backend: EmbeddedBackend, request: GenerationRequest) -> Callable[[], Any]:
    """Return a function that makes the request's picture with as little as possible around it."""
    pipeline = backend.pipeline
    given = backend._conditions(request)
    words = (given["text_tokens"], given["text_vector"])
    liked = (given.get("history"), given.get("history_weights"))
    weights = [1.0 - request.guidance_text, request.guidance_text]
    with torch.inference_mode():
        parts = [
            pipeline.history(None, None, None, None),
            pipeline.history(*words, None, None),
        ]
        if liked[0] is not None:
            parts.append(pipeline.history(*words, *liked))
            weights = [
                weights[0],
                weights[1] - request.guidance_history,
                request.guidance_history,
            ]
        conditions = Conditions.stack(parts)
    share = torch.tensor(weights)[:, None, None, None]
    scheduler = type(pipeline.scheduler).from_config(pipeline.scheduler.config)
    shape = (1, pipeline.unet.config.in_channels, *pipeline.unet.config.sample_size)

    @torch.inference_mode()
    def loop() -> np.ndarray:
        latents = torch.randn(shape, generator=torch.Generator().manual_seed(request.seed))
        scheduler.set_timesteps(request.steps)
        for timestep in scheduler.timesteps:
            velocity = pipeline.unet(
                latents.expand(len(weights), -1, -1, -1),
                timestep,
                conditions.tokens,
                class_labels=conditions.vector,
                return_dict=False,
            )[0]
            guided = (share * velocity).sum(dim=0, keepdim=True)
            latents = scheduler.step(guided, timestep, latents).prev_sample
        small = tensor_to_images(pipeline.vae.decode(latents))
        return tensor_to_images(pipeline.upscaler(images_to_tensor(small)))

    return loop


if __name__ == "__main__":
    main()
