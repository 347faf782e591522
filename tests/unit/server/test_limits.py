"""The token bucket, by a clock that we turn."""

import pytest

from sociogram.server.limits import MOST, Bucket, RateLimits


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


def test_to_look_costs_nothing():
    bucket = Bucket(rate=1.0, burst=1.0, clock=lambda: 0.0)
    assert [bucket.wait(0) for _ in range(3)] == [0, 0, 0]
    assert bucket.wait() == 0
    assert bucket.wait(0) == pytest.approx(1.0)


def test_only_so_many_names_are_remembered():
    limits = RateLimits(rate=1e-6, burst=1.0)
    for i in range(3 * MOST):
        limits.wait(str(i))
    assert MOST / 2 <= len(limits._buckets) <= MOST
    assert limits.wait(str(3 * MOST - 1)) > 0  # who came last is not forgotten
    quick = RateLimits(rate=1e6, burst=1.0)
    for i in range(MOST + 1):
        quick.wait(str(i))
    assert len(quick._buckets) < MOST
