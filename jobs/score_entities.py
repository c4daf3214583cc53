"""spark-submit jobs/score_entities.py NAME …: the same arguments as `skewless score`."""

from skewless.cli.entry import run

if __name__ == "__main__":
    run("score")
