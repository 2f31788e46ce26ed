"""What `tradebot --help` says.

A plain text, so that asking what the program is loads no parser; tests hold it to the
commands that there are.
"""

from __future__ import annotations

from typing import Final

USAGE: Final = """\
Usage: tradebot [COMMAND] [OPTIONS]

  An intraday futures bot that obeys a law it cannot break, and explains itself.

  Without a command it means run. It trades on a simulated broker unless told otherwise.

Commands:
  run                Run a session: bars in, decisions and lawful orders out, everything recorded
  signals            Write signals and beliefs of bar files as CSV or Parquet
  replay             Rebuild a recorded run from its store, and prove that it is identical
  explain            Say why of any decision or trade, from the record
  journal            Write every decision, and a page a trade, in plain English
  report             Show trades, metrics, skips, law, learning; --html writes a page
  status             Say whether it can trade now, and if not why
  checklist          Look at everything that must be right before a session
  gateway-sim        Rehearse: a gateway of our own that plays recorded days
  kill               Flatten and halt, also while another process runs the bot
  reset              Lift a completed kill: a human act
  ack                Acknowledge a halted month, or a difference to the statement
  db verify          Prove that an event store is whole
  db export          Write the events of a store as JSON lines
  db backup          Copy a store into a file, also while a run writes it
  db upgrade         Bring a store of an older version to this one
  db bind            Say whose a new, lost or replaced store is
  research backfill  Fetch past sessions from the broker, a Parquet file each
  research gates     Say what each gate has cost or saved
  research null      Hold the templates against shuffled minutes

Options:
  --version   Show the version
  --help      Show this message; after a command, its options

Examples:
  tradebot run                                    one synthetic day
  tradebot run --bars day1.csv.gz day2.csv.gz     days of your own
  tradebot run --help                             every option
"""
