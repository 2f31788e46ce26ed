"""No rule of the law is an assertion: its tests pass where `python -O` takes assertions away.

pytest's own rewriting keeps those of the tests themselves.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
QUIET = "ignore:assertions not in test modules"


def under_o(*tests: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    words = [
        sys.executable, "-O", "-W", QUIET, "-m", "pytest", "-q", "-n", "0", "-p",
        "no:cacheprovider", "-W", f"{QUIET}:pytest.PytestConfigWarning", "--rootdir",
        str(HERE.parents[1]), *map(str, tests),
    ]  # fmt: skip
    return subprocess.run(
        words, cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )


def test_the_law_holds_without_assertions() -> None:
    names = ("test_articles.py", "test_door.py", "test_verdicts.py", "test_transitions.py")
    done = under_o(*(HERE / name for name in names), folder=HERE.parents[1])
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def test_a_test_can_fail_without_assertions(tmp_path: Path) -> None:
    false = tmp_path / "test_false.py"
    false.write_text("def test_false():\n    assert 1 == 2\n")
    done = under_o(false, folder=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed" in done.stdout
