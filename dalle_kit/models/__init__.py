"""Where models come from: names, sources, and the folder they are kept in."""
