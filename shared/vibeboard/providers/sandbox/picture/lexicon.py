"""Words of the set: what a prompt calls a place, a prop, a shot size, a light, and the motif that stands for it."""

import re

# Longest and most telling words first inside a row; the rows are tried in order and the earliest match in text wins.
PLACES: dict[str, tuple[str, ...]] = {
    "laundromat": ("laundromat", "laundrette", "launderette", "laundry", "washing room", "waschsalon"),
    "bar": ("bar", "diner", "pub", "nightclub", "club", "cafe", "café", "restaurant", "saloon", "tavern", "bistro"),
    "apartment": ("apartment", "bedroom", "living room", "flat", "motel", "hotel", "room", "house", "home", "loft"),
    "office": ("office", "precinct", "bureau", "newsroom", "boardroom", "studio", "police station"),
    "corridor": ("corridor", "hallway", "hall", "stairwell", "staircase", "elevator", "tunnel"),
    "warehouse": ("warehouse", "factory", "hangar", "garage", "depot", "workshop", "basement", "cellar", "mill"),
    "forest": ("forest", "woods", "jungle", "woodland", "grove", "wald", "swamp"),
    "desert": ("desert", "dune", "canyon", "mesa", "frontier", "prairie", "wasteland", "badlands"),
    "beach": ("beach", "shore", "seaside", "coast", "island", "plage", "strand", "playa"),
    "sea": ("sea", "ocean", "lake", "raft", "deck", "ship", "open water"),
    "lighthouse": ("lighthouse", "cliff", "headland"),
    "snowfield": ("snowfield", "tundra", "arctic", "glacier", "ice field", "antarctic"),
    "mountain": ("mountain", "summit", "peak", "ridge", "alps", "valley"),
    "rooftop": ("rooftop", "skyline", "roof", "city", "penthouse", "balcony", "bridge"),
    "station": ("subway", "train station", "platform", "station", "train", "metro", "railway"),
    "car": ("car interior", "inside the car", "taxi", "cab", "back seat", "driving", "dashboard"),
    "church": ("church", "temple", "cathedral", "chapel", "monastery", "crypt", "mosque", "shrine"),
    "hospital": ("hospital", "clinic", "ward", "morgue", "asylum", "operating room", "surgery"),
    "school": ("school", "classroom", "lecture hall", "library", "university"),
    "kitchen": ("kitchen", "bakery", "pantry", "kitchenette"),
    "lab": (
        "lab",
        "laboratory",
        "spaceship",
        "space station",
        "starship",
        "cockpit",
        "bridge deck",
        "server room",
        "airlock",
        "spacecraft",
        "control room",
    ),
    "cave": ("cave", "cavern", "mine", "grotto", "dungeon"),
    "harbour": ("harbour", "harbor", "dock", "docks", "pier", "port", "marina", "wharf"),
    "market": ("market", "bazaar", "fair", "stall", "stalls", "souk", "carnival"),
    "town": ("main street", "western town", "village", "ghost town", "town square", "town"),
    "farm": ("barn", "farm", "stable", "ranch", "farmhouse", "vineyard"),
    "field": ("field", "meadow", "hill", "hills", "park", "garden", "countryside", "pasture", "cemetery", "graveyard"),
    "street": (
        "street",
        "alley",
        "alleyway",
        "sidewalk",
        "road",
        "avenue",
        "parking lot",
        "boulevard",
        "crosswalk",
        "highway",
        "strasse",
        "straße",
        "rue",
        "calle",
    ),
}
INTERIORS = frozenset(
    {
        "laundromat",
        "bar",
        "apartment",
        "office",
        "corridor",
        "warehouse",
        "church",
        "hospital",
        "school",
        "kitchen",
        "lab",
        "cave",
        "car",
        "generic_interior",
    }
)

# What is shown when a place's name says on which side of its walls the shot plays.
INSIDE = {
    "lighthouse": "tower",
    "rooftop": "apartment",
    "harbour": "warehouse",
    "market": "warehouse",
    "mountain": "cave",
    "farm": "kitchen",
    "town": "apartment",
}
OUTSIDE = {"cave": "mountain", "church": "town", "school": "town", "kitchen": "town"}
NIGHT_PLACES = frozenset({"bar"})

PROPS: dict[str, tuple[str, ...]] = {
    "door_handle": ("door handle", "doorknob", "door knob", "handle", "keyhole", "latch"),
    "washing_machine": ("washing machine", "washer", "dryer", "drum"),
    "neon_sign": ("neon sign", "sign", "signage", "billboard"),
    "gun": ("gun", "pistol", "revolver", "rifle", "weapon", "shotgun", "firearm"),
    "phone": ("phone", "telephone", "smartphone", "mobile", "cellphone", "receiver"),
    "letter": (
        "letter",
        "note",
        "envelope",
        "photograph",
        "photo",
        "map",
        "document",
        "paper",
        "newspaper",
        "file",
        "contract",
        "receipt",
        "ticket",
        "invitation",
        "diary page",
    ),
    "cup": ("cup", "mug", "coffee", "tea", "glass", "drink", "whiskey", "whisky", "martini"),
    "bottle": ("bottle", "wine", "vial", "flask", "perfume"),
    "suitcase": (
        "suitcase",
        "briefcase",
        "bag",
        "luggage",
        "backpack",
        "duffel",
        "handbag",
        "case",
        "box",
        "parcel",
        "crate",
        "chest",
    ),
    "knife": ("knife", "blade", "dagger", "sword", "machete", "scalpel"),
    "lantern": ("lantern", "torch", "flashlight", "oil lamp"),
    "lamp": ("lamp", "light bulb", "bulb", "streetlight"),
    "car": ("car", "taxi", "truck", "van", "vehicle", "sedan", "limousine", "pickup"),
    "clock": ("clock", "watch", "pocket watch", "stopwatch", "timer"),
    "book": ("logbook", "book", "notebook", "diary", "journal", "bible", "ledger"),
    "key": ("key", "keys"),
    "camera": ("camera", "camcorder"),
    "flower": ("flower", "flowers", "rose", "roses", "bouquet", "tulip", "petal"),
    "chair": ("chair", "stool", "bench", "armchair", "sofa", "couch", "seat"),
    "table": ("table", "desk", "counter"),
    "door": ("door", "gate"),
    "umbrella": ("umbrella", "parasol"),
    "bicycle": ("bicycle", "bike"),
    "boat": ("boat", "rowboat", "sailboat", "ship", "canoe"),
    "robot": ("robot", "android", "drone", "machine man", "cyborg"),
    "locket": ("locket", "pendant", "medallion", "necklace", "amulet", "brooch"),
    "ring": ("ring", "wedding ring", "bracelet"),
    "coin": ("coin", "coins", "quarter", "token", "medallion"),
    "mirror": ("mirror", "reflection in glass"),
    "television": ("television", "tv", "monitor", "screen"),
    "computer": ("computer", "laptop", "keyboard", "terminal", "console"),
    "candle": ("candle", "candles", "match", "lighter", "flame"),
    "hat": ("hat", "fedora", "stetson"),
    "shoe": ("shoe", "shoes", "boot", "boots", "stiletto", "heel", "heels"),
    "cigarette": ("cigarette", "cigar"),
    "guitar": ("guitar", "violin", "cello"),
    "hand": ("hand", "hands", "fist", "finger", "fingers"),
    "eye": ("eyes", "eye"),
    "lips": ("lips", "mouth", "smile"),
}

SIZES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("insert", ("insert", "detail shot", "macro", "detail of", "cutaway of", "ecu of")),
    ("ecu", ("extreme close-up", "extreme close up", "extreme closeup", "ecu", "xcu")),
    ("mcu", ("medium close-up", "medium close up", "medium closeup", "mcu", "head and shoulders")),
    (
        "cu",
        (
            "close-up",
            "close up",
            "closeup",
            "cu",
            "tight on",
            "portrait of",
            "tight shot",
            "nahaufnahme",
            "gros plan",
            "primer plano",
        ),
    ),
    (
        "ews",
        ("extreme wide", "extreme long", "ews", "els", "establishing", "aerial", "drone shot", "panorama", "vista"),
    ),
    ("mws", ("medium wide", "medium long", "cowboy shot", "mws", "american shot", "three-quarter shot", "knees up")),
    ("fs", ("full shot", "full-body", "full body", "head to toe")),
    ("ws", ("wide shot", "wide-shot", "wide angle", "wide", "long shot", "master shot", "totale", "plan large", "ws")),
    ("ms", ("medium shot", "mid shot", "mid-shot", "waist up", "two-shot", "two shot", "medium", "ms")),
)

ANGLES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "ots",
        ("over the shoulder", "over-the-shoulder", "over shoulder", "ots", "over her shoulder", "over his shoulder"),
    ),
    ("top", ("top shot", "bird's eye", "birds eye", "bird's-eye", "overhead", "top-down", "god's eye")),
    ("low", ("low angle", "low-angle", "worm's eye", "from below", "hero angle", "looking up at")),
    ("high", ("high angle", "high-angle", "from above", "looking down", "crane")),
    ("dutch", ("dutch", "canted", "tilted frame", "oblique angle")),
    ("pov", ("pov", "point of view", "subjective")),
)

ACTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("run", ("run", "runs", "running", "sprint", "sprints", "chase", "chases", "flees", "fleeing", "races", "escapes")),
    (
        "walk",
        (
            "walk",
            "walks",
            "walking",
            "enters",
            "enter",
            "entering",
            "crosses",
            "crossing",
            "approaches",
            "strides",
            "steps",
            "leaves",
            "exits",
            "wanders",
            "strolls",
            "follows",
            "arrives",
            "moves",
            "heads",
            "advances",
            "emerges",
            "march",
        ),
    ),
    ("sit", ("sit", "sits", "sitting", "seated", "sat", "slumps", "waits on")),
    ("lean", ("lean", "leans", "leaning", "against the wall", "slouches", "rests against")),
    (
        "aim",
        (
            "aims",
            "aiming",
            "points a gun",
            "points the gun",
            "draws a gun",
            "draws his gun",
            "draws her gun",
            "shoots",
            "fires",
            "standoff",
            "duel",
            "raises the gun",
        ),
    ),
    (
        "reach",
        (
            "reach",
            "reaches",
            "reaching",
            "grabs",
            "hands over",
            "gives",
            "offers",
            "opens",
            "picks",
            "touches",
            "holds out",
            "turns the",
            "presses",
            "pulls",
            "pushes",
            "takes",
        ),
    ),
    ("kneel", ("kneel", "kneels", "kneeling", "crouch", "crouches", "crouching")),
    (
        "talk",
        (
            "talk",
            "talks",
            "says",
            "argues",
            "whispers",
            "speaks",
            "asks",
            "shouts",
            "gestures",
            "laughs",
            "explains",
            "confronts",
        ),
    ),
    ("dance", ("dance", "dances", "dancing", "jumps", "embrace", "embraces", "kiss", "kisses", "hug")),
    (
        "hold",
        (
            "holds",
            "holding",
            "smokes",
            "smoking",
            "drinks",
            "reads",
            "reading",
            "lights a",
            "stares at",
            "examines",
            "counts",
        ),
    ),
)

COLOURS: dict[str, tuple[int, int, int]] = {  # RGB
    "black": (44, 43, 50),
    "white": (232, 228, 220),
    "red": (178, 26, 38),
    "crimson": (150, 18, 40),
    "scarlet": (200, 34, 30),
    "burgundy": (96, 18, 36),
    "maroon": (92, 22, 30),
    "blue": (38, 72, 142),
    "navy": (24, 34, 72),
    "teal": (22, 110, 116),
    "turquoise": (60, 176, 176),
    "green": (46, 104, 62),
    "olive": (92, 92, 52),
    "khaki": (150, 136, 98),
    "yellow": (226, 186, 60),
    "mustard": (192, 146, 44),
    "gold": (202, 160, 72),
    "golden": (202, 160, 72),
    "orange": (218, 116, 40),
    "brown": (94, 62, 40),
    "tan": (176, 140, 102),
    "beige": (200, 182, 152),
    "cream": (232, 220, 192),
    "camel": (178, 132, 84),
    "grey": (116, 118, 122),
    "gray": (116, 118, 122),
    "charcoal": (52, 54, 60),
    "silver": (172, 178, 186),
    "pink": (222, 128, 150),
    "purple": (96, 52, 120),
    "violet": (110, 70, 150),
    "lilac": (180, 150, 200),
    "denim": (62, 84, 120),
    "leather": (50, 36, 30),
    "ivory": (236, 228, 208),
    "linen": (214, 200, 174),
    "amber": (206, 138, 46),
    "copper": (172, 98, 60),
    "emerald": (24, 118, 84),
    "indigo": (52, 44, 110),
}
HAIR: dict[str, tuple[int, int, int]] = {
    "black": (26, 22, 24),
    "brown": (74, 48, 32),
    "brunette": (66, 42, 30),
    "blonde": (206, 168, 104),
    "blond": (206, 168, 104),
    "red": (140, 54, 28),
    "auburn": (112, 48, 30),
    "ginger": (176, 86, 36),
    "grey": (140, 140, 142),
    "gray": (140, 140, 142),
    "white": (222, 220, 214),
    "silver": (184, 186, 190),
    "platinum": (226, 214, 184),
    "chestnut": (90, 54, 34),
    "dark": (36, 28, 26),
    "pink": (214, 110, 150),
    "blue": (58, 92, 160),
    "green": (60, 120, 80),
    "purple": (98, 60, 130),
    "copper": (160, 82, 44),
}
GARMENTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("spacesuit", ("spacesuit", "space suit", "pressure suit", "hazmat")),
    (
        "coat",
        (
            "trench coat",
            "trenchcoat",
            "overcoat",
            "coat",
            "duster",
            "cloak",
            "cape",
            "lab coat",
            "robe",
            "parka",
            "raincoat",
            "poncho",
        ),
    ),
    ("dress", ("dress", "gown", "sundress", "kimono", "skirt", "sari")),
    ("suit", ("suit", "tuxedo", "blazer", "waistcoat", "vest", "three-piece")),
    ("jacket", ("jacket", "bomber", "hoodie", "cardigan", "sweater", "jumper", "pullover", "uniform")),
    ("shirt", ("shirt", "t-shirt", "blouse", "top", "tank top", "overalls", "apron", "tee")),
)
HATS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("stetson", ("cowboy hat", "stetson", "wide-brimmed", "sun hat", "straw hat", "sombrero")),
    ("fedora", ("fedora", "trilby", "homburg", "hat", "bowler", "top hat")),
    ("cap", ("cap", "beanie", "beret", "helmet", "hood")),
)
FEMALE = (
    "female",
    "woman",
    "girl",
    "femme",
    "she",
    "her",
    "lady",
    "mother",
    "wife",
    "daughter",
    "queen",
    "actress",
    "sister",
    "waitress",
    "heroine",
    "grandmother",
    "aunt",
    "princess",
    "nun",
    "bride",
    "widow",
    "feminine",
)
MALE = (
    "male",
    "man",
    "boy",
    "he",
    "his",
    "father",
    "husband",
    "son",
    "king",
    "actor",
    "brother",
    "waiter",
    "hero",
    "grandfather",
    "uncle",
    "prince",
    "priest",
    "groom",
    "masculine",
    "guy",
    "sheriff",
    "cowboy",
    "detective",
)
CROWD = (
    "crowd",
    "crowds",
    "crowded",
    "background people",
    "bystanders",
    "extras",
    "passers-by",
    "passersby",
    "onlookers",
    "customers",
    "people",
    "audience",
    "spectators",
    "pedestrians",
    "strangers",
    "patrons",
)
NO_ONE = ("empty", "deserted", "abandoned", "nobody", "no one", "unoccupied")

GONE = re.compile(
    r"\b(?:the|a|an|his|her|their|its)\s+[a-z'-]+\s+(?:is|are|was|were|has|have)\s+(?:gone|vanished|disappeared)\b",
    re.I,
)
OVERHEAD_LIGHT = re.compile(
    r"\boverhead\s+(?:sun|noon|lights?|lamps?|lighting|bulbs?|neon|fluorescents?|glare)\b", re.I
)
# Words that name no thing, though a thing's name is in them.
NO_THING = re.compile(
    r"\b(?:(?:lamp|candle|torch|lantern)[ -]?(?:beams?|light|lit|room|glow)|eye[ -]level"
    r"|(?:light|glow|lit)\s+(?:from|by|of)[a-z ,]*)\b",
    re.I,
)
SET_SENTENCE = re.compile(r"[^.:]*\b(?:interior|exterior)\b[^.]*\.?", re.I)
NEGATION = re.compile(r"\b(?:no|without|never|not|free of|absent|minus)\s+(?:any\s+|a\s+)?([a-z' -]+)", re.I)


def _pattern(word: str) -> re.Pattern[str]:
    tail = "(?:e?s)?" if word[-1].isalpha() and not word.endswith("s") else ""
    return re.compile(rf"(?<![\w]){re.escape(word)}{tail}(?![\w])")


_CACHE: dict[str, re.Pattern[str]] = {}


def position(text: str, word: str) -> int:
    """Index of a whole word (or its plural) in lower-case text, -1 when absent."""
    pattern = _CACHE.get(word)
    if pattern is None:
        pattern = _CACHE[word] = _pattern(word)
    found = pattern.search(text)
    return found.start() if found else -1


def has(text: str, *words: str) -> bool:
    """Whether any of the words stands in lower-case text."""
    return any(position(text, word) >= 0 for word in words)


def first_of(text: str, table: dict[str, tuple[str, ...]]) -> str:
    """The key whose word is found earliest in the text (longer word at a tie), '' when none is."""
    hits = [
        (at, -len(word), key) for key, words in table.items() for word in words if (at := position(text, word)) >= 0
    ]
    return min(hits)[2] if hits else ""


def all_of(text: str, table: dict[str, tuple[str, ...]]) -> list[str]:
    """Every key with a word in the text, in order of appearance; a longer phrase hides the words inside it."""
    hits = sorted(
        (at, -len(word), at + len(word), key)
        for key, words in table.items()
        for word in words
        if (at := position(text, word)) >= 0
    )
    keys: list[str] = []
    end = -1
    for start, _, stop, key in hits:
        if start >= end:
            end = stop
            if key not in keys:
                keys.append(key)
    return keys


def first_row(text: str, rows: tuple[tuple[str, tuple[str, ...]], ...]) -> str:
    """The first row (rows are in order of precedence) with a word in the text, '' when none has."""
    return next((key for key, words in rows if has(text, *words)), "")


def without_negations(text: str) -> str:
    """The text with 'no hats', 'without a crowd', 'the boat is gone' taken out: what is denied is not drawn."""
    return GONE.sub(" ", NEGATION.sub(" ", text))
