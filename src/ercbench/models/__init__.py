"""Dialogue models behind one contract: `network(batch) -> Prediction`."""
