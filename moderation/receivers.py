"""Receivers of catalogue signals; they only enqueue."""
