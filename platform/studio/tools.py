"""The editor's tools: which there are for an item, their forms, and what each asks for."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404

from accounts.models import User
from catalog.models import Frame, Item, ItemQuerySet
from generation.models import Job
from recommender.services import liked_items
from studio.forms import (
    ClipForm,
    FacesForm,
    ReviseForm,
    StyleForm,
    ThumbnailForm,
    ToolForm,
    WordsForm,
)
from studio.services import (
    request_blur,
    request_clip,
    request_edit,
    request_style,
    request_thumbnail,
)

MAX_EXEMPLARS = 12


@dataclass(frozen=True)
class Tool:
    """One tab of the editor. `run` queues its job from the cleaned form."""

    name: str
    label: str
    icon: str
    hint: str
    button: str
    form: type[ToolForm]
    run: Callable[[User, Item, dict[str, Any]], Job]


def _words(user: User, item: Item, said: dict[str, Any]) -> Job:
    return request_edit(
        user=user,
        item=item,
        instruction=said["instruction"],
        strength=said["strength"],
        edit=said.get("edit", ""),
        mask_png=said.get("mask_png", ""),
        upscale=said.get("upscale") or 1,
        delete_after_view=said["delete_after_view"],
        request_key=said["request_key"],
    )


def _style(user: User, item: Item, said: dict[str, Any]) -> Job:
    return request_style(
        user=user,
        item=item,
        style=said["style"],
        degree=said["degree"],
        exemplar_id=said["exemplar"] if said["style"] == "exemplar" else None,
        delete_after_view=said["delete_after_view"],
        request_key=said["request_key"],
    )


def _clip(user: User, item: Item, said: dict[str, Any]) -> Job:
    names = ("audience", "window", "start_s", "end_s", "delete_after_view", "request_key")
    return request_clip(user=user, item=item, **{name: said[name] for name in names})


def _thumbnail(user: User, item: Item, said: dict[str, Any]) -> Job:
    names = ("instruction", "strength", "delete_after_view", "request_key")
    return request_thumbnail(user=user, item=item, **{name: said[name] for name in names})


def _faces(user: User, item: Item, said: dict[str, Any]) -> Job:
    return request_blur(
        user=user,
        item=item,
        mask_png=said.get("mask_png", ""),
        delete_after_view=said["delete_after_view"],
        request_key=said["request_key"],
    )


FACES = Tool(
    "faces",
    "Blur faces",
    "hide",
    "Faces become coarse blocks that nobody is known by, in a video all through it. In a picture "
    "you can also brush over what was missed. Only the new version is blurred: delete the old one "
    "when you need it no more.",
    "Blur the faces",
    FacesForm,
    _faces,
)
STYLE = Tool(
    "style",
    "Style",
    "edit",
    "Everything stays where it is; only the look changes. Videos keep their sound.",
    "Make it in this style",
    StyleForm,
    _style,
)
TOOLS: dict[str, tuple[Tool, ...]] = {
    Item.Kind.IMAGE: (
        Tool(
            "words",
            "In words",
            "ai",
            "Say what should change; the rest stays. Brush over a part to change only that.",
            "Make a version",
            WordsForm,
            _words,
        ),
        STYLE,
        FACES,
    ),
    Item.Kind.VIDEO: (
        STYLE,
        Tool(
            "clip",
            "Clip",
            "film",
            "Weft finds the part that people of your taste like best, or you set where it starts "
            "and ends. The sound stays.",
            "Cut it",
            ClipForm,
            _clip,
        ),
        Tool(
            "thumbnail",
            "Cover",
            "image",
            "Each viewer sees the frame that suits them. You can also have a cover drawn from the "
            "video.",
            "Draw a cover",
            ThumbnailForm,
            _thumbnail,
        ),
        Tool(
            "revise",
            "Revise",
            "ai",
            "Draws the frames anew by your words, small and without detail yet: best for drawn "
            "clips.",
            "Revise it",
            ReviseForm,
            _words,
        ),
        FACES,
    ),
}


def get_tool(item: Item, name: str) -> Tool:
    """Return the item's tool of this name, the first one for ""; Http404 for any other."""
    tools = TOOLS[item.kind]
    for tool in tools:
        if name in {"", tool.name}:
            return tool
    raise Http404("There is no such tool for this item.")


def build_form(tool: Tool, *, user: User, item: Item, data: Any = None) -> ToolForm:
    """Return the tool's form, empty or with what was sent."""
    extra: dict[str, Any] = {}
    if tool.form is StyleForm:
        extra["exemplars"] = list_exemplars(user, item)
    return tool.form(data, item=item, initial={"request_key": uuid.uuid4()}, **extra)


@dataclass(frozen=True)
class Still:
    """A picture that may become a video's poster: a frame of it, or a cover drawn for it."""

    value: str
    url: str
    label: str


def list_stills(user: User, item: Item) -> list[Still]:
    """Return the video's frames, then the covers drawn for it that are the uploader's."""
    frames = [
        Still(f"frame-{frame.pk}", frame.url, f"At {frame.time_s:.1f} seconds")
        for frame in item.frames.servable().order_by("index")
    ]
    covers = _covers_of(user, item).with_assets().order_by("pk")
    drawn = [
        Still(f"cover-{one.pk}", one.thumb_url, f"Cover, version {one.version}") for one in covers
    ]
    return frames + drawn


def find_still(*, user: User, item: Item, kind: str, number: str) -> Frame | Item:
    """Return the frame or cover of this video that a form names; Http404 for any other."""
    pk = int(number) if number.isdecimal() and len(number) < 18 else 0
    if kind == "frame":
        return get_object_or_404(item.frames.servable(), pk=pk)
    return get_object_or_404(_covers_of(user, item), pk=pk)


def _covers_of(user: User, item: Item) -> ItemQuerySet:
    covers = Item.objects.filter(parent=item, kind=Item.Kind.IMAGE, owner=user)
    return covers.filter(media_state=Item.MediaState.READY)


def list_exemplars(user: User, item: Item) -> list[Item]:
    """Return items whose style may be taken: liked ones, then the person's own."""
    own = Item.objects.filter(owner=user, is_attachment=False).exclude(pk=item.pk)
    own = own.filter(media_state=Item.MediaState.READY)
    liked = [one for one in liked_items(user, MAX_EXEMPLARS) if one.pk != item.pk]
    found = {one.pk: one for one in [*liked, *own.order_by("-created_at")[:MAX_EXEMPLARS]]}
    items = list(found.values())[:MAX_EXEMPLARS]
    return list(Item.objects.with_assets().filter(pk__in=[one.pk for one in items]))
