"""`python -m skewless.serving.replay REQUEST ANSWER`: what it pickles is read elsewhere, so types are importable."""

import sys

from skewless.serving.replay.replay import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
