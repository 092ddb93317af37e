"""How fast it went, as numbers that a report can name."""

from collections.abc import Sequence

from providers.simulators.traffic import Traffic


def answers(traffic: Traffic) -> dict[str, float]:
    seconds = max(traffic.sending_seconds, 0.001)
    deliveries = sum(one.deliveries for one in traffic.tallies.values())
    return {
        "seconds": round(seconds, 1),
        "reached": round(traffic.agenda.arrivals / seconds, 1),
        "deliveries": round(deliveries / seconds, 1),
        **_percentiles(traffic.seconds_to_answer),
    }


def polls(traffic: Traffic) -> dict[str, float]:
    asked = sum(one.polls for one in traffic.tallies.values())
    a_second = round(asked / max(traffic.sending_seconds, 0.001), 1)
    return {"a_second": a_second, **_percentiles(traffic.seconds_to_tell)}


def _percentiles(seconds: Sequence[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    return {f"p{percent}_ms": _percentile(ordered, percent) for percent in (50, 95, 99)}


def _percentile(ordered: Sequence[float], percent: int) -> float:
    """In milliseconds; 0 if there is nothing to order."""
    if not ordered:
        return 0.0
    return round(1000 * ordered[min(len(ordered) - 1, len(ordered) * percent // 100)], 1)
