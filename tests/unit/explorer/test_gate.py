"""Who comes in, and what a browser is told: sign-in, cookies, links with a code, websockets, headers."""

import re

import pytest
from starlette.websockets import WebSocketDisconnect

from sociogram.explorer.signin import TRIES
from sociogram.explorer.site import CODE_S, PREFIX, Codes

SOCKET = f"ws://localhost:8765{PREFIX}/_nicegui_ws/socket.io/?EIO=4&transport=websocket"


@pytest.fixture(autouse=True)
def tries():
    TRIES._buckets.clear()


def test_a_code_is_good_once_and_not_for_long():
    now = [0.0]
    codes = Codes(lambda: now[0])
    first, second = codes.new(), codes.new()
    assert first != second
    assert codes.take(first)
    assert not codes.take(first)
    now[0] = CODE_S + 1
    assert not codes.take(second)
    assert not codes.take("guess")


def test_who_is_not_signed_in_sees_the_sign_in_and_nothing_else(browse, site_of, ring):
    ring.add("a", "read")
    with browse(site_of(ring)) as client:
        for path in ("/people?tag=x&tag=y", "/person/a%2Fb", "/start", "/no/such/page"):
            answer = client.get(PREFIX + path)
            assert answer.status_code == 303
            assert answer.headers["location"].startswith(f"{PREFIX}/signin?next=")
        for path in ("/_nicegui/auto/static/nope.js", "/_nicegui/client/x/upload/1"):
            assert client.get(PREFIX + path, headers={"Accept": "*/*"}).status_code == 401
        assert client.post(f"{PREFIX}/_nicegui/client/x/upload/1", content=b"x").status_code == 401
        page = client.get(f"{PREFIX}/signin", params={"next": '/people"><script>alert(1)</script>'})
        assert page.status_code == 200
        assert "<script" not in page.text
        assert not re.search(r"(src|href)=.?https?:", page.text)


def test_signing_in_with_a_key_and_out_again(browse, site_of, ring):
    key = ring.add("ada", "read")
    with browse(site_of(ring)) as client:
        assert client.post(f"{PREFIX}/signin", data={"key": "sg_wrong"}).status_code == 403
        answer = client.post(f"{PREFIX}/signin", data={"key": key, "next": "/people?q=x"})
        assert (answer.status_code, answer.headers["location"]) == (303, f"{PREFIX}/people?q=x")
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert key not in answer.headers["set-cookie"]
        page = client.get(f"{PREFIX}/people")
        assert page.status_code == 200
        assert "default-src 'self'" in page.headers["content-security-policy"]
        assert "connect-src 'self' ws://localhost:8765 wss://localhost:8765;" in page.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        assert client.post(f"{PREFIX}/signout").status_code == 303
        assert client.get(f"{PREFIX}/people").status_code == 303
        client.post(f"{PREFIX}/signin", data={"key": key})
        assert client.get(f"{PREFIX}/people").status_code == 200
        ring.remove("ada")
        assert client.get(f"{PREFIX}/people").status_code == 303


@pytest.mark.parametrize("next", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_signing_in_never_leads_elsewhere(browse, site_of, ring, next):
    key = ring.add("ada", "read")
    with browse(site_of(ring)) as client:
        answer = client.post(f"{PREFIX}/signin", data={"key": key, "next": next})
        assert answer.headers["location"] == f"{PREFIX}/"


def test_the_terminals_link_signs_in_once(browse, site_of, ring):
    ring.add("a", "admin")
    site = site_of(ring)
    code = site.codes.new()
    with browse(site) as client:
        assert client.get(f"{PREFIX}/signin", params={"code": code}).status_code == 303
        assert client.get(f"{PREFIX}/start").status_code == 200
        client.cookies.clear()
        again = client.get(f"{PREFIX}/signin", params={"code": code})
        assert again.status_code == 403
        assert "used already" in again.text


def test_guessing_keys_is_slow(browse, site_of, ring):
    ring.add("a", "read")
    with browse(site_of(ring)) as client:
        codes = [client.post(f"{PREFIX}/signin", data={"key": f"sg_{i}"}).status_code for i in range(14)]
        assert codes[0] == 403
        assert codes[-1] == 429


def test_a_link_from_elsewhere_is_opened_again_from_here(browse, site_of, ring):
    ring.add("a", "read")
    with browse(site_of(ring)) as client:
        answer = client.get(f"{PREFIX}/people?q=a%22b", headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 200
        assert f'content="0;url={PREFIX}/people?q=a%22b"' in answer.text


def test_websockets_need_a_session_a_name_and_an_origin_of_ours(browse, site_of, ring):
    key = ring.add("ada", "read")
    own = {"Origin": "http://localhost:8765", "Host": "localhost:8765", "Upgrade": "websocket"}
    with browse(site_of(ring)) as client:
        with pytest.raises(WebSocketDisconnect), client.websocket_connect(SOCKET, headers=own):
            pass
        client.post(f"{PREFIX}/signin", data={"key": key})
        with client.websocket_connect(SOCKET, headers=own) as socket:
            assert socket.receive_text().startswith("0{")
        for headers in (
            own | {"Origin": "https://evil.example"},
            own | {"Origin": "null"},
            own | {"Origin": "http://localhost:3000"},
            own | {"Host": "evil.example"},
        ):
            with pytest.raises(WebSocketDisconnect), client.websocket_connect(SOCKET, headers=headers):
                pass


def test_the_api_answers_as_before(browse, site_of, ring):
    ring.add("a", "read")
    with browse(site_of(ring)) as client:
        assert client.get("/v1/health").json() == {"status": "well"}
        assert client.get("/v1/runs").status_code == 401
        assert client.get("/v1/nothing").headers["content-type"] == "application/problem+json"
        assert client.delete("/v1/health").status_code == 405
        assert client.get("/").headers["location"] == f"{PREFIX}/people"


def test_the_secret_of_the_cookies_is_its_owners_alone(browse, site_of, tmp_path):
    with browse(site_of()):
        secret = tmp_path / "session.secret"
        assert secret.stat().st_mode & 0o777 == 0o600
        assert len(secret.read_text()) > 40


def test_language_and_theme_are_kept_in_the_session(browse, site_of):
    with browse(site_of()) as client:
        assert '<html lang="en-US"' in client.get(f"{PREFIX}/people").text
        assert client.get(f"{PREFIX}/prefer?lang=zh&dark=on&next=/people").headers["location"] == f"{PREFIX}/people"
        page = client.get(f"{PREFIX}/people").text
        assert '<html lang="zh-CN"' in page
        assert "人群" in page
        client.cookies.clear()
        assert '<html lang="zh-CN"' in client.get(f"{PREFIX}/people", headers={"Accept-Language": "zh-TW,en"}).text
