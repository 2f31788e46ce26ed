"""Numbers of the day for our orders."""

from __future__ import annotations

from adapters.ibkr.ib_api import IB


class OrderIds:
    """Order ids that never go back, whatever the gateway says next (F-43)."""

    def __init__(self) -> None:
        self.highest = 0

    def saw(self, order_id: int) -> None:
        """An id that has been used."""
        self.highest = max(self.highest, order_id)

    def begin(self, ib: IB) -> None:
        """A new connection: questions share the numbers of orders, so they go on after them."""
        ib.client.updateReqId(self.highest + 1)

    def next(self, ib: IB) -> int:
        """The next one."""
        ib.client.updateReqId(self.highest + 1)
        self.highest = ib.client.getReqId()
        return self.highest
