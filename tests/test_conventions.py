"""House rules that a machine can hold."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest
from celery import current_app

ROOT = Path(__file__).resolve().parents[1]
OUR_CODE = [
    path
    for folder in ("platform", "generation", "recommender", "moderation")
    for path in (ROOT / folder).rglob("*.py")
]
SCALARS = {"int", "str", "float", "bool"}


def _our_tasks() -> dict[str, object]:
    current_app.loader.import_default_modules()
    return {
        name: task for name, task in current_app.tasks.items() if not name.startswith("celery.")
    }


def test_there_are_tasks_to_check():
    assert "generation.tasks.run_job_task" in _our_tasks()


@pytest.mark.parametrize("name", sorted(_our_tasks()))
def test_task_is_named_limited_and_takes_scalars(name):
    task = _our_tasks()[name]
    assert name.endswith("_task")
    assert task.soft_time_limit, "a task needs a soft time limit"
    assert task.time_limit > task.soft_time_limit
    assert task.acks_late
    for parameter in inspect.signature(task.run).parameters.values():
        assert str(parameter.annotation) in SCALARS, f"{parameter.name} is no scalar"


def test_tasks_are_enqueued_only_after_commit():
    """`.delay(` and `.apply_async(` would hand out work before its rows are committed."""
    offenders = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in OUR_CODE
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in {"delay", "apply_async"}
    ]
    assert offenders == []


def test_templates_hold_no_inline_script_style_or_handler():
    """The content security policy would block them silently."""
    pattern = re.compile(
        r"<script(?![^>]*\bsrc=)|\sstyle=\"|<style|\son[a-z]+=\"|javascript:", re.I
    )
    offenders = [
        f"{path.relative_to(ROOT)}: {match.group(0)}"
        for path in (ROOT / "templates").rglob("*.html")
        for match in [pattern.search(path.read_text())]
        if match
    ]
    assert offenders == []


def test_no_module_is_a_grab_bag():
    assert [p for p in OUR_CODE if p.stem in {"utils", "helpers"}] == []
