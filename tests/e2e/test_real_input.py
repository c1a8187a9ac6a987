"""The main job on real photographs and videos: import, like, ask, made, reviewed, shown."""

from __future__ import annotations

import json
import time
import urllib.request
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.running_site import Site

pytestmark = [pytest.mark.data, pytest.mark.worker, pytest.mark.slow]
PHOTOGRAPHS = 60
LIKES = 10


class Client:
    """The API as one person, by token."""

    def __init__(self, site: Site, username: str) -> None:
        self.site = site
        script = (
            "from rest_framework.authtoken.models import Token; from accounts.models import User;"
            f"print(Token.objects.get_or_create(user=User.objects.get(username='{username}'))[0].key)"
        )
        self.token = site.manage("shell", "-v", "0", "-c", script).strip().splitlines()[-1]

    def call(self, path: str, body: dict[str, Any] | None = None, method: str | None = None) -> Any:
        request = urllib.request.Request(
            f"{self.site.url}/api/v1/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Token {self.token}", "Content-Type": "application/json"},
            method=method or ("GET" if body is None else "POST"),
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.loads(response.read() or b"null")

    def wait_for(self, path: str, done: Any, seconds: float = 240) -> Any:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            answer = self.call(path)
            if done(answer):
                return answer
            time.sleep(1)
        raise AssertionError(f"{path} did not get there: {answer}")


def test_import_like_ask_make_review_show(site: Site, shared_data: Path):
    imported = site.manage(
        "import_catalog", str(shared_data / "wardrobe"), "--limit", str(PHOTOGRAPHS)
    )
    assert "imported" in imported
    assert "imported" in site.manage("import_catalog", str(shared_data / "videos"))
    again = site.manage(
        "import_catalog", str(shared_data / "wardrobe"), "--limit", str(PHOTOGRAPHS)
    )
    assert again.startswith("0 imported")

    viewer = Client(site, "viewer")
    moderator = Client(site, "moderator")
    photographs = _published_photographs(viewer, moderator)
    for item in photographs[:LIKES]:
        viewer.call(f"items/{item}/reactions/", {"kind": "like"})

    turn = viewer.call(
        "conversations/turns/",
        {"text": "please make me a green hoodie", "request_key": str(uuid.uuid4())},
    )
    job_id = _job_of(turn)
    job = viewer.wait_for(f"jobs/{job_id}/", _settled)["progress"]
    assert job["state"] == "done", job
    if job["item_state"] == "in_review":
        _approve(moderator, job["item_id"])
    made = viewer.call(f"items/{job['item_id']}/")
    assert made["origin"] == "ai"
    assert made["garment_type"] == "hoodie"
    assert "green" in made["colours"]
    file = urllib.request.urlopen(f"{site.url}{made['assets'][0]['url']}", timeout=30).read()
    assert _verified(site, file)


def _settled(job: Any) -> bool:
    progress = job["progress"]
    if progress["state"] != "done":
        return progress["state"] in ("failed", "cancelled")
    return progress["item_state"] not in ("draft", "pending")


def _published_photographs(viewer: Client, moderator: Client) -> list[int]:
    """Wait until photographs are screened; a person lets through those that were held."""
    deadline = time.monotonic() + 400
    while time.monotonic() < deadline:
        found = [
            item["id"]
            for item in viewer.call("items/?limit=50")["results"]
            if (item["owner"] or "").startswith("wardrobe-")
        ]
        if len(found) >= LIKES:
            return found
        for case in moderator.call("reviews/?limit=20")["results"]:
            _decide(moderator, case["id"])
        time.sleep(2)
    raise AssertionError("too few photographs came through screening")


def _approve(moderator: Client, item_id: int) -> None:
    for case in moderator.call("reviews/?limit=100")["results"]:
        if case["item"]["id"] == item_id:
            _decide(moderator, case["id"])


def _decide(moderator: Client, case_id: int) -> None:
    moderator.call(f"reviews/{case_id}/claim/", {})
    moderator.call(f"reviews/{case_id}/decide/", {"action": "publish"})


def _job_of(turn: Any) -> int:
    found = [one["job_id"] for one in turn.get("turns", [turn]) if one.get("job_id")]
    assert found, f"nothing is being made: {turn}"
    return int(found[-1])


def _verified(site: Site, file: bytes) -> bool:
    """Ask the public check about the delivered file; return whether it knows both marks."""
    boundary = uuid.uuid4().hex
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    ).encode()
    request = urllib.request.Request(
        f"{site.url}/api/v1/verify/",
        data=body + file + f"\r\n--{boundary}--\r\n".encode(),
        headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        report = json.loads(response.read())
    found = {layer["name"]: layer["state"] for layer in report["layers"]}
    return found["Watermark"] == found["Signed manifest"] == "found"
