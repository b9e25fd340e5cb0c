"""How long something takes: quantiles from a small histogram, without a list of all values."""

from collections.abc import Mapping
from math import log2

STEPS = 8
"""Buckets per doubling, so that a quantile is within 5 % of the true one."""

MOST = 20_000
"""At this total all counts are halved, so that new durations weigh more than old ones."""


class Durations:
    """Durations in milliseconds, counted in buckets whose bounds grow by the same factor."""

    def __init__(self, counts: Mapping[int, int] | None = None) -> None:
        """Begin with counts by bucket, as `counts` holds them."""
        self.counts: dict[int, int] = dict(counts or {})
        self.total = sum(self.counts.values())

    def add(self, milliseconds: int) -> None:
        """Count one duration; less than a millisecond counts as one."""
        bucket = int(log2(max(1, milliseconds)) * STEPS)
        self.counts[bucket] = self.counts.get(bucket, 0) + 1
        self.total += 1
        if self.total >= MOST:
            self.counts = {bucket: count // 2 for bucket, count in self.counts.items() if count > 1}
            self.total = sum(self.counts.values())

    def quantile(self, share: float) -> float | None:
        """Return the seconds within which this share of all were done; None if there are none."""
        wanted = share * self.total
        reached = 0
        for bucket in sorted(self.counts):
            reached += self.counts[bucket]
            if reached >= wanted:
                return float(round(2 ** ((bucket + 0.5) / STEPS) / 1000, 5))
        return None
