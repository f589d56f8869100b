"""What English signs, units, currencies and abbreviations are called."""

from __future__ import annotations

LETTER_NAMES: dict[str, str] = {
    "A": "ˈA", "B": "bˈi", "C": "sˈi", "D": "dˈi", "E": "ˈi", "F": "ˈɛf", "G": "ʤˈi", "H": "ˈAʧ", "I": "ˈI", "J": "ʤˈA", "K": "kˈA",
    "L": "ˈɛl", "M": "ˈɛm", "N": "ˈɛn", "O": "ˈO", "P": "pˈi", "Q": "kjˈu", "R": "ˈɑɹ", "S": "ˈɛs", "T": "tˈi", "U": "jˈu", "V": "vˈi",
    "W": "dˈʌbᵊlju", "X": "ˈɛks", "Y": "wˈI", "Z": "zˈi",
}  # fmt: skip
"""Letters in misaki's alphabet."""
_PREFIXES = {
    "n": "nano",
    "µ": "micro",
    "μ": "micro",
    "m": "milli",
    "c": "centi",
    "d": "deci",
    "h": "hecto",
    "k": "kilo",
    "M": "mega",
    "G": "giga",
    "T": "tera",
}
_BASES: tuple[tuple[str, str, str, str], ...] = (
    ("m", "metre", "metres", "nµμmcdk"), ("g", "gram", "grams", "nµμmk"), ("l", "litre", "litres", "µμmcdh"), ("L", "litre", "litres",
    "µμmcd"),
    ("Hz", "hertz", "hertz", "kMGT"), ("W", "watt", "watts", "mkMGT"), ("Wh", "watt hour", "watt hours", "kMGT"), ("V", "volt", "volts",
    "µmkM"),
    ("A", "ampere", "amperes", "µmk"), ("B", "byte", "bytes", "kMGT"), ("b", "bit", "bits", "kMG"), ("bit", "bit", "bits", "kMG"), ("Pa",
    "pascal", "pascals", "hkM"),
    ("J", "joule", "joules", "kM"), ("N", "newton", "newtons", "k"), ("Ω", "ohm", "ohms", "kM"), ("F", "farad", "farads", "nµμ"),
    ("s", "second", "seconds", "nµμm"), ("bar", "bar", "bars", "m"), ("cal", "calorie", "calories", "k"), ("eV", "electronvolt",
    "electronvolts", "kMG"),
)  # fmt: skip
UNITS: dict[str, tuple[str, str]] = {
    "mi": ("mile", "miles"), "ft": ("foot", "feet"), "yd": ("yard", "yards"), "oz": ("ounce", "ounces"), "lb": ("pound", "pounds"),
    "lbs": ("pound", "pounds"), "gal": ("gallon", "gallons"), "pt": ("pint", "pints"), "qt": ("quart", "quarts"), "tsp": ("teaspoon",
    "teaspoons"),
    "tbsp": ("tablespoon", "tablespoons"), "ha": ("hectare", "hectares"), "t": ("tonne", "tonnes"), "h": ("hour", "hours"),
    "hr": ("hour", "hours"),
    "hrs": ("hour", "hours"), "min": ("minute", "minutes"), "mins": ("minute", "minutes"), "sec": ("second", "seconds"),
    "secs": ("second", "seconds"),
    "mph": ("mile per hour", "miles per hour"), "kmh": ("kilometre per hour", "kilometres per hour"), "rpm": ("revolution per minute",
    "revolutions per minute"),
    "dB": ("decibel", "decibels"), "px": ("pixel", "pixels"), "fps": ("frame per second", "frames per second"), "kn": ("knot", "knots"),
    "mol": ("mole", "moles"), "ppm": ("part per million", "parts per million"), "in": ("inch", "inches"), "hp": ("horsepower",
    "horsepower"),
    "℃": ("degree Celsius", "degrees Celsius"), "℉": ("degree Fahrenheit", "degrees Fahrenheit"), "°C": ("degree Celsius",
    "degrees Celsius"),
    "°F": ("degree Fahrenheit", "degrees Fahrenheit"), "°": ("degree", "degrees"), "Mbps": ("megabit per second", "megabits per second"),
    "Gbps": ("gigabit per second", "gigabits per second"), "psi": ("pound per square inch", "pounds per square inch"), "kilo": ("kilo",
    "kilos"),
    "wk": ("week", "weeks"), "yr": ("year", "years"), "yrs": ("year", "years"), "mo": ("month", "months"), "d": ("day", "days"),
    "K": ("kelvin", "kelvins"),
    **{base: (one, many) for base, one, many, _ in _BASES},
    **{prefix + base: (_PREFIXES[prefix] + one, _PREFIXES[prefix] + many) for base, one, many, prefixes in _BASES for prefix in prefixes},
}  # fmt: skip
POWERS = {"²": "square", "³": "cubic", "2": "square", "3": "cubic"}
TIGHT_UNITS = frozenset({"d", "K", "F", "A", "t", "b", "mo"})
"""Units that are read as such only where no space precedes them (10 A is more often a letter, 5 t a word)."""
LETTER_UNITS = frozenset({"K", "A", "B", "b", "F", "N", "J"})

CURRENCIES: dict[str, tuple[str, str, str, str]] = {
    "$": ("dollar", "dollars", "cent", "cents"), "€": ("euro", "euros", "cent", "cents"), "£": ("pound", "pounds", "", ""),
    "¥": ("yen", "yen", "", ""), "￥": ("yen", "yen", "", ""), "₹": ("rupee", "rupees", "", ""), "₩": ("won", "won", "", ""),
    "₽": ("rouble", "roubles", "", ""),
    "₺": ("lira", "lira", "", ""), "₪": ("shekel", "shekels", "", ""), "₫": ("dong", "dong", "", ""), "₱": ("peso", "pesos", "", ""),
    "฿": ("baht", "baht", "", ""), "₴": ("hryvnia", "hryvnias", "", ""), "₦": ("naira", "naira", "", ""), "₿": ("bitcoin", "bitcoins",
    "", ""),
    "kr": ("krone", "kroner", "", ""), "zł": ("zloty", "zlotys", "", ""), "Kč": ("koruna", "korunas", "", ""), "Ft": ("forint",
    "forints", "", ""),
    "Rs": ("rupee", "rupees", "", ""), "R$": ("real", "reais", "", ""),
    "US$": ("US dollar", "US dollars", "cent", "cents"), "A$": ("Australian dollar", "Australian dollars", "cent", "cents"),
    "C$": ("Canadian dollar", "Canadian dollars", "cent", "cents"), "HK$": ("Hong Kong dollar", "Hong Kong dollars", "cent", "cents"),
    "NZ$": ("New Zealand dollar", "New Zealand dollars", "cent", "cents"), "S$": ("Singapore dollar", "Singapore dollars", "cent", "cents"),
    "USD": ("US dollar", "US dollars", "cent", "cents"), "EUR": ("euro", "euros", "cent", "cents"), "GBP": ("pound", "pounds", "", ""),
    "CHF": ("franc", "francs", "", ""), "JPY": ("yen", "yen", "", ""), "CNY": ("yuan", "yuan", "", ""), "RMB": ("yuan", "yuan", "", ""),
    "INR": ("rupee", "rupees", "", ""), "AUD": ("Australian dollar", "Australian dollars", "cent", "cents"), "KRW": ("won", "won", "", ""),
    "CAD": ("Canadian dollar", "Canadian dollars", "cent", "cents"), "HKD": ("Hong Kong dollar", "Hong Kong dollars", "cent", "cents"),
    "SEK": ("krona", "kronor", "", ""), "NOK": ("krone", "kroner", "", ""), "DKK": ("krone", "kroner", "", ""), "PLN": ("zloty",
    "zlotys", "", ""),
    "CZK": ("koruna", "korunas", "", ""), "MXN": ("peso", "pesos", "", ""), "BRL": ("real", "reais", "", ""), "ZAR": ("rand", "rand", "",
    ""),
    "SGD": ("Singapore dollar", "Singapore dollars", "cent", "cents"), "NZD": ("New Zealand dollar", "New Zealand dollars", "cent",
    "cents"),
    "TRY": ("lira", "lira", "", ""), "RUB": ("rouble", "roubles", "", ""), "THB": ("baht", "baht", "", ""), "BTC": ("bitcoin",
    "bitcoins", "", ""),
    "¢": ("cent", "cents", "", ""),
}  # fmt: skip
"""Sign or ISO 4217 code -> one, many, and the coins where they are named."""
SCALES = {
    "k": "thousand", "K": "thousand", "m": "million", "M": "million", "mn": "million", "mio": "million", "b": "billion", "B": "billion",
    "bn": "billion", "tn": "trillion", "T": "trillion", "trn": "trillion",
    **{name: name for name in ("hundred", "thousand", "million", "billion", "trillion")},
}  # fmt: skip

MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
DAYS = {"Mon": "Monday", "Tue": "Tuesday", "Tues": "Tuesday", "Wed": "Wednesday", "Thu": "Thursday", "Thur": "Thursday",
    "Thurs": "Thursday",
        "Fri": "Friday", "Sat": "Saturday", "Sun": "Sunday"}  # fmt: skip
TITLES = {"Dr": "Doctor", "Mr": "Mister", "Mrs": "[Missis](/mˈɪsɪz/)", "Ms": "[Ms](/mˈɪz/)", "Prof": "Professor", "Gen": "General",
    "Col": "Colonel",
    "Capt": "Captain",
          "Lt": "Lieutenant", "Sgt": "Sergeant", "Rev": "Reverend", "Hon": "Honourable", "Gov": "Governor", "Sen": "Senator",
          "Pres": "President",
          "St": "Saint", "Mt": "Mount", "Ft": "Fort", "Fr": "Father", "Cmdr": "Commander", "Maj": "Major",
          "Rep": "Representative"}  # fmt: skip
"""Before a name."""
BEFORE_NUMBER = {"p": "page", "pp": "pages", "no": "number", "nos": "numbers", "vol": "volume", "vols": "volumes", "fig": "figure",
    "figs": "figures",
                 "ch": "chapter", "sec": "section", "art": "article", "tel": "telephone", "ext": "extension", "approx": "approximately",
                 "ca": "about",
                 "c": "about", "ed": "edition", "eq": "equation", "rm": "room", "apt": "apartment", "pt": "part", "ver": "version",
                 "nr": "number",
                 "est": "established"}  # fmt: skip
ABBREVIATIONS = {
    "etc": "[etcetera](/ɛtsˈɛTəɹə/)", "e.g": "for example", "i.e": "that is", "vs": "versus", "approx": "approximately",
    "dept": "department",
    "govt": "government",
    "Inc": "Incorporated", "Ltd": "Limited", "Co": "Company", "Corp": "Corporation", "Ave": "Avenue", "Blvd": "Boulevard", "Rd": "Road",
    "Jr": "Junior", "Sr": "Senior", "Bros": "Brothers", "Assn": "Association", "incl": "including", "excl": "excluding", "max": "maximum",
    "min": "minimum", "misc": "miscellaneous", "a.k.a": "also known as", "viz": "namely", "cf": "compare", "al": "al", "St": "Street",
    "Hwy": "Highway",
    "Sq": "Square", "Mt": "Mount", "Ft": "Fort", "tsp": "teaspoon", "tbsp": "tablespoon", "Jan": "January", "Feb": "February",
    "Mar": "March", "Apr": "April",
    "Jun": "June", "Jul": "July", "Aug": "August", "Sep": "September", "Sept": "September", "Oct": "October", "Nov": "November",
    "Dec": "December",
    "Mon": "Monday", "Tue": "Tuesday", "Tues": "Tuesday", "Wed": "Wednesday", "Thu": "Thursday", "Thur": "Thursday", "Thurs": "Thursday",
    "Fri": "Friday",
    "Mr": "Mister", "Mrs": "[Missis](/mˈɪsɪz/)", "Dr": "Doctor", "Prof": "Professor",
}  # fmt: skip
"""With a full stop."""
SIGNS = {
    "&": "and", "+": "plus", "=": "equals", "×": "times", "÷": "divided by", "±": "plus or minus", "≠": "is not equal to", "≈": "is about",
    "≤": "is at most", "≥": "is at least", "√": "square root of", "∞": "infinity", "π": "pi", "%": "percent", "‰": "per mille", "@": "at",
    "§": "section", "©": "copyright", "°": "degrees", "→": "to", "∑": "sum", "∆": "delta", "Δ": "delta", "Ω": "ohm", "µ": "micro",
    "№": "number",
    "−": "minus", "⇒": "so", "<": "is less than", ">": "is more than", "£": "pounds", "€": "euros", "$": "dollars", "¥": "yen",
    "¢": "cents",
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "θ": "theta", "λ": "lambda", "μ": "mu", "σ": "sigma",
    "φ": "phi", "ω": "omega",
}  # fmt: skip
BEFORE_SIGNS = {"≥": "at least", "≤": "at most", ">": "more than", "<": "less than", "~": "about", "≈": "about", "∼": "about",
    "±": "plus or minus",
                "+": "plus", "-": "minus", "−": "minus", "–": "minus", "√": "the square root of"}  # fmt: skip
"""Before a number."""
ADDRESS_SIGNS = {".": "dot", "/": "slash", "-": "dash", "_": "underscore", "@": "at", ":": "colon", "?": "question mark", "=": "equals",
    "&": "and",
                 "#": "hash", "%": "percent", "~": "tilde", "+": "plus", "'": "apostrophe"}  # fmt: skip
TOP_LEVEL_WORDS = frozenset(str.split("com org net info museum edu gov biz name shop store blog app dev cloud online site tech co"))
SPELT_DOMAINS = frozenset(
    str.split("io ai uk us de fr eu es it nl be ch at jp cn au ca nz in ru br mx se no dk fi pl cz tv me fm ly gg ie pt sg hk")
)
FILE_ENDINGS = frozenset(
    str.split(
        "pdf doc docx xls xlsx ppt pptx txt csv json xml yaml yml html htm css js ts py md png jpg jpeg gif svg mp3 mp4 wav zip tar gz "
        "glb vrm bvh mov avi exe epub"
    )
)
SPELT_ENDINGS = frozenset(str.split("docx xlsx pptx js ts py md exe mov avi epub yml svg"))
SPELT_WORDS = frozenset(
    str.split("US WHO IT AI UN EU UK TV PC ID IQ PR HR CV DJ MP PM AM OK UAE USA CIA ATM IRS SOS VIP API CEO CFO CTO IP OS UI UX")
)
"""Acronyms that are spelt although they look like words."""
WORD_ACRONYMS = frozenset(
    str.split(
        "NASA NATO UNICEF UNESCO OPEC ASEAN AIDS COVID RAM ROM PIN SIM LASER RADAR SCUBA SWAT FIFA UEFA NAFTA GIF JPEG FOMO YOLO POTUS"
    )
)
MONARCHS = frozenset(
    str.split(
        "John Louis Henry Charles George Elizabeth Edward Richard William James Pius Benedict Paul Philip Frederick Francis Leo Gregory "
        "Clement Innocent Alexander "
        "Nicholas Peter Catherine Ivan Otto Napoleon Ramses Ramesses Mary Alfonso Felipe Gustav Christian Haakon Leopold Albert "
        "Victoria Edgar Stephen Urban Julius "
        "Sixtus Boniface Constantine Theodosius Ptolemy Darius Xerxes Mehmed Murad Suleiman Selim Wilhelm Friedrich Franz Karl Carl "
        "Joseph Ferdinand Philippe Juan "
        "Pope King Queen Tsar Emperor Margaret Margrethe Beatrix Harald"
    )
)
ROMAN_NOUNS = frozenset(
    str.split(
        "chapter part volume book act scene war type phase section article title level stage step world bowl figure table class grade mark"
    )
)
SILENT_MARKS = frozenset("\"“”„«»‹›‚‘’'`´()[]{}⟨⟩「」『』【】《》\u200b\u200c\u200d\ufeff\u00ad\u2060\ufe0e\ufe0f*_•·‣◦▪●¿¡")
"""Typography: quotation marks, brackets, marks of lists and markdown. They have no sound of their own in running text."""
FRACTION_SIGNS = {"½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5), "⅖": (2, 5), "⅗": (3, 5), "⅘": (4, 5),
    "⅙": (1, 6),
                  "⅚": (5, 6), "⅐": (1, 7), "⅛": (1, 8), "⅜": (3, 8), "⅝": (5, 8), "⅞": (7, 8), "⅑": (1, 9), "⅒": (1, 10)}  # fmt: skip
