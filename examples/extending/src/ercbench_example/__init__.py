"""A dialogue model, a corpus and an encoder for ercbench."""
