"""Typed settings of every command, and the registries of models, datasets and encoders."""
