"""The watch outside the loop of a live run."""
