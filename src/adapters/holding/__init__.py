"""Exclusive locks of the operating system, which die with their holder."""
