"""Draw docs/run.svg: what `make run` shows on a terminal. Run it in an empty folder.

usage: .venv/bin/python tools/picture.py
"""

import re
import sys
from pathlib import Path

from rich.console import Console

from application.cli import closing, play, screen

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "run.svg"
FONTS = "Fira Code, ui-monospace, Menlo, Consolas, DejaVu Sans Mono"

paper = Console(
    record=True, width=118, force_terminal=True, highlight=False, markup=False, emoji=False,
    color_system="truecolor",
)  # fmt: skip


class Lines(screen.Screen):
    """The screen without a progress bar, which leaves nothing behind."""

    def __init__(self, on_stderr: bool, total: int) -> None:
        super().__init__(on_stderr, 0)
        self._console = paper


play.Screen = Lines
closing.console = lambda on_stderr: paper
code = play.play({}, as_json=False)
svg = paper.export_svg(title="make run")
svg = re.sub(r"\s*@font-face \{[^}]*\}|<!--.*?-->\s*", "", svg)  # load nothing from elsewhere
PICTURE.write_text(svg.replace("Fira Code", FONTS), encoding="utf-8")
sys.exit(code)
