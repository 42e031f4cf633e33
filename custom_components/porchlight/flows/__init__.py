"""The steps of the config and options flows, and what they draw."""
