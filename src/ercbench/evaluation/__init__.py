"""What runs leave behind, and what can be said of them. Nothing here needs torch."""
