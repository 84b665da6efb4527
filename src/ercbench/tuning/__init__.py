"""Searching a model's settings: which score best on validation, at the same budget for all."""
