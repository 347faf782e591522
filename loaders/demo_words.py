"""What the people of the demo community talk about: 24 topics and the words around them, in English.

Each topic has its names (said outright) and three kinds of indirect cue: what one does, things, places. Cues are shared by two or
three topics on purpose, and lists run from usual to rare, so that many phrases are met once or never among the tagged users.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """The vocabulary of one topic; `broader` is the name of its parent, if it has one."""

    name: str
    broader: str | None
    about: str  # one sentence, the topic's description
    names: tuple[str, ...]  # said outright
    doing: tuple[str, ...]  # after "I spent Sunday ..."
    things: tuple[str, ...]  # after "I keep thinking about ..."
    places: tuple[str, ...]  # at the end of a sentence


def _split(text: str) -> tuple[str, ...]:
    return tuple(" ".join(part.split()) for part in text.split(";") if part.strip())


def _words(name: str, broader: str | None, about: str, *cues: str) -> Words:
    """Cues in the order of `Words`, parted by semicolons."""
    return Words(name, broader, about, *map(_split, cues))


WORDS: tuple[Words, ...] = (
    _words(
        "outdoors",
        None,
        "Days and nights outside: hiking, camping, weather and wild places.",
        "the outdoors; hiking; camping",
        """walking the ridge before breakfast; sleeping under a tarp; waiting for the fog to lift; packing a rucksack; crossing the pass on foot;
        following the river upstream; drying wet socks over a stove; reading contour lines; melting snow for tea; wading a ford""",
        """a light sleeping bag; blisters; the first snow; a thermos of soup; the headlamp I forgot; a good map; worn-out boots; the marmots above the hut;
        a bivouac without wind; midges""",
        "in the Dolomites; at the mountain hut; on the moor; by the lake; above the tree line; in the Cairngorms",
    ),
    _words(
        "climbing",
        "outdoors",
        "Going up rock and indoor walls, with ropes or without.",
        "climbing; bouldering; via ferrata",
        """working the crux again; resting my fingers; learning to trust the rope; falling off the same overhang; racking up in the dark;
        taping a torn fingertip; belaying my sister; brushing the holds; topping out at dusk; jamming hands in a crack""",
        """new quickdraws; tight shoes; chalk everywhere; a harness that fits; the headlamp I forgot; sore forearms; a 60-metre rope; a slab with no footholds;
        the grade nobody agrees on; a dyno; figure-eight knots""",
        "in the Dolomites; at the quarry; at the gym after work; on warm granite; in Fontainebleau; above the tree line",
    ),
    _words(
        "cycling",
        "outdoors",
        "Bicycles, for the road, the trail and the way to work.",
        "cycling; road bikes; bike touring",
        """truing a wheel; riding home in the rain; pumping up tyres; chasing a tailwind; patching a tube by the road; greasing a chain;
        crossing the pass before noon; counting metres of ascent; taping handlebars; sitting in the peloton""",
        """a squeaky bottom bracket; padded shorts; the long descent; a frame from 1984; headwind; panniers full of bread; a new derailleur; a puncture kit;
        cobbles; thigh cramps; a steel fork""",
        "along the canal; over the Stelvio; on the towpath; in the old velodrome; by the lake; on gravel roads",
    ),
    _words(
        "birdwatching",
        "outdoors",
        "Watching and counting birds, near the house or far away.",
        "birdwatching; birding; birds",
        """sitting still in a hide; getting up before dawn; keeping a list; waiting for the fog to lift; learning songs by ear; counting geese;
        cleaning lenses; filling the feeder; ringing swallows; telling gulls apart""",
        """a pair of old binoculars; a long lens; the kingfisher by the weir; a flock of lapwings; the dawn chorus; a heron on the roof; warblers; the owl next door;
        a spotting scope; feathers; a rare wader""",
        "in the reed beds; on the mudflats; at the reservoir; in the hide; on the moor; by the estuary",
    ),
    _words(
        "cooking",
        None,
        "Making dinner, alone or for a full table.",
        "cooking; recipes; home cooking",
        """feeding twelve people; sharpening knives; chopping onions; writing down my grandmother's dishes; burning the garlic; simmering stock all day;
        shopping without a list; seasoning a wok; rolling dumplings; reducing a sauce""",
        """a cast-iron pan; leftovers; too much chilli; the perfect broth; a crowded stove; fresh herbs; a jar of miso; Sunday lunch;
        a blunt knife; braised aubergines; saffron""",
        "in a tiny kitchen; at the market hall; at the long table; in my aunt's kitchen; at the allotment; in Bologna",
    ),
    _words(
        "baking",
        "cooking",
        "Bread, cakes and everything that rises in an oven.",
        "baking; bread; pastry",
        """feeding the starter; folding dough at midnight; waiting for it to rise; scoring loaves; laminating with cold butter; weighing flour;
        getting up before dawn; scraping the banneton; proving overnight; whisking egg whites""",
        """sourdough; a crisp crust; an oven that runs hot; rye and caraway; cinnamon buns; a sticky crumb; my grandmother's tin; croissants; hydration;
        a lame; burnt edges""",
        "in a tiny kitchen; at the corner shop; at the village mill; by the oven; in my aunt's kitchen; at the mill shop",
    ),
    _words(
        "coffee",
        "cooking",
        "Beans, roasts and the morning cup.",
        "coffee; espresso; filter coffee",
        """dialling in the grinder; timing a shot; roasting on the balcony; tasting blind; weighing water to the gram; descaling the machine;
        pouring in slow circles; steaming milk; cupping with strangers; waiting for first crack""",
        """a light roast; a hand grinder; washed Ethiopians; the third cup; a moka pot; crema; the flat white around the corner; paper filters;
        a gooseneck kettle; robusta; tamping""",
        "at the corner shop; at the bar; in the office kitchen; in Trieste; at the roastery; in a tiny kitchen",
    ),
    _words(
        "fermentation",
        "cooking",
        "Letting time and microbes do the work: pickles, kimchi, kombucha.",
        "fermentation; pickling; kimchi",
        """feeding the starter; burping jars; salting cabbage; skimming the brine; labelling lids; waiting for bubbles; weighing salt;
        growing a vinegar mother; smoking chillies; inoculating rice""",
        """a jar of miso; the smell under the sink; sour cherries; crocks from the flea market; kombucha; a cloudy brine; koji; sauerkraut; wild yeast;
        lactobacillus; tepache""",
        "in the cellar; at the allotment; under the stairs; in a tiny kitchen; at the market hall; on the balcony",
    ),
    _words(
        "art",
        None,
        "Looking at pictures and making them: museums, painting, exhibitions.",
        "art; painting; exhibitions",
        """standing in front of one picture for an hour; stretching canvas; mixing greens; arguing about the biennale; hanging a show; cleaning brushes;
        queueing for the museum; framing prints; varnishing; priming a board""",
        """a blank canvas; linseed oil; the blue in that altarpiece; north light; a studio with a leaking roof; wall labels; a sketch on a napkin; gouache;
        turpentine; a private view; Morandi's bottles""",
        "at the museum; in a shared studio; in Venice; at the opening; in the old power station; at the flea market",
    ),
    _words(
        "photography",
        "art",
        "Cameras, light and what they see.",
        "photography; taking pictures; analogue cameras",
        """chasing low sun; developing rolls in the bathroom; waiting for the fog to lift; cleaning lenses; framing prints; printing contact sheets;
        shooting from the hip; bracketing; loading film in the dark; scanning negatives""",
        """a long lens; a roll of Tri-X; grain; blue hour; the light after rain; a tripod in the wind; a fifty-millimetre prime; flash; double exposures;
        the shutter of an old Leica; fixer""",
        "at the harbour at night; by the lake; in a darkroom; in the old power station; in the Dolomites; on the last tram",
    ),
    _words(
        "ceramics",
        "art",
        "Clay, wheel and kiln.",
        "ceramics; pottery; throwing pots",
        """wedging clay; trimming feet; centring on the wheel; waiting for the kiln to cool; mixing ash glazes; pulling handles; pricing mugs;
        sanding rims; sieving slip; sweeping the studio""",
        """a cracked bowl; stoneware; a celadon that went grey; my wobbly mugs; cone ten; raku; mud under my nails; a wood firing; porcelain; terracotta;
        a pinch pot""",
        "in a shared studio; at the village hall; at the wheel; in the kiln shed; in Jingdezhen; at the flea market",
    ),
    _words(
        "drawing",
        "art",
        "Pencil, ink and the habit of looking.",
        "drawing; sketching; illustration",
        """filling one page a day; hatching shadows; sharpening pencils; sitting on a folding stool; inking at night; getting hands right;
        copying old masters; erasing; people-watching; scanning pages""",
        """a sketch on a napkin; a dip pen; a soft 6B; cross-hatching; the life model; a concertina notebook; charcoal dust; comics; perspective;
        gouache; blotting paper""",
        "on the last tram; at the museum; in cafés; at the kitchen table; on the night train; in the botanical garden",
    ),
    _words(
        "music",
        None,
        "Listening, concerts, records, playing together.",
        "music; concerts; records",
        """digging through crates; queueing at the door; tuning a guitar; making playlists for friends; standing in the front row; rehearsing in a garage;
        learning songs by ear; replacing strings; carrying amps; turning it up""",
        """a scratched LP; the encore; earplugs; a second-hand turntable; the drummer; B-sides; a ticket stub; the support act; feedback; liner notes;
        a broken cymbal""",
        "in a basement club; at the festival; in the old velodrome; at the record fair; in the back room; in Manchester",
    ),
    _words(
        "jazz",
        "music",
        "Improvised music, from big bands to trios.",
        "jazz; bebop; improvisation",
        """learning a solo by ear; sitting in at the session; practising scales; arguing about Coltrane; counting in sevens; oiling valves;
        trading fours; comping; transcribing; searching for reeds""",
        """a tenor sax; a scratched LP; brushes on a snare; the bass player; blue notes; a walking line; late sets; the bridge of a standard; Monk;
        a muted trumpet; Ellington""",
        "in a basement club; at the Tuesday session; in the back room; in New Orleans; at the bar; at the late set",
    ),
    _words(
        "choir",
        "music",
        "Singing together.",
        "choir; singing; choral works",
        """warming up in the stairwell; holding the alto line; breathing in the wrong place; rehearsing Bach; counting rests; tuning to the organ;
        turning pages; learning Latin; rolling my Rs; humming""",
        """the tenors; a sore throat; four-part harmony; the St Matthew; a pitch pipe; the conductor's eyebrows; black folders; the last chord; madrigals;
        evensong; the descant""",
        "in a cold church; at the village hall; in the parish hall; in the cathedral; in the back row; in Leipzig",
    ),
    _words(
        "synthesizers",
        "music",
        "Electronic sounds, knobs and patch cables.",
        "synthesizers; modular synths; electronic music",
        """patching until two; soldering a filter; tuning oscillators; recording drones; replacing capacitors; sequencing basslines; reading schematics;
        detuning; sampling the dishwasher; syncing clocks""",
        """a drum machine from 1984; too many cables; an analogue filter; a broken arpeggiator; tape hiss; LFOs; sub-bass; envelopes; a eurorack case;
        acid lines; a vocoder""",
        "in the spare room; in a basement club; in Berlin; at the workbench; in the loft; at the record fair",
    ),
    _words(
        "books",
        None,
        "Novels, libraries and reading lists.",
        "books; reading; novels",
        """staying up for two more chapters; joining a book group; reshelving by colour; missing my stop; underlining; lending and never getting back;
        queueing for a signing; skipping to the end; hunting first editions; translating a page a day""",
        """a stack by the bed; dog-eared paperbacks; the library card; an unreliable narrator; footnotes; an overdue loan; small presses; a slim volume; the longlist;
        a broken spine; Ferrante""",
        "on the night train; at the public library; in the second-hand shop; in an armchair; in cafés; in Edinburgh",
    ),
    _words(
        "poetry",
        "books",
        "Verse, read and written.",
        "poetry; poems; verse",
        """learning lines by heart; counting syllables; reading aloud to the cat; crossing out adjectives; sending to small magazines; translating a page a day;
        scanning metre; writing before dawn; breaking lines; standing at the open mic""",
        """a slim volume; a half-rhyme; one good line; sonnets; Szymborska; the white of the page; small presses; an enjambment; haiku; a villanelle;
        the volta""",
        "in the back room; on the last tram; in cafés; at the open mic; at the kitchen table; in Kraków",
    ),
    _words(
        "science fiction",
        "books",
        "Stories of futures, other worlds and their machines.",
        "science fiction; sci-fi; space opera",
        """rereading Le Guin; arguing about time travel; collecting pulp covers; missing my stop; painting starships; cataloguing robots;
        explaining wormholes; hunting first editions; watching Solaris again; terraforming in my head""",
        """dog-eared paperbacks; generation ships; a dying sun; Hugo winners; alien grammars; the ansible; cyberpunk; first contact; the three-body problem; androids;
        a Dyson sphere""",
        "at the convention; in the second-hand shop; on the night train; at the observatory; at the public library; in an armchair",
    ),
    _words(
        "history",
        "books",
        "The past and the traces it left.",
        "history; archives; the Middle Ages",
        """deciphering old letters; mapping Roman roads; sitting in reading rooms; tracing my family; dating coins; learning Latin; cycling to ruins;
        recording my neighbours' memories; transcribing; walking the city walls""",
        """footnotes; a parish register; the Hanseatic League; a trench map; a letter from 1916; medieval graffiti; a box of glass plates; the plague years; seals;
        potsherds; the siege""",
        "at the city archive; at the museum; in Lübeck; in the reading room; at the flea market; in the crypt",
    ),
    _words(
        "travel",
        None,
        "Going elsewhere, slowly or far.",
        "travel; travelling; long trips",
        """packing a rucksack; booking the cheap seat; asking strangers for the way; missing connections; collecting stamps in a passport; washing shirts in sinks;
        sleeping in airports; sending postcards; haggling; getting lost on purpose""",
        """a good map; hostel breakfasts; visas; a phrasebook; one small bag; jet lag; street food; the window seat; a moka pot; a border crossing;
        the wrong adaptor""",
        "in Tbilisi; at the border; in Oaxaca; far from home; at the harbour at night; on the ferry",
    ),
    _words(
        "rail travel",
        "travel",
        "Trains, timetables and the places between.",
        "rail travel; trains; railways",
        """studying timetables; missing connections; changing at Basel; counting tunnels; booking the cheap seat; waking up in another country;
        photographing signal boxes; leaning on the window; riding branch lines; stamping tickets""",
        """the window seat; a sleeper berth; an Interrail pass; narrow gauge; the dining car; platform clocks; a viaduct; couchettes; semaphores; a delayed connection;
        the rack section""",
        "on the night train; in the Dolomites; over the Brenner; at the station buffet; along the canal; in the Alps",
    ),
    _words(
        "sailing",
        "travel",
        "Boats, wind and tides.",
        "sailing; yachts; boats",
        """reefing in a squall; sanding the hull; reading charts; waiting for wind; splicing a line; learning knots; drying wet socks over a stove;
        tacking up the sound; anchoring off; bailing""",
        """a leaking hatch; tides; a north-easterly; varnish; a bowline; a wooden dinghy; seasickness; the tiller; a spinnaker; figure-eight knots;
        barnacles""",
        "at the harbour at night; by the estuary; off Brittany; on the lake; on the ferry; in the archipelago",
    ),
    _words(
        "language learning",
        "travel",
        "Grammar, accents and talking to strangers.",
        "language learning; languages; grammar",
        """repeating tones in the shower; drilling flashcards; asking strangers for the way; conjugating; mixing up cases; swapping an hour for an hour; rolling my Rs;
        listening to foreign radio; dreaming in Polish; writing characters""",
        """a phrasebook; false friends; the subjunctive; my accent; a tandem partner; flashcards; the ablative; subtitles; tongue twisters; loanwords;
        the genitive plural""",
        "at evening class; in cafés; at the kitchen table; on the bus; in Kraków; with my neighbours",
    ),
)
