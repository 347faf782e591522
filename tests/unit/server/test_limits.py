"""The token bucket, by a clock that we turn."""

import pytest

from sociogram.server.limits import Bucket, RateLimits


def test_a_burst_then_the_rate():
    now = [0.0]
    bucket = Bucket(rate=2.0, burst=3.0, clock=lambda: now[0])
    assert [bucket.wait() for _ in range(3)] == [0, 0, 0]
    assert bucket.wait() == pytest.approx(0.5)
    now[0] = 0.5
    assert bucket.wait() == 0
    assert bucket.wait() == pytest.approx(0.5)
    now[0] = 100.0
    assert [bucket.wait() for _ in range(4)] == [0, 0, 0, pytest.approx(0.5)]


def test_each_name_has_its_own():
    limits = RateLimits(rate=1.0, burst=1.0)
    assert limits.wait("a") == 0
    assert limits.wait("a") > 0
    assert limits.wait("b") == 0
