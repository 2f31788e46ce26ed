"""Mutation testing of the law, the ledger and the life of an order: `make mutants`.

Each mutant is one small change to a module's syntax tree, tried in a forked process that has
everything imported and collected already: there the changed function's code is put in place, and
the tests that ran its lines before are run until one fails. What stands outside of functions is
changed before the import, in a process forked ahead of it. Texts of errors, annotations,
decorators and docstrings are not changed. A mutant that makes the tests hang counts as killed.
"""

from __future__ import annotations

import argparse
import ast
import gc
import importlib
import importlib.abc
import importlib.machinery
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import gettempdir
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any, Final, NamedTuple

import hypothesis
import pytest
from _pytest.runner import runtestprotocol
from mutations import Change, changes_of

ROOT: Final = Path(__file__).resolve().parent.parent
LIBRARIES: Final = ("numpy", "orjson", "pydantic", "pydantic_settings", "sqlalchemy", "yaml")
ELSEWHERE: Final = "--ignore=tests/law/test_without_assertions.py"
"""It tries the law in a process of its own, where no mutant is."""
LAW: Final = ("tests/contracts/test_ceilings.py", "tests/law/test_verdicts.py", "tests/law")
LEDGER: Final = ("tests/execution/test_trade.py",)
ORDERS: Final = ("tests/orders",)
EXECUTION: Final = tuple(
    f"tests/execution/test_{about}.py"
    for about in ("book", "resolve", "watch", "watch_orders", "words", "supervision")
)
GROUPS: Final[dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]]] = {
    "law": (
        "domain.law.",
        ("check", "constitution", "door", "limits", "moment", "restarts", "state", "worse"),
        LAW,
    ),
    "ledger": ("domain.", ("trade", "closing"), LEDGER),
    "orders": ("domain.", ("orders",), ORDERS),
    "execution": (
        "domain.execution.",
        ("book", "resolve", "truth", "watch", "wish", "words"),
        EXECUTION,
    ),
}
"""Prefix, modules and tests of each group."""
SLOWEST_S: Final = 4.0
"""Tests that take longer than this, traced, are left out."""


class Mutant(NamedTuple):
    """A change of a module, its number there (the name under which it can be tried again)."""

    module: str
    number: int
    line: int
    text: str
    function: str | None
    lines: range
    code: CodeType

    @property
    def name(self) -> str:
        return f"{self.module}#{self.number}"


def source_of(module: str) -> Path:
    return ROOT / "src" / (module.replace(".", "/") + ".py")


def mutants_of(module: str) -> Iterator[Mutant]:
    path = source_of(module)
    tree = ast.parse(path.read_text())
    changes: list[Change] = list(changes_of(tree))
    for number, change in enumerate(changes):
        change.put()
        try:
            code = compile(tree, str(path), "exec")
        except (SyntaxError, ValueError, TypeError):
            continue  # no program at all
        finally:
            change.undo()
        yield Mutant(
            module, number, change.lines.start, change.text, change.function, change.lines, code
        )


def forked(work: Callable[[], bool], seconds: float) -> bool | None:
    """What `work` says in a process of its own; None if it took too long or died."""
    pid = os.fork()
    if pid == 0:
        with open(os.devnull, "w") as nothing:
            os.dup2(nothing.fileno(), 1)
            os.dup2(nothing.fileno(), 2)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        answer = 3
        try:
            answer = 1 if work() else 0
        finally:
            sys.stdout.flush()
            os._exit(answer)
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    return None if code not in (0, 1) else code == 1


# ---- changes inside of functions


def put_in(mutant: Mutant) -> None:
    """Give the loaded function its changed code."""
    assert mutant.function is not None
    target: Any = sys.modules[mutant.module]
    code: CodeType = mutant.code
    for part in mutant.function.split("."):
        target = vars(target)[part]
        found = [c for c in code.co_consts if isinstance(c, CodeType) and c.co_name == part]
        code = found[0]
    for inner in ("fget", "__func__", "__wrapped__"):
        target = getattr(target, inner, target)
    assert isinstance(target, FunctionType), mutant
    target.__code__ = code


class Trial:
    """The plugin that tries mutants in the place of pytest's own loop over the tests."""

    def __init__(self, mutants: list[Mutant], report: Callable[[Mutant, str], None]) -> None:
        self._mutants, self._report = mutants, report
        self._files = {str(source_of(m.module)): m.module for m in mutants}
        self._ran: dict[tuple[str, int], set[int]] = {}
        self._seconds: list[float] = []
        self._kills: Counter[int] = Counter()

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        for number, item in enumerate(session.items):
            began = time.perf_counter()
            self._traced(number, item)
            self._seconds.append(time.perf_counter() - began)
        gc.freeze()  # a collection in a child would copy every page
        for mutant in self._mutants:
            self._report(mutant, self._try(mutant, session.items))
        return True

    def _traced(self, number: int, item: pytest.Item) -> None:
        files, ran = self._files, self._ran

        def trace(frame: FrameType, event: str, arg: object) -> Any:
            module = files.get(frame.f_code.co_filename)
            if module is None:
                return None
            if event == "line":
                ran.setdefault((module, frame.f_lineno), set()).add(number)
            return trace

        sys.settrace(trace)
        try:
            reports = runtestprotocol(item, log=False, nextitem=None)
        finally:
            sys.settrace(None)
        if any(r.failed for r in reports):
            raise SystemExit(f"{item.nodeid} fails without any mutant")

    def _try(self, mutant: Mutant, items: list[pytest.Item]) -> str:
        tests = {t for line in mutant.lines for t in self._ran.get((mutant.module, line), ())}
        chosen = sorted(
            (t for t in tests if self._seconds[t] <= SLOWEST_S),
            key=lambda t: (-self._kills[t] / (self._seconds[t] + 0.01), self._seconds[t]),
        )
        if not chosen:
            return "no test"
        seen, told = os.pipe()

        def work() -> bool:
            put_in(mutant)
            for t in chosen:
                if any(r.failed for r in runtestprotocol(items[t], log=False, nextitem=None)):
                    os.write(told, str(t).encode())
                    return True
            return False

        killed = forked(work, 5.0 + 3.0 * sum(self._seconds[t] for t in chosen))
        os.close(told)
        killer = os.read(seen, 20)
        os.close(seen)
        if killer:
            self._kills[int(killer)] += 1
        return "survived" if killed is False else "killed"


# ---- changes outside of functions


class Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module in its changed form."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(
        self, name: str, path: object, target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != self._mutant.module:
            return None
        return importlib.machinery.ModuleSpec(name, self, origin=str(source_of(name)))

    def exec_module(self, module: ModuleType) -> None:
        exec(self._mutant.code, vars(module))  # noqa: S102


def tried_anew(mutant: Mutant, options: list[str]) -> str:
    """The fate of a mutant of what is evaluated at import."""

    def work() -> bool:
        sys.meta_path.insert(0, Changed(mutant))
        return pytest.main([*options, "-x"]) != 0

    return "survived" if forked(work, 300.0) is False else "killed"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("groups", nargs="*", help=f"{', '.join(GROUPS)}, or a module's name")
    parser.add_argument("--only", help="file of names as printed, tried alone")
    parser.add_argument("--tests", nargs="*", help="instead of the group's tests")
    parser.add_argument("--out", type=Path, default=Path(gettempdir(), "mutants.jsonl"),
                        help="file for one line of JSON a mutant")  # fmt: skip
    chosen = parser.parse_args()
    os.chdir(ROOT)
    sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]
    hypothesis.settings.register_profile(
        "mutants", max_examples=10, deadline=None, derandomize=True, database=None,
        phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
        suppress_health_check=list(hypothesis.HealthCheck),
    )  # fmt: skip
    os.environ["HYPOTHESIS_PROFILE"] = "mutants"
    for library in LIBRARIES:
        with suppress(ImportError):
            importlib.import_module(library)
    only = set(Path(chosen.only).read_text().split()) if chosen.only else None
    for name, (prefix, modules, tests) in GROUPS.items():
        full = [prefix + m for m in modules]
        if name not in (chosen.groups or GROUPS):
            full = [m for m in full if m in chosen.groups]
        mutants = [m for f in full for m in mutants_of(f) if only is None or m.name in only]
        if mutants:
            run(name, mutants, chosen.tests or list(tests), chosen.out)
    return 0


def run(name: str, mutants: list[Mutant], tests: list[str], out: Path) -> None:
    """Try every mutant of a group, print those that live, and the figures by module."""
    began = time.monotonic()

    def report(mutant: Mutant, fate: str) -> None:
        row = {"mutant": mutant.name, "line": mutant.line, "change": mutant.text, "fate": fate}
        with out.open("a") as file:
            file.write(json.dumps(row) + "\n")

    options = ["--assert=plain", "-p", "no:cacheprovider", ELSEWHERE, *tests]
    inside = [m for m in mutants if m.function is not None]
    before = len(out.read_text().splitlines()) if out.exists() else 0
    whole = forked(lambda: pytest.main(options, plugins=[Trial(inside, report)]) == 0, 36_000.0)
    if not whole:
        print(f"{name}: the tests fail, or were stopped, without any mutant")
        return
    for mutant in mutants:
        if mutant.function is None:
            report(mutant, tried_anew(mutant, options))
    rows = [json.loads(line) for line in out.read_text().splitlines()[before:]]
    figures = Counter((row["mutant"].split("#")[0], row["fate"]) for row in rows)
    for row in rows:
        if row["fate"] != "killed":
            path = source_of(row["mutant"].split("#")[0])
            text = path.read_text().splitlines()[row["line"] - 1].strip()
            print(f"{row['fate']:9} {row['mutant']} line {row['line']}: {row['change']} | {text}")
    for module in dict.fromkeys(m.module for m in mutants):
        counts = {fate: figures[module, fate] for fate in ("killed", "survived", "no test")}
        print(f"{module}: {sum(counts.values())} tried, {counts}")
    print(f"{len(rows)} mutants in {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
