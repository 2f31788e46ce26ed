"""Every fault by its name: `arm(core, "F-07")` makes it happen.

Names are those of the fault catalogue, F-01 to F-58; F-56 is missing because a gateway
cannot kill its client. What a name does is the first line of its function. Common options:
`nth` (the first match that counts), `times` (how often), `where` (a predicate on session and
message), `at` (virtual UTC nanoseconds before which it sleeps).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from adapters.gateway_sim import faults_data, faults_fills, faults_link, faults_orders
from adapters.gateway_sim.faults import Rule, Where
from adapters.gateway_sim.options import Maker, Options

if TYPE_CHECKING:
    from adapters.gateway_sim.core import Core

NAMES: Final[dict[str, Maker]] = {
    **faults_link.NAMES,
    **faults_orders.NAMES,
    **faults_fills.NAMES,
    **faults_data.NAMES,
}


def arm(
    core: Core,
    name: str,
    *,
    nth: int = 1,
    times: int | None = None,
    where: Where | None = None,
    at: int | None = None,
    options: Mapping[str, str] | None = None,
    **more: str | float | bool,
) -> Rule:
    """Arm the fault `name`; `KeyError` if there is none of that name.

    What only this fault knows comes as keywords or in `options`.
    """
    maker = NAMES[name]
    rule = Rule(name)
    given = Options(name, {**(options or {}), **more})

    def make() -> None:
        if not rule.armed:
            return
        maker(core, rule, given)
        given.exhausted()
        rule.nth = nth
        if times is not None:
            rule.times = times
        if where is not None:
            before = rule.where
            rule.where = lambda s, m: (before is None or before(s, m)) and where(s, m)
        core.faults.add(rule)

    if at is None or at <= core.market.now:
        make()
    else:
        core.at(at, make)
    return rule


def meaning(name: str) -> str:
    """What the fault `name` does, in one line."""
    return (NAMES[name].__doc__ or "").strip().split("\n", 1)[0]
