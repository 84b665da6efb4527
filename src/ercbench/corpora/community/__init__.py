"""Files the field passes around: pickles of features and labels, read without executing them."""
