"""What every training run shares: time budget, learning rate, averaged weights, check points."""

from __future__ import annotations

import copy
import json
import logging
import math
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

logger = logging.getLogger(__name__)

ModuleT = TypeVar("ModuleT", bound=nn.Module)


class TimeBudget:
    """Minutes of work, counted over restarts, and the share of them that has passed."""

    def __init__(self, minutes: float, spent_s: float = 0.0) -> None:
        self.seconds = minutes * 60
        self._before = spent_s
        self._started = time.monotonic()

    @property
    def spent_s(self) -> float:
        """Seconds worked so far, those before a restart included."""
        return self._before + time.monotonic() - self._started

    @property
    def share(self) -> float:
        """Share of the budget that has passed, 0..1."""
        return min(1.0, self.spent_s / self.seconds)


def learning_rate(peak: float, step: int, share: float, warmup: int = 200) -> float:
    """Return the rate at this step: linear warm-up, then a cosine of the time down to 2 %."""
    decay = 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * share))
    return peak * min(1.0, (step + 1) / warmup) * decay


class Average(Generic[ModuleT]):
    """Exponential moving average of a module's parameters, with a horizon that grows at first."""

    def __init__(self, module: ModuleT, decay: float = 0.9985) -> None:
        self.module = copy.deepcopy(module).requires_grad_(False).eval()
        self.decay = decay

    @torch.no_grad()
    def update(self, module: ModuleT, step: int) -> None:
        """Move the average towards `module`."""
        keep = min(self.decay, (1 + step) / (10 + step))
        mine: list[Tensor] = list(self.module.parameters())
        new: list[Tensor] = list(module.parameters())
        torch._foreach_lerp_(mine, new, 1 - keep)


class TrainingRun(Generic[ModuleT]):
    """One module trained until its time is over; continues from its check point if there is one."""

    def __init__(
        self,
        module: ModuleT,
        *,
        folder: Path,
        minutes: float,
        peak_rate: float,
        max_steps: int | None = None,
        save_every_s: float = 120.0,
        weight_decay: float = 0.01,
        beta: float = 0.99,
        device: str = "cpu",
    ) -> None:
        self.device = torch.device(device)
        self.module = module.to(self.device).train()
        self.peak_rate = peak_rate
        self.max_steps = max_steps
        self.step = 0
        self.losses: list[float] = []
        self._new_losses: list[Tensor] = []
        self._file = folder / "checkpoint.pt"
        self._curve = folder / "curve.jsonl"
        self._save_every_s = save_every_s
        self.average = Average(module)
        self.optimizer = torch.optim.AdamW(
            [p for p in module.parameters() if p.requires_grad],
            lr=peak_rate,
            betas=(0.9, beta),
            weight_decay=weight_decay,
            fused=True,
        )
        self.budget = TimeBudget(minutes)
        folder.mkdir(parents=True, exist_ok=True)
        if self._file.exists():
            self._restore(minutes)
        self._saved_at = time.monotonic()

    def steps(self) -> Iterator[int]:
        """Yield step numbers until the time or the steps are used up, then save."""
        while self.budget.share < 1.0 and (self.max_steps is None or self.step < self.max_steps):
            yield self.step
            self.step += 1
            if time.monotonic() - self._saved_at > self._save_every_s:
                self.save()
        self.save()

    def apply(self, loss: Tensor) -> None:
        """Take one optimiser step on `loss`, a scalar on the run's device."""
        rate = learning_rate(self.peak_rate, self.step, self.budget.share)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        loss.backward()
        nn.utils.clip_grad_norm_(self.module.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.average.update(self.module, self.step)
        # Read now and then only: each reading would wait for the device.
        self._new_losses.append(loss.detach())
        if self.step % 50 == 0:
            self._report(rate)

    def autocast(self) -> torch.autocast:
        """Return the context in which the networks compute in bfloat16."""
        return torch.autocast(self.device.type, torch.bfloat16)

    def save(self) -> None:
        """Write the check point; a crash leaves the previous one."""
        self._read_losses()
        state = {
            "module": self.module.state_dict(),
            "average": self.average.module.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "spent_s": self.budget.spent_s,
        }
        partial = self._file.with_suffix(".partial")
        torch.save(state, partial)
        os.replace(partial, self._file)
        self._saved_at = time.monotonic()

    def _restore(self, minutes: float) -> None:
        state = torch.load(self._file, map_location=self.device, weights_only=True)
        self.module.load_state_dict(state["module"])
        self.average.module.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]
        self.budget = TimeBudget(minutes, state["spent_s"])
        logger.info("Continued from step %s", self.step)

    def _read_losses(self) -> None:
        if self._new_losses:
            self.losses += torch.stack(self._new_losses).tolist()
            self._new_losses = []

    def _report(self, rate: float) -> None:
        self._read_losses()
        recent = self.losses[-50:]
        line = {
            "step": self.step,
            "loss": round(sum(recent) / len(recent), 5),
            "rate": round(rate, 7),
            "share": round(self.budget.share, 3),
            "steps_per_s": round(self.step / max(self.budget.spent_s, 1e-6), 2),
        }
        logger.info("%s", json.dumps(line))
        with self._curve.open("a") as file:
            file.write(json.dumps(line) + "\n")
