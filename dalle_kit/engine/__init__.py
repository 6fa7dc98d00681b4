"""The engine: it loads a model and generates, streams, scores and encodes with it."""
