"""How long our answers took, counted in buckets: those of several hours can be added."""

from collections.abc import Sequence

# Milliseconds. The first bucket is what took less than the first of them, the last one what took
# the last of them or more: past 2 s a provider heard no verdict.
BOUNDS = (5, 10, 20, 30, 50, 75, 100, 150, 200, 300, 500, 750, 1_000, 1_500, 2_000)
BUCKETS = len(BOUNDS) + 1


def added(several: Sequence[Sequence[int]]) -> list[int]:
    """One count by bucket of all of them."""
    return [sum(bucket) for bucket in zip(*several, strict=True)] if several else [0] * BUCKETS


def over(answered: Sequence[int], milliseconds: int) -> int:
    """How many took this long or longer. Raises ValueError where no bucket starts there."""
    return sum(answered[BOUNDS.index(milliseconds) + 1 :])


def percentile(answered: Sequence[int], share: int = 95) -> str:
    """What `share` percent of the answers took less than, as exactly as buckets tell; "" where
    there are none."""
    needed = -(-sum(answered) * share // 100)  # Rounded up.
    if not needed:
        return ""
    seen = 0
    for bound, count in zip(BOUNDS, answered[:-1], strict=True):
        seen += count
        if seen >= needed:
            return f"< {bound:,} ms"
    return f"≥ {BOUNDS[-1]:,} ms"
