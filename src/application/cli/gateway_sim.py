"""`tradebot gateway-sim`: a gateway of our own to rehearse against, without an account."""

from __future__ import annotations

from typing import Annotated

import typer

from application.cli.output import ExitCode, guarded


def gateway_sim(
    bars: Annotated[
        list[str] | None, typer.Option(metavar="FILE...", help="Bars of the day, CSV, plain or gz")
    ] = None,
    warmup: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE...", help="Bars before it, served as historical data"),
    ] = None,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1, 0 for a free one")] = 4002,
    speed: Annotated[
        str, typer.Option(metavar="N", help="Virtual seconds a second, or max")
    ] = "max",
    account: Annotated[str, typer.Option(metavar="ID", help="Account id")] = "DU1234567",
    equity: Annotated[str, typer.Option(metavar="USD", help="Cash at the start")] = "25000",
    fee: Annotated[str, typer.Option(metavar="USD", help="Commission a side")] = "0.62",
    slip: Annotated[int, typer.Option(metavar="TICKS", help="How much worse a stop fills")] = 1,
    at_limit: Annotated[
        bool, typer.Option("--at-limit", help="Limit orders fill when touched, not through")
    ] = False,
    fault: Annotated[
        list[str] | None,
        typer.Option(metavar="F-NN[:OPTIONS][@HH:MM]", help="Arm a fault; New York time"),
    ] = None,
    linger: Annotated[
        float, typer.Option(metavar="SECONDS", help="Serve on after the last bar")
    ] = 3.0,
    record: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write what clients send, JSON lines")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what happened as one JSON object")
    ] = False,
    listing: Annotated[
        bool, typer.Option("--list-faults", help="Print every fault and what it does")
    ] = False,
) -> None:
    """Play a day of bars behind the wire protocol of TWS and IB Gateway, on loopback only.

    Time starts when a client has subscribed to bars. Connect with any TWS API client.

    \b
    Examples:
      tradebot gateway-sim --bars day2.csv.gz --warmup day1.csv.gz
      tradebot gateway-sim --bars day2.csv.gz --fault F-22@10:30 --json
    """

    def work() -> ExitCode:
        from application.cli.rehearse import Wishes, list_faults, serve

        if listing:
            return list_faults()
        wishes = Wishes(
            bars or (), warmup or (), port, speed, account, equity, fee, slip, at_limit,
            fault or (), linger, record,
        )  # fmt: skip
        return serve(wishes, as_json)

    raise typer.Exit(guarded(work))
