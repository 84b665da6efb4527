"""Honest comparison of models for emotion recognition in conversation."""

__version__ = "0.1.0"
