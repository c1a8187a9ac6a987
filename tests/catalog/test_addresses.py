"""Addresses put together from parts are those that Django would write."""

from __future__ import annotations

import pytest
from django.template import Context, Template
from django.urls import reverse

from common.addresses import address


@pytest.mark.parametrize(
    ("name", "rest"),
    [
        ("catalog:item", ()),
        ("feed:why", ()),
        ("feed:react", ()),
        ("moderation:report", ()),
        ("catalog:media", ("poster", "jpg")),
        ("catalog:media", ("captions", "vtt")),
    ],
)
@pytest.mark.parametrize("pk", [1, 42, 9_000_000_000])
def test_an_address_is_what_the_pattern_says(name, rest, pk):
    assert address(name, pk, *rest) == reverse(name, args=[pk, *rest])


def test_templates_write_it_with_a_filter():
    template = Template("{% load addresses %}{{ pk|at:'feed:why' }}")
    assert template.render(Context({"pk": 7})) == reverse("feed:why", args=[7])
