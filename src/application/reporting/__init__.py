"""The figures of `tradebot report`, from recorded events alone."""
