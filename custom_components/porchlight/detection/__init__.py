"""Chooses the model and the engine that detect people on all cameras."""
