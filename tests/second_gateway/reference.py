"""What the second gateway knows that is no order: contracts, the past, the account's figures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from second_gateway.exchange import Exchange
from second_gateway.market import Minute, Piece, price
from second_gateway.wire import UNSET, Fields, Session

CENTRAL = ZoneInfo("US/Central")
MONTHS = (("MESU3", "20130920"), ("MESZ3", "20131220"), ("MESH4", "20140321"),
          ("MESM4", "20140620"))  # fmt: skip


class Reference:
    """The answers; the gateway adds the sockets."""

    account: str
    exchange: Exchange
    history: list[Minute]
    played: list[Piece]
    now: int
    margin_call = False

    def say(self, session: Session, *fields: object) -> None:
        """One message to one client."""
        raise NotImplementedError

    def error(
        self, code: int, text: str, req_id: object = -1, session: Session | None = None
    ) -> None:
        """An error or a note, to everybody if no session is named."""
        raise NotImplementedError

    def _reqContractDetails(self, session: Session, f: Fields) -> None:
        if f[4] != "MES" or f[5] != "FUT":
            self.error(200, "No security definition has been found for the request", f[2], session)
            return
        for name, expiry in reversed(MONTHS):
            if f[14] in ("", name) and f[3] in ("", "0", self._con_id(name)):
                self.say(session, *self._details(session, f[2], name, expiry))
        self.say(session, 52, 1, f[2])

    def _details(self, session: Session, req: str, name: str, expiry: str) -> list[object]:
        old = session.version < 164
        start = self._moment(self.now).replace(hour=0, minute=0, second=0)
        trading, liquid = [], []
        for n in range(-1, 6):
            day, before = start + timedelta(days=n), start + timedelta(days=n - 1)
            if day.weekday() >= 5:
                trading.append(f"{day:%Y%m%d}:CLOSED")
                liquid.append(f"{day:%Y%m%d}:CLOSED")
                continue
            trading.append(f"{before:%Y%m%d}:1700-{day:%Y%m%d}:1600")
            liquid.append(f"{day:%Y%m%d}:0830-{day:%Y%m%d}:1600")
        months = {"U": "09", "Z": "12", "H": "03", "M": "06"}
        month = f"201{name[-1]}{months[name[-2]]}"
        return [
            10, *(["8"] if old else []), req, "MES", "FUT", f"{expiry} 08:30 US/Central", "0", "",
            "CME", "USD", name, "MES", "MES", self._con_id(name), "0.25", *(["1"] if old else []),
            "5", "ACTIVETIM,AD,ADJUST,ALERT,ALGO,GTC,GTD,GTT,LMT,MIT,MKT,OCA,STP,STPLMT",
            "CME,QBALGO", "1", "11004968", "Micro E-Mini S&P 500 Stock Price Index", "", month, "",
            "", "", "US/Central", ";".join(trading), ";".join(liquid), "", "0", "0", "2147483647",
            "ES", "IND", "67", expiry, "", *(["1"] if session.version == 163 else []),
            *(["1", "1", "1"] if not old else []),
        ]  # fmt: skip

    @staticmethod
    def _con_id(name: str) -> str:
        return str(362_699_966 + [m[0] for m in MONTHS].index(name) * 31_337)

    def contract(self, con_id: str, exchange: str = "CME") -> dict[str, object]:
        """A contract by its number, as it is shown with orders, executions and positions."""
        name, expiry = next(m for m in MONTHS if self._con_id(m[0]) == con_id)
        return {
            "conId": con_id, "symbol": "MES", "secType": "FUT", "expiry": expiry, "strike": "0",
            "right": "?", "multiplier": "5", "exchange": exchange, "currency": "USD",
            "localSymbol": name, "tradingClass": "MES",
        }  # fmt: skip

    def _reqHistoricalData(self, session: Session, f: Fields) -> None:
        req, end, size, span, stamp = f[1], f[15], f[16], f[17], f[20]
        until = self.now if not end else self._end(end)
        count, unit = span.split(" ")
        length = int(count) * {"S": 1, "D": 86_400, "W": 604_800}[unit]
        rows = [m for m in self.history if until - length <= m.start < min(until, self.now)]
        if f[2] != self._con_id("MESZ3"):  # other months trade, a little
            rows = [m._replace(volume=m.volume // 100) for m in rows]
        if size == "5 secs":
            assert length >= 60, "less than a minute of them is refused"
            rows = [_as_bar(p) for p in self.played if until - length <= p.start < until]
        bars = self._days(rows) if size == "1 day" else [
            (m.start if stamp == "2" else self._text(m.start), m) for m in rows
            if size in ("1 min", "5 secs")
        ]  # fmt: skip
        flat = [
            x for when, m in bars
            for x in (when, price(m.open), price(m.high), price(m.low), price(m.close), m.volume,
                      price(m.close), max(1, m.volume // 3))
        ]  # fmt: skip
        if not bars:
            text = "Historical Market Data Service error message:HMDS query returned no data"
            self.error(162, text, req, session)
            return
        first, last = self._text(until - length), self._text(until)
        self.say(session, 17, req, first, last, len(bars), *flat)

    @staticmethod
    def _end(text: str) -> int:
        """An end as the clients write it: with a zone, or in UTC with a dash."""
        if "-" in text and len(text) == 17:
            return int(datetime.strptime(text, "%Y%m%d-%H:%M:%S").replace(tzinfo=UTC).timestamp())
        day, clock, *zone = text.split(" ")
        at = datetime.fromisoformat(f"{day} {clock}").replace(tzinfo=ZoneInfo((*zone, "UTC")[0]))
        return int(at.timestamp())

    def _days(self, rows: list[Minute]) -> list[tuple[str, Minute]]:
        days: dict[str, list[Minute]] = {}
        for m in rows:  # a trading day begins at 17:00 in Chicago
            day = (self._moment(m.start) + timedelta(hours=7)).strftime("%Y%m%d")
            days.setdefault(day, []).append(m)
        return [
            (day, Minute(of[0].start, of[0].open, max(m.high for m in of), min(m.low for m in of),
                         of[-1].close, sum(m.volume for m in of)))
            for day, of in days.items()
        ]  # fmt: skip

    # ---- the account

    def account_rows(self) -> list[tuple[str, str, str]]:
        """Tag, value, currency."""
        equity = self.exchange.equity
        held = abs(self.exchange.position) * 1400
        free = Decimal(-350) if self.margin_call else equity - held
        rows = [("AccountCode", self.account, ""), ("AccountReady", "true", ""),
                ("AccountType", "INDIVIDUAL", "")]  # fmt: skip
        for tag, value in (("NetLiquidation", equity), ("AvailableFunds", free),
                           ("ExcessLiquidity", free), ("BuyingPower", free * 4),
                           ("InitMarginReq", held), ("MaintMarginReq", held)):  # fmt: skip
            rows += [(f"{tag}-S", "0.00", "USD"), (f"{tag}-C", f"{value:.2f}", "USD"),
                     (tag, f"{value:.2f}", "USD")]  # fmt: skip
        rows += [("NetLiquidationByCurrency", f"{equity:.2f}", "BASE"),
                 ("CashBalance", "311.07", "EUR"), ("ExchangeRate", "1.3571", "EUR"),
                 ("FundValue", UNSET, "USD")]  # fmt: skip
        return rows

    def _reqAccountUpdates(self, session: Session, f: Fields) -> None:
        session.account = f[2] == "1"
        if session.account:
            self.say_account(session)
            self.say(session, 54, 1, self.account)

    def say_account(self, session: Session) -> None:
        """All figures of the account."""
        for tag, value, currency in self.account_rows():
            self.say(session, 6, 2, tag, value, currency, self.account)
        self.say(session, 8, 1, self._moment(self.now).strftime("%H:%M"))

    def _reqAccountUpdatesMulti(self, session: Session, f: Fields) -> None:
        for tag, value, currency in self.account_rows():
            self.say(session, 73, 1, f[2], self.account, "", tag, value, currency)
        self.say(session, 74, 1, f[2])

    # ---- times

    @staticmethod
    def _moment(at: int) -> datetime:
        return datetime.fromtimestamp(at, CENTRAL)

    def _text(self, at: int) -> str:
        return f"{self._moment(at):%Y%m%d %H:%M:%S} US/Central"


def _as_bar(p: Piece) -> Minute:
    return Minute(p.start, p.open, p.high, p.low, p.close, p.volume)
