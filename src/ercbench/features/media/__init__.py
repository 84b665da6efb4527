"""Sound, clips and faces as arrays."""
