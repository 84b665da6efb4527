"""What a trained model says of conversations that nobody has labelled."""
