"""The interface's texts: English as they stand in the pages, Chinese by their English."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from sociogram.explorer.sentences_zh import SENTENCES
from sociogram.explorer.terms_zh import FIGURES, ROLES, STAGES
from sociogram.explorer.words_zh import ZH
from sociogram.report.words import when
from sociogram.said import Said, message

CHINESE = ROLES | FIGURES | STAGES | SENTENCES | ZH
LANGUAGES = {"en": "en", "zh": "zh-CN"}  # ours, and as browsers call them


class Words:
    """One language; an unknown text stays English."""

    def __init__(self, language: str) -> None:
        self.language = language if language in LANGUAGES else "en"

    @property
    def tag(self) -> str:
        """For the attribute lang."""
        return LANGUAGES[self.language]

    def __call__(self, text: str, **values: Any) -> str:
        """The text in this language, with values in its braces."""
        said = CHINESE.get(text, text) if self.language == "zh" else text
        return said.format(**values) if values else said

    def said(self, text: str | BaseException) -> str:
        """What the Engine says, or an error of it; what holds no template is data, or of an earlier version, and stays as it is."""
        text = message(text) if isinstance(text, BaseException) else text
        return text.through(self) if isinstance(text, Said) else text

    def when(self, value: Any) -> str:
        """A time in ISO 8601 as people write it."""
        if self.language == "zh":
            with suppress(ValueError):
                return datetime.fromisoformat(str(value)).strftime("%Y-%m-%d %H:%M %Z").strip()
        return when(value)

    def people(self, count: int) -> str:
        """So many people."""
        return self("1 person") if count == 1 else self("{n} people", n=f"{count:,}")


def language_of(session: Mapping[str, Any], headers: Mapping[str, str]) -> str:
    """What was chosen, else what the browser prefers."""
    chosen = str(session.get("lang", ""))
    if chosen in LANGUAGES:
        return chosen
    return "zh" if headers.get("accept-language", "").lower().startswith("zh") else "en"
