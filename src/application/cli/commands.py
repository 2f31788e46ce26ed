"""The commands and their parser."""

from __future__ import annotations

import typer

from application.cli.checklist import checklist
from application.cli.db import db
from application.cli.explain import explain
from application.cli.gateway_sim import gateway_sim
from application.cli.journal import journal
from application.cli.operate import kill, status
from application.cli.person_acts import ack, reset
from application.cli.replay import replay
from application.cli.report import report
from application.cli.research import research
from application.cli.run import run
from application.cli.signals import signals

app = typer.Typer(
    name="tradebot",
    help="An intraday futures bot.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"max_content_width": 100},
)
app.command()(run)
app.command()(signals)
app.command()(replay)
app.command()(explain)
app.command()(journal)
app.command()(report)
app.command()(status)
app.command()(kill)
app.command()(checklist)
app.command()(gateway_sim)
app.command()(reset)
app.command()(ack)
app.add_typer(db)
app.add_typer(research)
