"""The Celery application; tasks are found in every installed app's tasks.py."""

import os

from celery import Celery

from config.file_queue import use_whole_messages

# Before the application is made: Celery looks here whether it serves a Django project.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

use_whole_messages()
app = Celery("weft")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
