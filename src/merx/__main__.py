"""`python -m merx` is the `merx` command."""

from merx.cli import main

if __name__ == "__main__":
    main()
