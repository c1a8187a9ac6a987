"""What a text claims, whether it adds up, and whether a source says the same. No Django."""
