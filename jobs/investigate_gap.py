"""spark-submit jobs/investigate_gap.py NAME …: the same arguments as `skewless investigate`."""

from skewless.cli.entry import run

if __name__ == "__main__":
    run("investigate")
