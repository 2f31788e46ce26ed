"""Print what pyproject.toml requires, for running, with its extras, and for development, one word
each.

So that dependencies can be installed before, and without, building the package itself.
"""

import sys
import tomllib
from pathlib import Path

project = tomllib.loads(
    (Path(__file__).resolve().parents[1] / "pyproject.toml").read_text(encoding="utf-8")
)["project"]
extras = [
    needed
    for name, needed in project["optional-dependencies"].items()
    # The one brings another package of the name eventkit, the other a client for prices with all
    # that it needs: both are installed by whoever wants them.
    if name not in ("ib-async", "tearsheet")
]
for requirement in (*project["dependencies"], *(each for extra in extras for each in extra)):
    sys.stdout.write(requirement.replace(" ", "") + "\n")
