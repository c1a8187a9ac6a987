"""`manage.py instruct`: the instructor over standard input and output, for programs and tests."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from common.errors import DomainError
from feed.instructor_stream import Stream
from recommender.core.talk import Talk, read_turn


class Command(BaseCommand):
    help = (
        "Read one turn per line as JSON and print one decision per line at once. An empty line "
        "starts a new conversation. Lasting wishes are kept on the profile; nothing is made."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--user", required=True, help="whose wishes and settings count")
        parser.add_argument("--json", action="store_true", help="turns and decisions as JSON lines")
        parser.add_argument("--dry-run", action="store_true", help="keep no lasting wishes either")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["user"]).first()
        if user is None:
            raise CommandError(f"There is nobody called “{options['user']}” here.")
        stream = Stream(user, keeps=not options["dry_run"])
        talk = stream.new_talk()
        # `readline` hands over a line as it comes; iterating would read ahead.
        while raw := sys.stdin.buffer.readline():
            line = raw.decode("utf-8", "replace").strip("\ufeff \t\r\n")
            if not line:
                talk = stream.new_talk()
                continue
            self._answer(talk, line, as_json=options["json"])

    def _answer(self, talk: Talk, line: str, *, as_json: bool) -> None:
        """Print the decision on one line, or what is wrong with it, and flush."""
        try:
            answer = talk.say(read_turn(line if as_json else json.dumps({"text": line})))
        except DomainError as error:
            answer = {"error": str(error)}
        text = json.dumps(answer, ensure_ascii=False) if as_json else _plain(answer)
        self.stdout.write(text)
        self.stdout.flush()


def _plain(answer: dict[str, Any]) -> str:
    """Return the decision for a person at a terminal."""
    return answer.get("error") or f"[{answer['action']}] {answer['reply']}"
