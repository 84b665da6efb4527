"""The plainest models: what any paper's gain is measured against."""
