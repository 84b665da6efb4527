"""What was tried before a model's settings were chosen, and what that is worth."""
