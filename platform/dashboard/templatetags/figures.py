"""Figures with their intervals, as the operator's pages write them."""

from __future__ import annotations

from django import template

from dashboard.intervals import Estimate

register = template.Library()


@register.filter
def figure(estimate: Estimate, unit: str) -> str:
    """Return the value with its unit: "12.3 %", "4.1 s"; a dash where there is none."""
    return "–" if estimate.value is None else _written(estimate.value, unit)


@register.filter
def interval(estimate: Estimate, unit: str) -> str:
    """Return the 95 % interval, "11.0 to 13.5 %", or nothing where there is none."""
    if estimate.low is None or estimate.high is None:
        return ""
    return f"{_written(estimate.low, unit).split()[0]} to {_written(estimate.high, unit)}"


@register.filter
def signed(estimate: Estimate, unit: str) -> str:
    """Return a difference with its sign."""
    text = figure(estimate, unit)
    return f"+{text}" if estimate.value is not None and estimate.value > 0 else text


def _written(value: float, unit: str) -> str:
    if unit == "%":
        return f"{100 * value:.1f} %"
    return f"{value:.2f}" if unit == "stars" else f"{value:.1f} {unit}"
