"""The HTTP server: an API that OpenAI's clients speak, the domains, and a page for a browser (extra ``serve``)."""
