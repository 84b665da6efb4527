"""What Weights & Biases shows of runs and reports; a view, never the source."""
