"""CMU-MOSI, from the field's contextual arrays or from the raw release."""
