"""The published rows of a paper, run as far as the features at hand go."""
