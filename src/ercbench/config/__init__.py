"""Settings of every command: their types, how they are composed, explained and completed."""
