"""From a feature store to padded batches of conversations."""
