#!/usr/bin/env python
"""Django's command line, with `platform/` put on the path."""

import os
import sys
from pathlib import Path


def main() -> None:
    # platform/ has no __init__.py: its packages import as `catalog`, never `platform.catalog`,
    # and `import platform` keeps finding the standard library's module.
    sys.path.insert(0, str(Path(__file__).resolve().parent / "platform"))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
