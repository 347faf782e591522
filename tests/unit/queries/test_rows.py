"""What a person reads."""

from datetime import UTC, date, datetime

import pytest
from neo4j.time import DateTime

from sociogram.queries.rows import readable


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (35.25308609008789, "35.25"),
        (0.5, "0.5"),
        (1234567.8, "1,234,568"),
        (7, "7"),
        (True, "True"),
        (["English", "French"], "English, French"),
        ([0.25, 1.0 / 3], "0.25, 0.3333"),
        ("12:30:45.678 is no time", "12:30:45.678 is no time"),
        ("2018-03-12T16:58:44.737000000+00:00", "2018-03-12T16:58:44+00:00"),
        (date(2025, 7, 17), "2025-07-17"),
        (datetime(2025, 7, 17, 13, 19, 59, 101000, UTC), "2025-07-17T13:19:59+00:00"),
        (DateTime(2025, 7, 17, 13, 19, 59, 101000000), "2025-07-17T13:19:59"),
    ],
)
def test_a_value_reads_well(value: object, shown: str) -> None:
    assert readable(value) == shown
