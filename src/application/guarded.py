"""A template from outside behind a guard: whatever it does, the pass of the bar goes on.

A method that raises, or answers what cannot be taken, is a fault: the candidate at hand is
refused with `STRATEGY_FAULT`, the template is not asked again before the next session, and an
open trade of it is left to the rules of the house. Which fault it was becomes an event.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from domain.frame import Regime
from domain.management import HOLD, ExitTrade, Hold, Tighten, TradeView
from domain.recent import MarketContext
from domain.strategies.interface import (
    BOTH,
    NEITHER,
    EntryPlan,
    LearningNote,
    Rejection,
    Setup,
)
from domain.strategies.outside import (
    FAULT,
    BadAnswer,
    Fault,
    Measure,
    Outside,
    exit_of,
    move_of,
    plain,
    plan_of,
    setup_of,
    type_name,
)
from domain.units import Side

_REGIMES: Final = tuple(r.name.lower() for r in Regime)
_REFUSED: Final = Rejection(FAULT, None)
_NO_PLAN: Final[tuple[EntryPlan | Rejection, EntryPlan | Rejection]] = (_REFUSED, _REFUSED)
_NO_MOVE: Final[tuple[Hold | Tighten, Hold | Tighten]] = (HOLD, HOLD)
_NO_EXIT: Final[tuple[Hold | ExitTrade, Hold | ExitTrade]] = (HOLD, HOLD)
T = TypeVar("T")


class Guarded:
    """Implements `domain.strategies.interface.Strategy` around a template from outside.

    `untold` is a fault that no event has told of yet.
    """

    def __init__(self, outside: Outside, measure: Measure) -> None:
        self.name = outside.name
        self.belief = outside.belief
        self.parameters = outside.parameters
        self.untold: Fault | None = None
        self._strategy = outside.strategy
        self._measure = measure
        self._regimes = frozenset(outside.parameters.regimes)
        self._out = False
        self._plans: dict[Side, tuple[MarketContext, Setup, EntryPlan | Rejection]] = {}

    def session_over(self) -> None:
        """The next session finds it as if nothing had happened."""
        self._out = False

    def sides(self, ctx: MarketContext) -> tuple[Side, ...]:
        """Both, in a regime of its own; neither after a fault."""
        return BOTH if not self._out and _REGIMES[ctx.frame.regime] in self._regimes else NEITHER

    def detect(self, ctx: MarketContext, side: Side) -> Setup | None:
        """Its setup; after a fault an empty one, whose plan is refused."""
        band = self._measure.band
        setup = self._asked(
            "detect",
            lambda: self._strategy.detect(ctx, side),
            lambda answer: setup_of(answer, self.name, side, band),
            (None, Setup(self.name, side, None)),
        )
        if setup is not None and not self._out:
            self._plans[side] = (ctx, setup, self._planned(ctx, setup))
        return setup

    def plan_entry(self, ctx: MarketContext, setup: Setup) -> EntryPlan | Rejection:
        """Its plan, if it is one that the rules give; asked together with the setup, so that a
        fault on one side is known before the other is judged."""
        if self._out:
            return _REFUSED
        asked = self._plans.get(setup.side)
        if asked is not None and asked[0] is ctx and asked[1] == setup:
            return asked[2]
        return self._planned(ctx, setup)

    def _planned(self, ctx: MarketContext, setup: Setup) -> EntryPlan | Rejection:
        return self._asked(
            "plan_entry",
            lambda: self._strategy.plan_entry(ctx, setup),
            lambda answer: plan_of(answer, ctx, setup, self.parameters, self._measure),
            _NO_PLAN,
        )

    def plan_management(self, ctx: MarketContext, trade: TradeView) -> Hold | Tighten:
        """Its move of the stop; none after a fault."""
        return self._asked(
            "plan_management",
            lambda: self._strategy.plan_management(ctx, trade),
            lambda answer: move_of(answer, self._measure.band),
            _NO_MOVE,
        )

    def plan_exit(self, ctx: MarketContext, trade: TradeView) -> Hold | ExitTrade:
        """Its exit; none after a fault."""
        return self._asked(
            "plan_exit", lambda: self._strategy.plan_exit(ctx, trade), exit_of, _NO_EXIT
        )

    def post_trade_update(self, decision_id: str, category: str) -> LearningNote:
        """The category: what else it would note is of no use to the house."""
        return LearningNote(self.name, decision_id, category)

    def _asked(
        self,
        method: str,
        ask: Callable[[], object],
        take: Callable[[object], T],
        otherwise: tuple[T, T],
    ) -> T:
        """What can be taken of the answer; `otherwise` is said of a template that is out, and of
        one that has just failed."""
        if self._out:
            return otherwise[0]
        try:
            answer = ask()
        except KeyboardInterrupt:  # a person's, as far as anybody can tell
            raise
        except BaseException as error:  # noqa: BLE001 - whatever it raises, the bar goes on
            self._failed(method, _raised(error))
            return otherwise[1]
        try:
            return take(answer)
        except BadAnswer as error:
            self._failed(method, plain(str(error)))
        except Exception:  # noqa: BLE001 - a value made past its own constructor
            self._failed(method, f"answered a {type_name(answer)} that cannot be read")
        return otherwise[1]

    def _failed(self, method: str, detail: str) -> None:
        self._out = True
        self.untold = Fault(method, detail)


def _raised(error: BaseException) -> str:
    """What was raised and by which line of the template, without what could differ in a replay."""
    told = f"raised {type_name(error)}"
    place = error.__traceback__
    for _ in range(2):  # `_asked`, and the call in it
        place = place and place.tb_next
    if place is None:
        return told
    file = place.tb_frame.f_code.co_filename.rpartition("/")[2]
    return plain(f"{told} at {file}:{place.tb_lineno}")
