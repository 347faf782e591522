"""Bios, posts, titles and descriptions of the demo community in natural sentences."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from sociogram.loaders.demo_people import (
    CITIES,
    FAMILY,
    FAMILY_ZH,
    GIVEN,
    GIVEN_ZH,
    IDLE_POSTS,
    IDLE_POSTS_ZH,
    LANGUAGE_HINTS,
    LANGUAGES,
    SMALL_TALK,
    SMALL_TALK_ZH,
    SPAM,
    SPAM_BIOS,
    STAGE_WORDS,
    STAGE_WORDS_ZH,
    STAGES,
)
from sociogram.loaders.demo_plan import BOT, FRIENDS_ONLY, NEWCOMER, TEXT_ONLY, Plan
from sociogram.loaders.demo_titles import TITLES
from sociogram.loaders.demo_words import WORDS
from sociogram.loaders.demo_words_zh import WORDS_ZH

_DIRECT = 0.5  # share of topical sentences that say the topic outright
_SUBSET = 5  # cues of a kind that one person ever uses for one topic
_BUFFER = 4096

_DAYS = (
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
    "the whole weekend",
    "last night",
    "my day off",
)
_BIO_DIRECT = (
    "Here for {name}.", "{Name}, mostly.", "Weekends are for {name}.", "{Name}, for as long as I can remember.", "{Name} first, everything else later.",
    "Talk to me about {name}.", "Came late to {name} and stayed.", "If it has to do with {name}, I'm in.", "Too much {name}, say my friends.",
    "Half my calendar is {name}.",
)  # fmt: skip
_BIO = (
    "Happiest when {doing}.", "Weekends are for {doing}.", "Probably {doing} right now.", "Find me {place}, {doing}.", "Currently preoccupied with {thing}.",
    "Ask me about {thing}.", "Best evenings: {doing}.", "Will talk about {thing} if you let me.", "Usually {place}.", "Strong opinions on {thing}.",
    "{Doing}, mostly {place}.", "Some people meditate. I prefer {doing}.", "My idea of rest: {doing}.", "You will find me {place}.",
    "Better at {doing} than at writing bios.", "Never far from {thing}.", "Long story, starts with {thing} {place}.", "{Doing} since I was nine.",
)  # fmt: skip
_POST_DIRECT = (
    "{Name} got me through the winter.", "More {name}, please.", "This is why I love {name}.", "Anyone here into {name} as well?",
    "I came to {name} late and can't stop.", "{Name} again, no regrets.", "A good read for anyone into {name}.", "Sent this to everyone I know from {name}.",
    "I keep telling my sister that {name} is not a phase.", "Is it just me or is {name} getting more popular around here?", "{Name} {place}, what else.",
    "You had me at {name}.", "Ten years of {name} and I still learned something from this.", "Finally something on {name} that isn't for experts only.",
)  # fmt: skip
_POST = (
    "Spent {day} {doing}. Worth it.", "Three weeks of {doing} and I finally see a difference.", "Still thinking about {thing}.",
    "Nobody warned me about {thing}.", "I could talk about {thing} all evening.", "{Doing} {place}: that was my weekend.",
    "This took me back to {thing} {place}.", "Reading this I wanted to be {place} again.", "After years of {doing} I still get nervous.",
    "Good point about {thing}.", "The part on {thing} is spot on.", "Next month {place}, if all goes well.", "We met {place} and ended up {doing}.",
    "My partner says I only think of {thing}. True.", "Tried {doing} after this. Not there yet.", "Any advice on {thing}? Asking for a friend.",
    "Was up late {doing} and forgot the time.", "I disagree about {thing}, but I see where you are coming from.", "{Doing} is harder than it looks.",
    "Guess who spent {day} {place}.", "My father taught me about {thing}, so this hit home.", "Not a word about {thing}? Pity.",
    "Missed dinner because of {doing}. Again.", "Two of us {place}, four hours, and all we talked about was {thing}.", "Has anyone tried {doing} {place}?",
)  # fmt: skip
_BIO_DIRECT_ZH = ("喜欢{name}。", "{name}爱好者。", "周末属于{name}。", "聊{name}可以找我。", "朋友说我{name}上瘾。")
_BIO_ZH = (
    "周末常常{doing}。",
    "最近迷上了{thing}。",
    "不上班的时候就{doing}。",
    "舍不得{thing}。",
    "理想的一天：{doing}。",
    "关于{thing}，我有话要说。",
)
_POST_DIRECT_ZH = (
    "又开始琢磨{name}了。", "{name}让我撑过了冬天。", "周六有人想聊聊{name}吗？", "这就是我喜欢{name}的原因。", "难得有一篇讲{name}的好文章。",
    "转给所有喜欢{name}的朋友。",
)  # fmt: skip
_POST_ZH = (
    "周日{doing}，很值。", "一直惦记着{thing}。", "看完想起了{thing}。", "终于有空{doing}了。", "说到{thing}，我可以聊一晚上。", "试着{doing}，还差得远。",
    "昨晚{doing}，忘了时间。", "关于{thing}那段说得对。", "没人提醒过我{thing}这件事。", "和老朋友一起{doing}，真好。",
)  # fmt: skip

_TITLES_DIRECT = (
    "{Name} for the impatient", "A year of {name}", "{Name} {place}", "The quiet side of {name}", "{Name}: questions and answers", "Starting late with {name}",
    "{Name} on a budget", "{Name}, explained to my neighbour", "What nobody tells you about {name}", "Ten years of {name}", "Open evening: {name}",
    "{Name} without the fuss", "Why {name}, why now", "The {name} issue",
)  # fmt: skip
_TITLES = (
    "{Doing}", "In praise of {thing}", "Notes on {thing}", "A week {place}", "The art of {doing}", "{Doing}, and other small victories", "What {thing} can teach you",
    "On {doing}", "Everything about {thing}", "Meet {place}", "{Doing} {place}", "Ten ways to think of {thing}", "{Thing}: a short history", "Against {thing}",
    "{Doing} for beginners", "One evening {place}", "{Thing} and me", "A letter about {thing}", "How to enjoy {doing}", "The trouble with {thing}",
    "Seven days of {doing}", "{Thing}, reconsidered", "Early morning {place}", "In defence of {doing}",
)  # fmt: skip
_ITEM_DIRECT = (
    "A short guide to {name} for people who would rather be {doing}.", "Two evenings on {name}, with a part on {thing}.",
    "For everyone who has started {name} and got stuck at {thing}.", "An honest look at {name}: {doing} and all.",
    "{Name} from the beginning, without the jargon.", "Our yearly meeting on {name}, this time {place}.", "Thirty short pieces on {name} by people who do it for fun.",
    "Questions from readers about {name}, answered: {thing}, for example.",
)  # fmt: skip
_ITEM = (
    "From {doing} to {thing}, step by step.", "We spend a weekend {place}, {doing}.", "A small group, {thing}, and plenty of time.",
    "The long story behind {thing}, told by people who spend their days {doing}.", "Bring curiosity, we bring the rest: {thing} included.",
    "Half of it is {doing}, the other half is patience.", "With interviews recorded {place}.", "Why {doing} changes how you look at {thing}.",
    "A day {place} with someone who knows all about {thing}.",
)  # fmt: skip
_ITEM_ENDS = (
    "Beginners welcome.",
    "With pictures.",
    "Limited places.",
    "Updated every spring.",
    "Free for members.",
    "Second edition.",
    "",
    "",
    "",
)
_PERSONAL = re.compile(r"\b(my|me|I)\b")  # said by a person, not by a title


class Dice:
    """Cheap repeated choices from one generator."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._left: list[float] = []

    def roll(self) -> float:
        if not self._left:
            self._left = self._rng.random(_BUFFER).tolist()
        return self._left.pop()

    def chance(self, probability: float) -> bool:
        return self.roll() < probability

    def below(self, n: int, skew: float = 1.0) -> int:
        """A number under n; with a skew above 1 small ones are likelier."""
        return int(n * self.roll() ** skew)

    def pick(self, options: Sequence[str], skew: float = 1.0) -> str:
        return options[self.below(len(options), skew)]


@dataclass
class Voice:
    """How one person speaks: a language and, per topic, a few cues of the many."""

    dice: Dice
    chinese: bool
    _cues: dict[int, dict[str, list[str]]] = field(default_factory=dict)

    def say(self, topic: int, direct: Sequence[str], indirect: Sequence[str]) -> str:
        """A sentence about a topic."""
        template = self.dice.pick(direct if self.dice.chance(_DIRECT) else indirect)
        return fill(template, self.dice, self.cues(topic))

    def bio(self, topic: int) -> str:
        return self.say(topic, *((_BIO_DIRECT_ZH, _BIO_ZH) if self.chinese else (_BIO_DIRECT, _BIO)))

    def post(self, topic: int) -> str:
        return self.say(topic, *((_POST_DIRECT_ZH, _POST_ZH) if self.chinese else (_POST_DIRECT, _POST)))

    def cues(self, topic: int) -> dict[str, list[str]]:
        if topic not in self._cues:
            self._cues[topic] = {kind: self._some(cues) for kind, cues in _vocabulary(topic, self.chinese).items()}
        return self._cues[topic]

    def _some(self, cues: Sequence[str]) -> list[str]:
        return [self.dice.pick(cues, 1.3) for _ in range(_SUBSET)]


@cache
def _vocabulary(topic: int, chinese: bool) -> dict[str, tuple[str, ...]]:
    words = WORDS[topic]
    if chinese:
        zh = WORDS_ZH[words.name]
        return {"name": zh.names, "doing": zh.doing, "thing": zh.things}
    return {"name": words.names, "doing": words.doing, "thing": words.things, "place": words.places}


@cache
def _impersonal(topic: int) -> dict[str, tuple[str, ...]]:
    """The vocabulary of titles and descriptions."""
    cues = _vocabulary(topic, False)
    return {kind: tuple(cue for cue in options if not _PERSONAL.search(cue)) for kind, options in cues.items()}


def fill(template: str, dice: Dice, cues: Mapping[str, Sequence[str]]) -> str:
    """A template with its slots filled; a slot that starts upper case starts its phrase so."""
    values = {"day": dice.pick(_DAYS)} if "{day}" in template else {}
    for kind, options in cues.items():
        if "{" + kind in template or "{" + kind.capitalize() in template:
            value = dice.pick(options)
            values[kind], values[kind.capitalize()] = value, value[:1].upper() + value[1:]
    return template.format(**values)


def write_name(plan: Plan, user: int, dice: Dice) -> str:
    """A name for a person; most writers of Chinese have a Chinese one."""
    if plan.chinese[user] and dice.chance(0.8):
        return dice.pick(FAMILY_ZH) + dice.pick(GIVEN_ZH)
    return f"{dice.pick(GIVEN)} {dice.pick(FAMILY)}"


def write_bio(plan: Plan, user: int, voice: Voice) -> str:
    """One to four sentences; what they give away depends on the archetype."""
    dice, kind = voice.dice, plan.archetype[user]
    if kind == BOT:
        return dice.pick(SPAM_BIOS)
    parts = []
    if kind != FRIENDS_ONLY and dice.chance(1.0 if kind == TEXT_ONLY else 0.4 if kind == NEWCOMER else 0.85):
        parts.append(voice.bio(_interest(plan, user, dice)))
    if dice.chance(0.5):
        stage = STAGES[plan.stage[user]]
        parts.append(dice.pick((STAGE_WORDS_ZH if voice.chinese else STAGE_WORDS)[stage]))
    spoken = [name for name, known in zip(LANGUAGES, plan.languages[user], strict=True) if known]
    if not voice.chinese and dice.chance(0.3):
        parts.append(dice.pick(LANGUAGE_HINTS[dice.pick(spoken)]))
    if not parts or dice.chance(0.3):
        parts.append(dice.pick(SMALL_TALK_ZH if voice.chinese else SMALL_TALK))
    return ("" if voice.chinese else " ").join(parts)


def write_post(plan: Plan, user: int, topic: int, voice: Voice) -> str:
    """A sentence or two about a topic; -1 is small talk that fits any item."""
    dice = voice.dice
    if plan.archetype[user] == BOT:
        return dice.pick(SPAM).format(n=(dice.below(19) + 1) * 5)
    idle = dice.pick(IDLE_POSTS_ZH if voice.chinese else IDLE_POSTS)
    if topic < 0:
        return idle
    text = voice.post(topic)
    return text + ("" if voice.chinese else " ") + idle if dice.chance(0.25) else text


def _interest(plan: Plan, user: int, dice: Dice) -> int:
    roll, row = dice.roll(), plan.weights[user]
    for topic, weight in zip(plan.interests[user].tolist(), row.tolist(), strict=True):
        roll -= weight
        if roll < 0:
            return int(topic)
    return int(plan.interests[user, 0])


def write_title(topic: int, dice: Dice) -> str:
    """A title; a third say the topic."""
    if dice.chance(0.2):
        return dice.pick(TITLES[WORDS[topic].name])
    return fill(dice.pick(_TITLES_DIRECT if dice.chance(0.4) else _TITLES), dice, _impersonal(topic)).removesuffix(".")


def write_description(topic: int, second: int, dice: Dice) -> str:
    """Two or three sentences; more than half of them say the topic."""
    parts = []
    for t, direct in ((topic, 0.6), (second, 0.3)):
        if t >= 0:
            parts.append(fill(dice.pick(_ITEM_DIRECT if dice.chance(direct) else _ITEM), dice, _impersonal(t)))
    parts.append(dice.pick(_ITEM_ENDS))
    return " ".join(filter(None, parts))


def city_name(plan: Plan, user: int) -> str:
    return CITIES[int(plan.city[user])][0]
