"""The templates K1 to K5 behind one interface."""
