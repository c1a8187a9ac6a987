"""Edits that keep every pixel nobody asked to change: recolour, pattern, background, removal.

A diffusion model redraws a whole picture. These work on the picture itself, at its own size, so
that folds, faces and the room stay what they were.
"""
