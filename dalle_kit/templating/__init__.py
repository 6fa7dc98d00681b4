"""Templates: where they come from, the sandbox they are rendered in, and the slots and turns they mark."""
