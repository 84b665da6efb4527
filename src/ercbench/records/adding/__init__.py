"""Predictions of another code: read from the files people have, matched to a test part."""
