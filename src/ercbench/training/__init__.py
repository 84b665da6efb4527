"""Fitting, evaluating and recording a dialogue model or an utterance encoder."""
