"""``python -m policygap`` comes in; the command line's exit code goes out."""

from .cli import main

if __name__ == "__main__":
    raise SystemExit(main())
