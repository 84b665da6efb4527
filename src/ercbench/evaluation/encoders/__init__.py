"""How well an utterance encoder's vectors tell labels apart."""
