"""Texts that we say to people, together with what they were made from, so that another language can say them too."""

import re
from collections.abc import Callable, Iterable, Mapping
from string import Formatter
from typing import Any

AND = "{words} and {last}"
Translate = Callable[[str], str]  # a template to the same in another language


class Said(str):
    """A text: the English template, filled with its values. To all who read it, it is that text and nothing more."""

    template: str
    values: Mapping[str, Any]

    def __new__(cls, template: str, /, **values: Any) -> "Said":
        """`values` stand in the template's braces; those that are Said themselves are translated with it."""
        said = super().__new__(cls, _filled(template, values))
        said.template, said.values = template, values
        return said

    def __getnewargs_ex__(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (self.template,), dict(self.values)

    def through(self, translate: Translate) -> str:
        """The same in another language."""
        return _filled(translate(self.template), {n: _through(v, translate) for n, v in self.values.items()})

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON, where the values are; `Said.of` makes it again."""
        return {"template": self.template, "values": dict(self.values)}

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> "Said":
        """From what `to_dict` gave."""
        return cls(kept["template"], **kept["values"])


class Joined(Said):
    """Several texts with the same between each two."""

    parts: tuple[str, ...]

    def __new__(cls, between: str, parts: Iterable[str], /) -> "Joined":
        kept = tuple(parts)
        said = str.__new__(cls, between.join(kept))
        said.template, said.values, said.parts = between, {}, kept
        return said

    def __getnewargs_ex__(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (self.template, self.parts), {}

    def through(self, translate: Translate) -> str:
        """The same in another language."""
        return translate(self.template).join(_through(part, translate) for part in self.parts)


def listed(words: Iterable[str]) -> Said:
    """a, b and c."""
    *first, last = [*words] or [""]
    return Said(AND, words=Joined(", ", first), last=last) if first else Joined("", [last])


def counted(n: int, one: str, many: str, /, **values: Any) -> Said:
    """The template for one thing, or for several."""
    return Said(one if n == 1 else many, n=n, **values)


def recognised(text: str, templates: Iterable[str], /, **known: str) -> str:
    """The text with the first template that gives exactly it; values that are not known beforehand are numbers, with their sign and places kept."""
    for template in templates:
        found = re.fullmatch(_pattern(template, known), text)
        if found and (said := Said(template, **known, **found.groupdict())) == text:
            return said
    return text


def message(error: BaseException) -> str:
    """What an error says, with what it was made from where that is known."""
    first = error.args[0] if error.args else ""
    return first if isinstance(first, Said) else str(error)


def _pattern(template: str, known: Mapping[str, str]) -> str:
    """A regular expression in which each unknown value is a group of its name; a template says each of them once."""
    parts = []
    for fixed, name, _, _ in Formatter().parse(template):
        parts.append(re.escape(fixed))
        if name is not None:
            parts.append(re.escape(known[name]) if name in known else rf"(?P<{name}>[+-]?[0-9][0-9,.]*)")
    return "".join(parts)


def _filled(template: str, values: Mapping[str, Any]) -> str:
    return template.format(**values) if values else template


def _through(value: Any, translate: Translate) -> Any:
    return value.through(translate) if isinstance(value, Said) else value
