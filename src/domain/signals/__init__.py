"""The thirty-five signals: what each one means, as an executable specification."""
