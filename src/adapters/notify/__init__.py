"""Channels to a person: log file, notification services, a heartbeat."""
