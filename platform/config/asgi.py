"""Entry point of the web server."""

import os
import warnings

from django.core.asgi import get_asgi_application

# WhiteNoise hands static files over as plain iterators; they are small enough to be read at once.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume")

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
application = get_asgi_application()
