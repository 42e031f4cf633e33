"""Every decision Porchlight takes: pure functions and state machines, no input or output."""
