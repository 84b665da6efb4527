"""Tables of a comparison, as rows and as text."""
