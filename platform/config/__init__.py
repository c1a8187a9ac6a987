"""Composition root: settings, URLs, Celery, ASGI. Imports everything, imported by nobody."""

# Loaded with Django, so that tasks enqueued by web processes find their broker.
from config.celery import app as celery_app

__all__ = ["celery_app"]
