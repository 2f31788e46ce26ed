"""Secrets: from the environment or from a file named by TRADEBOT_SECRETS_FILE, nowhere else.

Their values are shown by no error and no repr. The file must belong to this user and be
readable by nobody else.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from ports.errors import BadInput

PREFIX: Final = "TRADEBOT_"
SECRETS_FILE: Final = "SECRETS_FILE"
SECRET_NAMES: Final = ("ALERT_URLS", "HEARTBEAT_URL")
_OTHERS: Final = 0o077


class Secrets(BaseModel):
    """`alert_urls`: addresses of notification services, apart by white space. `heartbeat_url`:
    what a watchdog service wants fetched every minute."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    alert_urls: SecretStr = SecretStr("")
    heartbeat_url: SecretStr = SecretStr("")

    @property
    def services(self) -> tuple[str, ...]:
        """The addresses of `alert_urls`, one by one."""
        return tuple(self.alert_urls.get_secret_value().split())


def load_secrets(environ: Mapping[str, str]) -> Secrets:
    """What the environment says, else the file that it names.

    Errors: BadInput naming the file and the key, without any value.
    """
    values: dict[str, object] = {}
    named = environ.get(PREFIX + SECRETS_FILE)
    if named:
        values = _from_file(Path(named))
    for name in SECRET_NAMES:
        if environ.get(PREFIX + name):
            values[name.lower()] = environ[PREFIX + name]
    try:
        return Secrets.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadInput(named or "environment", where, first["msg"]) from None


def _from_file(path: Path) -> dict[str, object]:
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if status.st_mode & _OTHERS or status.st_uid != os.getuid():
                reason = "must belong to you and be closed to everybody else (chmod 600)"
                raise BadInput(str(path), "", reason)
            return tomllib.load(file)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise BadInput(str(path), "", "is not TOML") from None
    except OSError as error:
        raise BadInput(str(path), "", f"cannot be read: {error.strerror}") from None
