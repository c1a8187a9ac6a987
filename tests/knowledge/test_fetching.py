"""The client that reads strangers' addresses, against a real server."""

from __future__ import annotations

import gzip
import ipaddress
import time

import pytest

from knowledge.fetching import (
    BlockedAddressError,
    FetchError,
    FetchPolicy,
    TemporaryFetchError,
    Validators,
    fetch,
)
from knowledge.fetching.addresses import is_public, parse_url
from knowledge.fetching.robots import check_robots

HTML = "<html><body><p>Corduroy has ridges that are called wales.</p></body></html>"


def test_a_page_is_read_and_sends_nothing_about_us(site, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    site.page("/a?b=c", HTML, ETag='"1"', Set_Cookie="spy=1")
    for _ in range(2):
        got = fetch(site.url("/a?b=c"), policy=site.policy())
    assert got.body.decode() == HTML
    assert got.validators.etag == '"1"'
    headers = site.asked[-1][1]
    assert headers["Host"] == f"site.example:{site.port}"
    assert not {"Cookie", "Authorization", "Referer"} & set(headers)


def test_an_unchanged_page_is_not_sent_again(site):
    site.page("/", HTML, ETag='"7"')
    got = fetch(site.url(), policy=site.policy(), validators=Validators(etag='"7"'))
    assert got.not_modified
    assert got.body == b""


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.1", "0x7f.1", "0x7f000001", "2130706433", "0177.0.0.1", "017700000001"),
        *("127.0.0.1.", "0", "0.0.0.0", "10.0.0.8", "172.16.3.4", "192.168.0.1", "100.64.0.1"),
        *("169.254.169.254", "224.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.7"),
        *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[fe80::1]"),
        *("[fd00::1]", "[ff02::1]", "[2002:7f00:1::]", "[64:ff9b::7f00:1]", "[64:ff9b:1::1]"),
        *("[fe80::1%25eth0]", "[2001:0:7f00:1::]", "１２７.0.0.1", "①②⑦.0.0.1", "127。0。0。1"),
    ],
)
def test_our_own_network_is_never_asked(host):
    with pytest.raises(FetchError):
        fetch(f"http://{host}/", policy=FetchPolicy(total_s=1.0, connect_s=0.5))


@pytest.mark.parametrize(
    "url",
    [
        *("file:///etc/passwd", "gopher://a.example/", "ftp://a.example/", "javascript:alert(1)"),
        *(
            "http://",
            "http:///x",
            "//a.example/",
            "http://user@a.example/",
            "http://a:b@a.example/",
        ),
        *("http://a.example:22/", "http://a.example:8000/", "http://a.example:99999/"),
        *("http://a.example\\@127.0.0.1/", "http://a.example/\r\nHost: b", "http://a .example/"),
        *("http://a%00.example/", "http://127.0.0.1%2f@a.example/", "http://[::1", "x" * 2000),
    ],
)
def test_odd_addresses_are_refused_before_anything_is_asked(url):
    asked = []
    policy = FetchPolicy(resolver=lambda host, port: asked.append(host) or [])
    with pytest.raises(FetchError):
        fetch(url, policy=policy)
    assert asked == []


def test_names_in_other_scripts_are_read_as_their_ascii_form():
    assert parse_url("https://Bücher.example/ä b".replace(" ", "%20")).url == (
        "https://xn--bcher-kva.example/%C3%A4%20b"
    )


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111"])
def test_public_addresses_pass(address):
    assert is_public(ipaddress.ip_address(address))


def test_a_name_of_which_one_answer_is_private_is_refused(site):
    policy = site.policy(resolver=lambda host, port: ["127.0.0.1", "10.0.0.1"])
    with pytest.raises(BlockedAddressError):
        fetch(site.url(), policy=policy)
    assert site.asked == []


def test_a_name_that_changes_its_answer_cannot_move_the_connection(site):
    """The name is asked once; the connection goes to the number that was checked."""
    site.page("/", HTML)
    answers = iter([["127.0.0.1"], ["169.254.169.254"]])
    got = fetch(site.url(), policy=site.policy(resolver=lambda host, port: next(answers)))
    assert got.body
    assert next(answers) == ["169.254.169.254"]


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:127.0.0.1]/",
        "http://0x7f.1/",
        "file:///etc/passwd",
        "//10.0.0.1/",
        "http://site.example:25/",
        "http://user@site.example/",
    ],
)
def test_a_redirect_is_checked_like_the_first_address(site, location):
    site.redirect("/", location)
    with pytest.raises(FetchError):
        fetch(site.url(), policy=site.policy())
    assert [path for path, _ in site.asked] == ["/"]


def test_redirects_are_followed_up_to_five_times(site):
    for number in range(5):
        site.redirect(f"/{number}", f"/{number + 1}", 301 + number % 3)
    site.page("/5", HTML)
    assert fetch(site.url("/0"), policy=site.policy()).url.endswith("/5")
    site.redirect("/round", "/round")
    with pytest.raises(FetchError, match="without end"):
        fetch(site.url("/round"), policy=site.policy())
    assert sum(path == "/round" for path, _ in site.asked) == 6


def test_a_page_may_not_be_larger_than_said(site):
    small = site.policy(max_wire_bytes=1000)
    site.page("/honest", b"x" * 2000, "text/plain")
    site.pages["/liar"] = _endless
    for path in ("/honest", "/liar"):
        with pytest.raises(FetchError, match="larger"):
            fetch(site.url(path), policy=small)


def _endless(handler):
    handler.send_response(200)
    handler.send_header("Content-Type", "text/plain")
    handler.end_headers()
    for _ in range(1000):
        handler.wfile.write(b"x" * 1000)


def test_a_gzip_bomb_is_stopped_while_it_unpacks(site):
    bomb = gzip.compress(b"\0" * 50_000_000)
    site.page("/", bomb, "text/plain", Content_Encoding="gzip")
    with pytest.raises(FetchError, match="larger"):
        fetch(site.url(), policy=site.policy(max_body_bytes=100_000))


def test_packed_pages_are_unpacked_and_damaged_ones_refused(site):
    packed = gzip.compress(HTML.encode())
    site.page("/ok", packed, Content_Encoding="gzip")
    site.page("/cut", packed[:-9], Content_Encoding="gzip")
    site.page("/odd", packed, Content_Encoding="br")
    assert fetch(site.url("/ok"), policy=site.policy()).body == HTML.encode()
    for path in ("/cut", "/odd"):
        with pytest.raises(FetchError):
            fetch(site.url(path), policy=site.policy())


@pytest.mark.parametrize("where", ["headers", "body"])
def test_a_site_that_drips_is_left(site, where):
    """Each byte comes in time; the whole does not."""

    def drip(handler):
        start = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
        handler.wfile.write(start if where == "headers" else start + b"\r\n")
        until = time.monotonic() + 20
        while time.monotonic() < until:
            handler.wfile.write(b"a" if where == "body" else b"X-A: b\r\n")
            handler.wfile.flush()
            time.sleep(0.2)

    site.pages["/"] = drip
    with pytest.raises(FetchError):
        fetch(site.url(), policy=site.policy(total_s=1.0))


def test_only_kinds_that_weft_reads(site):
    site.page("/", b"MZ", "application/octet-stream")
    with pytest.raises(FetchError, match="kind"):
        fetch(site.url(), policy=site.policy())


def test_what_may_work_later_says_when(site):
    site.pages["/"] = (503, {"Retry-After": "120"}, b"")
    with pytest.raises(TemporaryFetchError) as raised:
        fetch(site.url(), policy=site.policy())
    assert raised.value.retry_after_s == 120


@pytest.mark.parametrize("answer", [b"", b"garbage\r\n\r\n", b"HTTP/1.1 200\r\n" + b"A" * 70_000])
def test_nonsense_is_a_sentence(site, answer):
    site.pages["/"] = lambda handler: handler.wfile.write(answer)
    with pytest.raises(FetchError):
        fetch(site.url(), policy=site.policy())


def test_a_closed_port_is_a_sentence(site):
    with pytest.raises(TemporaryFetchError):
        fetch("http://site.example:80/", policy=site.policy(connect_s=1.0))


def test_the_certificate_must_be_for_the_name_that_was_asked_for(site):
    """A plain server on a TLS address never gets as far as a request."""
    url = site.url().replace("http:", "https:")
    with pytest.raises(FetchError):
        fetch(url, policy=site.policy())
    assert site.asked == []


def test_robots_are_asked_and_heeded(site):
    site.page("/robots.txt", "User-agent: *\nDisallow: /private/\n", "text/plain")
    check_robots(site.url("/public"), site.policy())
    with pytest.raises(BlockedAddressError, match="robots"):
        check_robots(site.url("/private/x"), site.policy())
    del site.pages["/robots.txt"]
    check_robots(site.url("/private/x"), site.policy())
