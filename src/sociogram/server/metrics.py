"""What Prometheus reads: requests by route and status, their seconds, how many are under way."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)


class Metrics:
    """Figures of one server; routes are templates, so that no user's key becomes a label."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "sociogram_requests", "Requests answered", ("route", "method", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "sociogram_request_seconds",
            "From the request's head to the end of the answer",
            ("route",),
            registry=self.registry,
            buckets=BUCKETS,
        )
        self.under_way = Gauge("sociogram_requests_under_way", "Requests being answered", registry=self.registry)

    def text(self) -> bytes:
        """In Prometheus' text format."""
        return generate_latest(self.registry)
