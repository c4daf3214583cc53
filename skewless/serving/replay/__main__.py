"""`python -m features.replay REQUEST ANSWER`, from an importable module, since what it pickles is read elsewhere."""

import sys

from features.replay.replay import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
