"""Somebody's own recordings, transcripts and tables, as conversations to predict on."""
