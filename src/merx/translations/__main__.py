"""`python -m merx.translations`: bring the catalogues up to date with the sources."""

import sys

from merx.translations.extract import main

if __name__ == "__main__":
    sys.exit(main())
