"""How pieces of evidence are said: the templates of what a run keeps beside each published interest.

A run keeps the whole sentence, as the database does. Who reads one and knows the names in it finds its template again.
"""

from collections.abc import Sequence
from itertools import permutations

from sociogram.said import Said, recognised

THERE = "the graph says so"
SAID_OF = 'said so of "{name}"'
TIED = "tied to {name}"
TIED_LIKES = "tied to {name}, who likes {liked}"
TIED_SEEMS = "tied to {name}, who seems to like {liked}"
TIED_HAS_ONE = "tied to {name}, who has {n} item about {liked}"
TIED_HAS = "tied to {name}, who has {n} items about {liked}"
ALSO = "also likes {name}"
ALSO_OTHERS = "also likes {name}; of {all} others who do, {some} like {liked}"
DID = '{did} "{name}"'
DID_ABOUT = '{did} "{name}", about {liked}'
DID_OTHERS = '{did} "{name}"; of {all} others who did, {some} like {liked}'
ALL = (
    THERE, SAID_OF, TIED, TIED_LIKES, TIED_SEEMS, TIED_HAS_ONE, TIED_HAS, ALSO, ALSO_OTHERS, DID, DID_ABOUT, DID_OTHERS,
)  # fmt: skip


TOGETHER = 3  # kinds of behaviour towards one item that are tried


def found_again(sentence: str, name: str, liked: str, did: Sequence[str]) -> str:
    """The sentence with its template where it is one of ours about `name` and the topic `liked`; `did` are words for behaviour."""
    several = (", ".join(some) for n in range(1, TOGETHER + 1) for some in permutations(did, n))
    for word in ("", *(w for w in several if sentence.startswith(w))):  # what was done stands first
        said = recognised(sentence, ALL, name=name, liked=liked, did=word)
        if isinstance(said, Said):
            return said
    return sentence
