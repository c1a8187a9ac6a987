"""What the captions page accepts."""

from __future__ import annotations

from django import forms

from common.guidance import MAX_SCRIPT_CHARS

EXAMPLE = "WEBVTT\n\n00:00:00.500 --> 00:00:02.500\nThis is what is said first."


class TextForm(forms.Form):
    """Captions with their times, edited as text."""

    text = forms.CharField(
        label="Captions with times",
        max_length=MAX_SCRIPT_CHARS,
        strip=False,
        widget=forms.Textarea(
            attrs={
                "rows": 14,
                "spellcheck": "true",
                "class": "captions-text",
                "placeholder": EXAMPLE,
            }
        ),
        help_text="WebVTT, SRT or ASS. Only the words and times are kept.",
        error_messages={"required": "Write at least one caption with its times."},
    )


class ScriptForm(forms.Form):
    """What is said, without times."""

    script = forms.CharField(
        label="What is said",
        max_length=MAX_SCRIPT_CHARS,
        widget=forms.Textarea(
            attrs={"rows": 4, "placeholder": "This skirt has two pockets. It is made of wool."}
        ),
        help_text="Sentence by sentence; each is shown as long as it takes to read.",
        error_messages={"required": "Write what is said in the video."},
    )


class FileForm(forms.Form):
    """A captions file of the uploader's; its content is judged elsewhere."""

    file = forms.FileField(
        label="Captions file",
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".vtt,.srt,.ass,.ssa,text/vtt"}),
        error_messages={"required": "Choose a captions file."},
    )


class VersionForm(forms.Form):
    """A new version of the video with captions."""

    script = forms.CharField(
        label="Captions or script",
        required=False,
        max_length=MAX_SCRIPT_CHARS,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 10, "class": "captions-text"}),
        help_text="With times (WebVTT, SRT), or only the words: then they are timed for you.",
    )
    burn = forms.BooleanField(label="Draw them into the picture", required=False)
    request_key = forms.UUIDField(widget=forms.HiddenInput)
