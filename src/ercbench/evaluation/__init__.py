"""What can be said of finished runs, beside each other. Nothing here needs torch."""
