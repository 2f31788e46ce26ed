"""The two engines behind `ports.engine`: the Rust core and the Python reference."""
