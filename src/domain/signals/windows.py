"""Rolling windows whose answers do not depend on how long they have been rolling.

Integer sums are exact, medians are of the very values kept: adding the new and
subtracting the old gives what a fresh computation over the window gives.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass, field


def clamp(x: float, low: float, high: float) -> float:
    """`x` moved into low..high."""
    return low if x < low else high if x > high else x


@dataclass(slots=True)
class IntWindow:
    """The newest `size` integers, oldest first, with their exact sum and sum of squares."""

    size: int
    items: list[int] = field(default_factory=list)
    total: int = field(init=False)
    squares: int = field(init=False)

    def __post_init__(self) -> None:
        if len(self.items) > self.size:
            raise ValueError(f"{len(self.items)} values in a window of {self.size}")
        self.total = sum(self.items)
        self.squares = sum(x * x for x in self.items)

    def push(self, x: int) -> None:
        """Take `x`; the oldest value leaves a full window."""
        self.items.append(x)
        self.total += x
        self.squares += x * x
        if len(self.items) > self.size:
            old = self.items.pop(0)
            self.total -= old
            self.squares -= old * old

    def mean(self) -> float:
        """The mean of what is in the window, which must not be empty."""
        return float(self.total) / float(len(self.items))

    def variance(self) -> float:
        """The population variance of what is in the window, which must not be empty."""
        n = len(self.items)
        return max(0.0, float(n * self.squares - self.total * self.total) / float(n * n))


@dataclass(slots=True)
class MedianWindow:
    """The newest `size` floats, oldest first, with their median."""

    size: int
    items: list[float] = field(default_factory=list)
    _ordered: list[float] = field(init=False)

    def __post_init__(self) -> None:
        if len(self.items) > self.size:
            raise ValueError(f"{len(self.items)} values in a window of {self.size}")
        self._ordered = sorted(self.items)

    def push(self, x: float) -> None:
        """Take `x`; the oldest value leaves a full window."""
        self.items.append(x)
        insort(self._ordered, x)
        if len(self.items) > self.size:
            old = self.items.pop(0)
            del self._ordered[bisect_left(self._ordered, old)]

    def median(self) -> float:
        """The median, the mean of the middle two of an even count; must not be empty."""
        n = len(self._ordered)
        if n % 2:
            return self._ordered[n // 2]
        return (self._ordered[n // 2 - 1] + self._ordered[n // 2]) / 2.0


@dataclass(slots=True)
class Wilder:
    """Wilder's average: the mean of the first `n` values, then (average*(n-1) + x)/n."""

    n: int
    count: int = 0
    level: float = 0.0  # the running sum until `n` values are in, the average from then on

    def push(self, x: float) -> None:
        """Take one value."""
        if self.count >= self.n:
            self.level = (self.level * (self.n - 1) + x) / self.n
            return
        self.level += x
        self.count += 1
        if self.count == self.n:
            self.level /= self.n

    def average(self) -> float | None:
        """The average, None before `n` values."""
        return self.level if self.count >= self.n else None


@dataclass(slots=True)
class RunningMean:
    """A mean over values taken in order."""

    total: float = 0.0
    count: int = 0

    def push(self, x: float) -> None:
        """Take one value."""
        self.total += x
        self.count += 1

    def mean(self) -> float:
        """The mean; at least one value must have been taken."""
        return self.total / self.count


def push_bounded(items: list[float], x: float, size: int) -> None:
    """Append `x` to `items` and drop the oldest beyond `size`."""
    items.append(x)
    if len(items) > size:
        del items[0]
