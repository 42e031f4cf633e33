"""Which model looks for people on this machine, on which engine, for all cameras."""
