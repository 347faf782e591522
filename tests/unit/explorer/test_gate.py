"""Who comes in, and what a browser is told: sign-in, cookies, links with a code, websockets, headers."""

import asyncio
import re
import time

import pytest
from starlette.websockets import WebSocketDisconnect

from sociogram.explorer.gate import _paced
from sociogram.explorer.site import CODE_S, PAGES, PREFIX, TRIES, Codes
from sociogram.server.limits import RateLimits

SOCKET = f"ws://localhost:8765{PREFIX}/_nicegui_ws/socket.io/?EIO=4&transport=websocket"


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


def test_guessing_keys_and_codes_is_slow_for_who_guesses(browse, site_of, ring):
    key = ring.add("a", "read")
    site = site_of(ring)
    with browse(site) as client:
        for i in range(TRIES[1]):
            wrong = (
                client.post(f"{PREFIX}/signin", data={"key": f"sg_{i}"})
                if i % 2
                else client.get(f"{PREFIX}/signin", params={"code": f"guess{i}"})
            )
            assert wrong.status_code == 403
        late = client.post(f"{PREFIX}/signin", data={"key": key})
        assert late.status_code == 429
        assert 1 <= int(late.headers["retry-after"]) <= 60 / TRIES[1]
        assert f"Try again in {late.headers['retry-after']} seconds." in late.text
        assert client.get(f"{PREFIX}/signin", params={"code": site.codes.new()}).status_code == 429
        assert client.get(f"{PREFIX}/signin").status_code == 200  # to look costs nothing
        assert site.tries.wait("another client", 0) == 0


def test_right_keys_are_no_tries(browse, site_of, ring):
    key = ring.add("a", "read")
    with browse(site_of(ring)) as client:
        codes = {client.post(f"{PREFIX}/signin", data={"key": key}).status_code for _ in range(2 * TRIES[1])}
        assert codes == {303}


def test_more_pages_than_one_session_may_open_say_when_to_come_back(browse, site_of, ring):
    key = ring.add("a", "read")
    site = site_of(ring)
    site.pages = RateLimits(0.1, PAGES[1])
    with browse(site) as client:
        client.post(f"{PREFIX}/signin", data={"key": key})
        client.headers["Accept-Language"] = "zh"
        assert {client.get(f"{PREFIX}/prefer?dark=on").status_code for _ in range(PAGES[1])} == {303}
        late = client.get(f"{PREFIX}/people")
        assert late.status_code == 429
        seconds = late.headers["retry-after"]
        assert 1 <= int(seconds) <= 10
        assert f"{seconds} 秒后继续" in late.text
        assert f'http-equiv="refresh" content="{seconds}"' in late.text
        assert "default-src 'self'" in late.headers["content-security-policy"]
        machine = client.get(f"{PREFIX}/people", headers={"Accept": "*/*"})
        assert (machine.status_code, machine.headers["content-type"]) == (429, "application/problem+json")
        assert client.get(f"{PREFIX}/_nicegui/nothing.js").status_code == 404  # what belongs to a page is not one


def test_events_beyond_the_rate_wait_for_their_turn():
    sent = ["42[1]", "3", "451-[2]", "3", "42[3]"]

    async def scenario():
        messages = iter(sent)

        async def receive():
            return {"type": "websocket.receive", "text": next(messages)}

        paced, times = _paced(receive, RateLimits(20.0, 1), "a"), []
        for text in sent:
            assert (await paced())["text"] == text  # none is lost, and none overtakes
            times.append(time.monotonic())
        return times

    times = asyncio.run(scenario())
    assert times[1] - times[0] < 0.04
    assert times[2] - times[0] >= 0.045
    assert times[4] - times[0] >= 0.095


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
