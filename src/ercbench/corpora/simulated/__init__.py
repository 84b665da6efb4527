"""The SIMULATED corpus and the exact ceilings of what can be predicted on it."""
