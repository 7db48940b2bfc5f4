"""The paper's claims, measured and judged."""
