"""Options of a fault: words and numbers, each used or refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adapters.gateway_sim.core import Core
    from adapters.gateway_sim.faults import Rule


class Options:
    """What was given with a fault; `ValueError` for a value or a name that means nothing."""

    def __init__(self, fault: str, given: dict[str, str | float | bool]) -> None:
        self._fault = fault
        self._left = dict(given)

    def choice(self, name: str, *allowed: str) -> str:
        """A word out of `allowed`; the first one if it is not given."""
        value = str(self._left.pop(name, allowed[0]))
        if value not in allowed:
            raise ValueError(f"{self._fault}: {name} is one of {', '.join(allowed)}")
        return value

    def word(self, name: str, default: str = "") -> str:
        """Any word."""
        return str(self._left.pop(name, default))

    def number(self, name: str, default: float) -> float:
        """A number."""
        return float(self._left.pop(name, default))

    def whole(self, name: str, default: int) -> int:
        """A whole number."""
        return int(self.number(name, default))

    def flag(self, name: str, default: bool = False) -> bool:
        """Yes or no."""
        return str(self._left.pop(name, default)).lower() in ("1", "true", "yes")

    def exhausted(self) -> None:
        """Refuse what nobody asked for."""
        if self._left:
            raise ValueError(f"{self._fault} has no option {', '.join(sorted(self._left))}")


Maker = Callable[["Core", "Rule", Options], None]
