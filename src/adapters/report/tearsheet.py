"""The tearsheet of an established library, quantstats, beside our own report.

It judges daily returns and knows nothing of trades, gates or beliefs: a second pair of eyes.
The library is an extra, because it brings a client of its own for prices that nobody here asks for.
"""

from __future__ import annotations

import importlib
import logging
import re
import warnings
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from ports.errors import BadInput

EXTRA: Final = "tearsheet"
_ELSEWHERE: Final = re.compile(r"<link[^>]*href=\"https?:[^>]*>")
"""A browser would fetch it: the sheet is to be whole by itself."""


def tearsheet(title: str, days: Sequence[tuple[date, float]]) -> str:
    """The page for `days`: each session's date and its net result as a share of the equity before.

    Errors: BadInput if the library is not installed, or finds nothing to tell in the days.
    """
    library = _library()
    pandas = importlib.import_module("pandas")
    returns = pandas.Series(
        [share for _, share in days], index=pandas.DatetimeIndex([day for day, _ in days])
    )
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    with TemporaryDirectory() as folder, warnings.catch_warnings(action="ignore"):
        path = Path(folder, "sheet.html")
        try:
            library.reports.html(returns, output=str(path), title=title)
            page = path.read_text(encoding="utf-8")
        except (ArithmeticError, LookupError, TypeError, ValueError, OSError) as error:
            reason = f"quantstats makes no sheet of {len(days)} sessions: {error}"
            raise BadInput("command line", "--tearsheet", reason) from error
    return _ELSEWHERE.sub("", page)


def _library() -> Any:
    try:
        return importlib.import_module("quantstats")
    except ImportError:
        reason = f"needs the extra `{EXTRA}`: pip install 'tradebot[{EXTRA}]'"
        raise BadInput("command line", "--tearsheet", reason) from None
