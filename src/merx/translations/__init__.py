"""The texts of Merx in its languages: `<locale>/LC_MESSAGES/merx.po`, keyed by the English text.

`python -m merx.translations` brings the catalogues up to date with the sources; a test refuses one that is not, or that
has an untranslated or fuzzy entry.
"""
