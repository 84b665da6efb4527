"""What every trained model shares: training steps, stages, losses, metrics."""
