"""The Celery application; tasks are found in every installed app's tasks.py."""

from celery import Celery

app = Celery("weft")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
