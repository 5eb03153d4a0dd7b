"""Lengths and ranges, defined only here. Schemas and database columns take them from this file.

Lengths count characters (code points). Numbers marked P are this project's own proposals: wide enough for any true
value, narrow enough to catch a slipped decimal point or a pasted page.
"""

from __future__ import annotations

# Identifiers
CODE_MAX = 32  # codes of kinds, duties, units, states: lower-case words of ours
TRADE_LENGTH = 3  # national real-name platform's trade list
DISTRICT_MIN, DISTRICT_MAX = 6, 9  # GB/T 2260 county code, or with a township's three digits
DATE_LENGTH = 10  # YYYY-MM-DD

# Names and free text
PERSON_NAME_MAX = 50  # national real-name platform
TEAM_MAX = 50  # P
ROOM_MAX = 50  # P: a dormitory room, as written on its door
PLACE_NAME_MAX = 50  # P
NOTE_MAX = 500  # P
REASON_MAX = 200  # P
REASON_MIN = 4  # P: of asking for full numbers; fewer characters name no reason
SITE_NAME_MAX = 100  # P
ADDRESS_MAX = 200  # P
SOURCE_MAX = 200  # P: where a number comes from
RULE_MAX = 1000  # an expression of a duty, as long as those of forms
MEASURE_MAX = 500  # P: one piece of a plan's text; the longest so far has 179
LABEL_MAX = 100  # P: a duty's name, a cadence in words
SLOT_MAX = 24  # P
WINDOW_CODE_MAX = 24  # codes of duties, places and slots: as wide as a window has room for
RECORD_SLOT_MAX = 16  # a slot as a record keeps it, to be judged by
RULE_VALUE_MAX = 10**12  # a number of reference data: bytes of a disk
UNIT_MAX = 16  # P: the unit of such a number
ISOLATION_DAYS_MAX = 60  # P: of one order
REFERENCE_CODE_MAX = 64  # a row of reference data
PLACES_MAX = 500  # P: places of one site
SLOTS_MAX = 24  # P: slots of one duty in a day
WORDS_MAX = 300  # P: words of one list, fields of one kind
WINDOWS_MAX = 2000  # P: windows gathered by one flag

# Certificates (DOMAIN: Roster; the forms themselves are in certificates.py)
CERTIFICATE_MIN, CERTIFICATE_MAX = 5, 20  # P: the loose ones; passports are shorter, permits up to 11

# Uploaded rosters
ROSTER_BYTES_MAX = 20 * 1024 * 1024  # P
ROSTER_PEOPLE_MAX = 50_000  # P
ROSTER_SHEETS_MAX = 50  # P
ROSTER_COLUMNS_MAX = 200  # P
COLUMN_TITLE_MAX = 100  # P: as shown and as remembered

# Measurements
CELSIUS_MIN, CELSIUS_MAX = 30.0, 45.0  # wire contract, Kinds
ACCURACY_M_MAX = 100_000  # P: a tablet that knows no more than its city

# Windows and flags
GRACE_S_MAX = 7 * 24 * 3600  # P
COUNT_MAX = 1_000_000  # P: people needed or seen in one window
LEVEL_MAX = 9  # P: escalation steps taken
PAPER_LINES_MAX = 60  # P: of a template
PAPER_COPIES_MAX = 8
PAPER_OFFICERS_MAX = 4
PAPER_REVIEW_DAYS_MAX, PAPER_SUIT_MONTHS_MAX = 365, 24
PAPER_TEXT_MAX = 2000  # P: one field of a paper
PAPER_ITEMS_MAX = 40  # P: rows of one table of a paper
FLAG_MEDIA_MAX = 12  # P: photos with one move of a flag
FLAG_RECHECKS_MAX = 10  # P: the latest rechecks of a flag that tablets get

# Devices
ENROL_CODE_MAX = 64  # P: as typed, with hyphens and spaces
DEVICE_NAME_MAX = 100  # P
PLATFORM_MAX = 100  # P
