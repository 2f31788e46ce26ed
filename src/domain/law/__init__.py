"""The constitution: limits, articles, and the one door through which orders leave."""
