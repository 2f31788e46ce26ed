"""The deterministic fake broker: fills orders on bars by the rules of execution.md 8."""
