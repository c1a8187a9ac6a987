"""Media on S3: against moto's S3 server, through the same storage calls."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from moto.server import ThreadedMotoServer


@pytest.fixture
def s3(monkeypatch, settings) -> Iterator[str]:
    """An S3 server with an empty bucket, put in place of the local media folder."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    url = f"http://127.0.0.1:{port}"
    client = boto3.client("s3", endpoint_url=url, region_name="us-east-1")
    client.create_bucket(Bucket="weft-media")
    options = {"bucket_name": "weft-media", "endpoint_url": url, "region_name": "us-east-1"}
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": {**options, "querystring_expire": 300, "file_overwrite": False},
        },
    }
    yield url
    server.stop()


def test_a_file_goes_to_the_bucket_and_comes_back_by_signed_address_only(s3):
    storage = storages["default"]
    name = storage.save("assets/one.jpg", ContentFile(b"bytes"))
    assert storage.open(name).read() == b"bytes"
    address = storage.url(name)
    assert address.startswith(s3)
    assert "Signature=" in address
