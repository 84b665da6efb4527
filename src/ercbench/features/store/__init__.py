"""The feature store: written, read, filled by encoders, imported into."""
