"""The project's own TWS / IB Gateway: the wire protocol, orders and bars, over loopback."""
