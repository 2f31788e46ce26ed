"""What the enabled templates have shown without real money, before LIVE may begin (learning.md 6).

Trades in PAPER, and shadow trades in any mode, count: those of the store that LIVE is to use, and
those of the PAPER store of the same broker.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from adapters.store.reading import Identity, reading
from application.cli.checking import Grade
from application.cli.relearning import TOLD, Relearning
from application.container import RunContainer, store_url
from application.lessons import Lessons
from application.settings import Mode, Settings
from domain.contract_set import Contracts

_LIVE_KIND: Final = "live"
"""How the books name the claims of trades that were no shadows."""


class Shown(NamedTuple):
    """Closed trades by template, and the claims that have turned out too bold."""

    trades: Mapping[str, int]
    warned: frozenset[str]


def experience(container: RunContainer, settings: Settings) -> tuple[Grade, str]:
    """Judge every enabled template. Errors: StoreFailure, DivergedError for an unreadable store."""
    contracts = container.contracts()
    return judged(
        shown(settings, contracts), enabled(contracts), contracts.learning.calibration_min_trades
    )


def judged(found: Shown, templates: tuple[str, ...], least: int) -> tuple[Grade, str]:
    """Fails for a template with fewer than `least` trades, or with an open warning."""
    told, enough = [], True
    for name in templates:
        count = found.trades.get(name, 0)
        bold = sorted(claim for claim in found.warned if claim.split()[0] == name)
        told.append(f"{name} {count} of {least}{', claims too much' if bold else ''}")
        enough = enough and count >= least and not bold
    text = "; ".join(told) or "no template is enabled"
    return (Grade.PASS if enough else Grade.FAIL), f"PAPER and shadow trades: {text}"


def enabled(contracts: Contracts) -> tuple[str, ...]:
    """The templates that may trade."""
    t = contracts.templates
    named = [("K1", t.k1), ("K2", t.k2), ("K3", t.k3), ("K4", t.k4)]
    named += [(each.name, each.parameters) for each in contracts.outside]
    return tuple(name for name, template in named if template.enabled)


def shown(settings: Settings, contracts: Contracts) -> Shown:
    """Fold what both stores hold of results."""
    trades: Counter[str] = Counter()
    warned: set[str] = set()
    for url in _stores(settings):
        lessons = Lessons(contracts.learning, Mode.PAPER.value)
        with reading(url) as found:
            if found is None or not _counts(found.identity, settings):
                continue
            books = Relearning(lessons)
            for row in sorted(row for kind in TOLD for row in found.of_type(kind)):
                books.take(row)
        for mode in Mode:
            lessons.started(mode.value)
            for claim, window in lessons.learning.claims.items():
                template, kind = claim.split()
                if mode is not Mode.LIVE or kind != _LIVE_KIND:
                    trades[template] += len(window)
            warned |= lessons.learning.warned
    return Shown(trades, frozenset(warned))


def _counts(who: Identity, settings: Settings) -> bool:
    """Another broker's or another symbol's trades show nothing."""
    return (who.adapter, who.symbol) == (settings.adapter.value, settings.symbol)


def _stores(settings: Settings) -> Iterator[str]:
    """The store of the run, and that of PAPER with the same broker."""
    own = store_url(settings)
    yield own
    paper = {"mode": Mode.PAPER, "db": settings.paper_db}
    other = store_url(settings.model_copy(update=paper))
    if other != own:
        yield other
