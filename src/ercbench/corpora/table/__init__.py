"""Anybody's conversations from a csv or jsonl file."""
