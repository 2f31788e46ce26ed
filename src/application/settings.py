"""What an operator may set: command line, environment, `tradebot.toml`, defaults, in this order.

The law is no setting. What only a LIVE run needs comes from the command line alone.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from application.secrets import SECRET_NAMES, SECRETS_FILE
from domain.units import Money, UtcNanos
from ports.bars import BadBars
from ports.errors import BadInput

PREFIX: Final = "TRADEBOT_"
FILE: Final = "tradebot.toml"
_EQUITY: Final = Money.parse("10000")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_COMMAND_LINE_ONLY: Final = ("account", "confirm_live", "accept_config")
_COMMAND_LINE_ONLY_IN_LIVE: Final = (
    "mode", "contracts", "db", "paper_db", "state_dir", "strategies",
)  # fmt: skip
_NOT_SETTINGS: Final = frozenset({"DATA", *SECRET_NAMES, SECRETS_FILE})
"""Names below the prefix that other parts of the house read: secrets, where tests find bars."""


class Adapter(StrEnum):
    """Which broker."""

    FAKE = "fake"
    IBKR = "ibkr"
    TRADOVATE = "tradovate"
    NINJATRADER = "ninjatrader"


class Mode(StrEnum):
    """OBSERVE sends nothing, PAPER no real money, LIVE real money."""

    OBSERVE = "OBSERVE"
    PAPER = "PAPER"
    LIVE = "LIVE"


class IbkrClock(StrEnum):
    """Whose time an ibkr run goes by: the host's, or the gateway's, to play recorded days."""

    HOST = "host"
    GATEWAY = "gateway"


class EngineName(StrEnum):
    """Which implementation computes signals and beliefs; they agree bit for bit."""

    RUST = "rust"
    REFERENCE = "reference"


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def _files(value: object) -> object:
    """One text may name several files, as PATH does."""
    return tuple(p for p in value.split(os.pathsep) if p) if isinstance(value, str) else value


def _names(value: object) -> object:
    """One text may hold several names, parted by commas."""
    if not isinstance(value, str):
        return value
    return tuple(name.strip() for name in value.split(",") if name.strip())


def _money(value: object) -> object:
    """Anything written as a decimal number; a binary float is taken as it is printed."""
    if isinstance(value, str | int | float | Decimal) and not isinstance(value, bool):
        try:
            return Money.parse(str(value).strip())
        except ArithmeticError:
            raise ValueError("is beyond any account") from None
    return value


def _positive(value: Money) -> Money:
    if not 0 < value.units < 10**16:
        raise ValueError("must be positive and below 1000000000000")
    return value


def _speed(value: object) -> object:
    """None for `max`."""
    return None if isinstance(value, str) and value.lower() == "max" else value


def _instant(value: object) -> object:
    """UTC nanoseconds of an ISO-8601 time; one without an offset is UTC."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            raise ValueError("is not a time like 2013-10-07T15:00:00Z") from None
    if isinstance(value, datetime):
        aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        since = aware - _EPOCH
        return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1_000
    return value


Pace: TypeAlias = Annotated[float, Field(gt=0, le=1e9)]
Names: TypeAlias = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_names)]
Files: TypeAlias = Annotated[tuple[Path, ...], NoDecode, BeforeValidator(_files)]


class Settings(BaseSettings):
    """One validated set of settings; see cli.md for each."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        toml_file=FILE,
        extra="forbid",
        frozen=True,
    )

    adapter: Annotated[Adapter, BeforeValidator(_lower)] = Adapter.FAKE
    mode: Annotated[Mode | None, BeforeValidator(_upper)] = None
    bars: Files = ()
    warmup: Files = ()
    speed: Annotated[Pace | None, BeforeValidator(_speed)] = None
    """Times real time; None is as fast as it goes."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 7
    symbol: Annotated[str, BeforeValidator(_upper)] = "MES"
    contracts: Path | None = None
    db: str | None = None
    paper_db: str | None = None
    """The PAPER store of the same broker, which LIVE asks for what the templates have shown."""
    state_dir: Path | None = None
    """Where guard and kill files stand, in place of what `adapters.guard.places` says."""
    equity: Annotated[Money, NoDecode, BeforeValidator(_money), AfterValidator(_positive)] = _EQUITY
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65_535)] = 4002
    client_id: Annotated[int, Field(ge=0, lt=2**31)] = 17
    account: str | None = None
    max_bars: Annotated[int, Field(gt=0)] | None = None
    until: Annotated[UtcNanos | None, BeforeValidator(_instant)] = None
    engine: Annotated[EngineName, BeforeValidator(_lower)] = EngineName.RUST
    bad_bars: Annotated[BadBars, BeforeValidator(_lower)] = BadBars.REFUSE
    confirm_live: str | None = None
    accept_config: str | None = None
    ibkr_clock: Annotated[IbkrClock, BeforeValidator(_lower)] = IbkrClock.HOST
    ibkr_library: Annotated[Literal["ib_insync", "ib_async"], BeforeValidator(_lower)] = "ib_insync"
    strategies: Names = ()
    """Templates from outside that may be loaded, by name; an installed one is not, unless named."""
    ibkr_month: str | None = None
    """The contract month, `202612` or a local symbol; None takes the front month."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line, environment, file; nothing else is read."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def run_mode(self) -> Mode:
        """The mode asked for, or the adapter's own: PAPER for fake, OBSERVE for a real broker."""
        if self.mode is not None:
            return self.mode
        return Mode.PAPER if self.adapter is Adapter.FAKE else Mode.OBSERVE


def load_settings(given: Mapping[str, object]) -> Settings:
    """Settings from `given`, the options of the command line by field name, and the other sources.

    Errors: BadInput naming source and field: an unknown key of the file, a value that is none,
    a setting of LIVE that does not come from the command line.
    """
    in_file = _file_keys()
    for key in in_file:
        if key not in Settings.model_fields:
            known = ", ".join(sorted(Settings.model_fields.keys() - set(_COMMAND_LINE_ONLY)))
            raise BadInput(FILE, key, f"unknown key; there are {known}")
    try:
        settings = Settings(**dict(given))  # type: ignore[arg-type]  # values are checked here
    except ValidationError as error:
        first, *others = error.errors(include_url=False)
        source, where = _origin(str(first["loc"][0]), given, in_file)
        reason = _reason(first)
        for other in others:
            reason += f"; {_origin(str(other['loc'][0]), given, in_file)[1]}: {_reason(other)}"
        raise BadInput(source, where, reason) from None
    names = [n for n in _COMMAND_LINE_ONLY if getattr(settings, n) is not None]
    if settings.mode is Mode.LIVE:
        names += [n for n in _COMMAND_LINE_ONLY_IN_LIVE if getattr(settings, n) not in (None, ())]
    for name in names:
        if name not in given:
            source, where = _origin(name, given, in_file)
            raise BadInput(source, where, "what LIVE needs comes from the command line alone")
    return settings


def unknown_names(environ: Mapping[str, str]) -> list[str]:
    """Environment variables that look like settings and are none."""
    known = {f"{PREFIX}{name}".upper() for name in (*Settings.model_fields, *_NOT_SETTINGS)}
    return sorted(n for n in environ if n.upper().startswith(PREFIX) and n.upper() not in known)


def _file_keys() -> frozenset[str]:
    try:
        with Path(FILE).open("rb") as file:
            return frozenset(tomllib.load(file))
    except FileNotFoundError:
        return frozenset()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(FILE, "", f"is not TOML: {error}") from None
    except OSError as error:
        raise BadInput(FILE, "", f"cannot be read: {error.strerror}") from None


def _origin(name: str, given: Mapping[str, object], in_file: frozenset[str]) -> tuple[str, str]:
    """Where the value of field `name` came from, and what it is called there."""
    if name in given:
        return "command line", f"--{name.replace('_', '-')}"
    variable = f"{PREFIX}{name.upper()}"
    if any(n.upper() == variable and value for n, value in os.environ.items()):
        return "environment", variable
    if name in in_file:
        return FILE, name
    return "settings", name


def _reason(detail: ErrorDetails) -> str:
    message = detail["msg"].removeprefix("Value error, ")
    shown = repr(detail["input"])
    shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
    return f"{message[:1].lower()}{message[1:]}, got {shown}"
