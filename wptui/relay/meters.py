"""What the relay counts, for Prometheus (`/metrics`).

One `Meters` a process, handed to the parts that count. prometheus_client is imported when it is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

OUTCOMES = ("stored", "refused", "too_large", "failed", "malformed")
"""What becomes of a webhook POST: 200, 401, 413, 500, and one that broke off."""


class Meters:
    """Counters, gauges and histograms of one relay. Attributes are prometheus_client's metric objects."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        self.registry = registry = CollectorRegistry(auto_describe=True)
        webhooks = Counter("wptui_webhooks", "Webhook deliveries by outcome", ["outcome"], registry=registry)
        self.webhooks = {outcome: webhooks.labels(outcome) for outcome in OUTCOMES}
        self.webhook_seconds = Histogram(
            "wptui_webhook_seconds",
            "From the head of a webhook delivery to the durable answer",
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
            registry=registry,
        )
        self.webhook_bytes = Counter("wptui_webhook_bytes", "Bytes of stored webhook bodies", registry=registry)
        self.events = Counter("wptui_events", "Events appended, by type", ["type"], registry=registry)
        self.parked = Counter("wptui_parked", "Webhook items parked, by reason", ["reason"], registry=registry)
        self.unknown_fields = Counter(
            "wptui_unknown_fields", "Webhook fields this build does not know", ["field"], registry=registry
        )
        self.repeated = Counter("wptui_repeated", "Webhook items that had come before", registry=registry)
        self.backlog = Gauge("wptui_expansion_backlog", "Bodies stored and not yet expanded", registry=registry)
        self.lag = Gauge("wptui_expansion_lag_seconds", "Age of the last body expanded, when it was", registry=registry)
        self.head = Gauge("wptui_log_head", "Number of the last event", registry=registry)
        self.terminals = Gauge("wptui_terminals", "Terminals connected", registry=registry)
        self.queues = Gauge("wptui_queue_length", "Length of the relay's queues", ["queue"], registry=registry)
        self.graph = Counter(
            "wptui_graph_calls", "Graph API calls by kind and outcome", ["kind", "outcome"], registry=registry
        )

    def watch(self, queue: str, length: Callable[[], float]) -> None:
        """Report the length of `queue` by asking `length` when somebody looks."""
        self.queues.labels(queue).set_function(length)

    def exposition(self) -> tuple[bytes, str]:
        """The figures in Prometheus's text format, and its content type."""
        from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

        return generate_latest(self.registry), CONTENT_TYPE_LATEST
