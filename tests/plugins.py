"""A package with a template of its own, installed for one test: a folder to put on the path."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

GROUP = "tradebot.strategies"
EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


def installed(folder: Path, project: Path = EXAMPLES / "own_strategy") -> Path:
    """What an installer makes of a project of modules: the modules, and its metadata."""
    told = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    for module in told["tool"]["setuptools"]["py-modules"]:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(project / f"{module}.py", folder)
    name, version = told["project"]["name"], told["project"]["version"]
    points = told["project"]["entry-points"][GROUP]
    return described(folder, name, version, points)


def written(folder: Path, source: str, points: dict[str, str]) -> Path:
    """A package `written` of one module with this source."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "written.py").write_text(source, encoding="utf-8")
    return described(folder, "written", "1.0", points)


def described(folder: Path, name: str, version: str, points: dict[str, str]) -> Path:
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(exist_ok=True)
    lines = [f"{point} = {value}" for point, value in points.items()]
    (info / "entry_points.txt").write_text("\n".join([f"[{GROUP}]", *lines, ""]))
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    return folder
