"""Utterance encoders that are used as they come: one contract, a file per modality."""
