"""What job pages accept."""

from __future__ import annotations

from django import forms

from generation.events import MAX_JOBS


class RequestKeyForm(forms.Form):
    """The key that a page made, so that the same button pressed twice does one thing."""

    request_key = forms.UUIDField(required=False)


class CancelForm(forms.Form):
    """Which of one's jobs to stop."""

    which = forms.ChoiceField(choices=[("all", "all"), ("waiting", "waiting")], required=False)

    @property
    def waiting_only(self) -> bool:
        return self.cleaned_data.get("which") == "waiting"


class WatchForm(forms.Form):
    """Which jobs a page follows, as a list of ids: "12,13"."""

    jobs = forms.RegexField(r"^\d{1,18}(,\d{1,18})*$")

    def clean_jobs(self) -> list[int]:
        """Return the ids, without repeats, at most as many as a page shows."""
        return list(dict.fromkeys(map(int, self.cleaned_data["jobs"].split(","))))[:MAX_JOBS]
