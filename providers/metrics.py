"""What Prometheus is told. A provider's path stands in no metric."""

from prometheus_client import Counter, Histogram

CALLBACKS = Counter(
    "cage_callbacks",
    "Deliveries kept, by what became of them.",
    ["provider", "operation", "outcome"],
)
QUERIES = Counter(
    "cage_queries",
    "Balance queries, by how they were answered; none is kept.",
    ["provider", "operation", "answer"],
)
UNAUTHENTIC = Counter("cage_unauthentic", "Deliveries that proved nothing.", ["provider"])
NO_VERDICT = Counter("cage_no_verdict", "Deliveries answered without a database row.", ["provider"])
ANSWER = Histogram(
    "cage_answer_seconds",
    "From the arrival of a delivery to its answer.",
    ["provider"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0),
)
GROUP = Histogram(
    "cage_group",
    "Deliveries that were settled in one transaction.",
    buckets=(1, 2, 4, 8, 16, 32, 64),
)
