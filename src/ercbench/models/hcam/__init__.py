"""HCAM (Dutta and Ganapathy, arXiv 2304.06910): hierarchical training with co-attention."""
