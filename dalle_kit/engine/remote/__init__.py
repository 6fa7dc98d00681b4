"""Models on servers with OpenAI's API: asked slot by slot, and what they answer held to what local models are."""
