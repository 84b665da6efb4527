"""What was said, by whom, with which emotion. Nothing here needs torch."""
