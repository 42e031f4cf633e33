"""Every decision that Porchlight makes: pure functions and state machines, no input or output."""
