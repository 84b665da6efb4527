"""Trained models at work on test parts whose modalities are missing or noisy."""
