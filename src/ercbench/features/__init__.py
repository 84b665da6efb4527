"""A vector per utterance and modality, stored so that it can be trusted."""
