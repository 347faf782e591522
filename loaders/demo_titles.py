"""Titles that an editor would give: a few for each topic of the demo community, beside those made from templates."""

TITLES: dict[str, tuple[str, ...]] = {
    name: tuple(titles.split("; "))
    for name, titles in {
        "outdoors": "Hut to hut; What to leave at home; Rain is only weather; Ridge days; A night without a tent",
        "climbing": "Crux; Fear, explained by people who fall; Your first lead; Granite diary; Small holds, big walls",
        "cycling": "Twenty-one hairpins; Flat, a love story; Winter miles; The slow chain gang; Low gears",
        "birdwatching": "Wings over the estuary; The patient year; Five brown ones you will confuse; Dawn count; Gull school",
        "cooking": "Dinner for twelve; The onion chapter; Stock answers; One pan, one week; Salt, later",
        "baking": "Crumb shots; The forty-hour loaf; Butter, folded; What the starter wants; Crust",
        "coffee": "Third wave, fourth cup; Water matters; The grinder issue; From cherry to cup; Slow drip",
        "fermentation": "Alive in a jar; Brine time; The sour shelf; Bubbles and patience; Cabbage diaries",
        "art": "North light; An hour with one picture; The back of the canvas; Small museums; Blue, a biography",
        "photography": "Grain; The last roll; Before the shutter; Night harbour; Contact sheet",
        "ceramics": "Cone ten; Mud season; The second firing; Wobbly; Bowls for a village",
        "drawing": "One page a day; Soft pencils, hard days; Lines on a tram; The folding stool; Hands",
        "music": "Side B; Front row; Crate days; The encore; Garage Sundays",
        "jazz": "Counting in sevens; The Tuesday session; Blue notes; After the bridge; Brushes",
        "choir": "Four parts; The alto line; Bach on Thursday; Breathe here; The cold church concert",
        "synthesizers": "Patch notes; Voltage; Two oscillators and a dishwasher; Low pass; Cables",
        "books": "The stack by the bed; Overdue; First editions, second thoughts; Unreliable; Chapter and tea",
        "poetry": "One good line; Half-rhymes; The white of the page; Fourteen lines; By heart",
        "science fiction": "Generation ship; A dying sun; Alien grammar lessons; Pulp; The robots were here first",
        "history": "The parish register; Letters from 1916; City walls; Footnotes; A coin in the field",
        "travel": "One small bag; The wrong adaptor; Far, slowly; Border notes; Breakfast elsewhere",
        "rail travel": "Dolomites by rail; Change at Basel; The dining car; Branch lines of the north; Sleeper",
        "sailing": "Reef early; The wooden dinghy; Tide tables; Off Brittany; Wind, waiting for",
        "language learning": "False friends; The genitive plural; Dreaming in Polish; Tandem; Four tones",
    }.items()
}
