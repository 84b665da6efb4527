"""Layers of dialogue networks: packed batches, attention, recurrence."""
