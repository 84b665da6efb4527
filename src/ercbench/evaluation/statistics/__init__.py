"""Estimates, tests and intervals, always over whole dialogues."""
