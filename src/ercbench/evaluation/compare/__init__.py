"""Runs put together: which may be compared, what they are called, where they differ."""
