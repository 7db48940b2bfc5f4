"""The quantum part: the circuit, written once, and what is derived from it."""
