"""How large a form may be. The bound on the compiled definition is the one that holds in practice."""

from __future__ import annotations

FILE_BYTES_MAX = 1 << 20
INFLATED_BYTES_MAX = 16 << 20
COMPILED_BYTES_MAX = 32 << 10
ALL_FORMS_BYTES_MAX = 512 << 10
FORMS_MAX = 200
FIELDS_MAX = 100
ROWS_MAX = 400  # of the survey: fields, notes, groups and blank rows
CHOICES_MAX = 300  # of one list
CHOICE_ROWS_MAX = 2000
SHEET_ROWS_MAX = 500  # of each other sheet
COLUMNS_MAX = 60
FAULTS_MAX = 50
LABEL_MAX = 200
SENTENCE_MAX = 300  # hints and messages
LANGUAGES_MAX = 4
TEXT_MAX = 2000  # `max` of a text
TEXT_DEFAULT = 500
PHOTOS_MAX = 12
PHOTOS_DEFAULT = 1
DECIMALS_MAX = 9
DECIMALS_DEFAULT = 3
COMPARED_DECIMALS = 6  # of two numbers in an expression
PIXELS_MIN, PIXELS_MAX = 200, 8000
VERSION_MAX = 1_000_000
