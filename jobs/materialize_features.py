"""spark-submit jobs/materialize_features.py NAME …: the same arguments as `skewless materialize`."""

from skewless.cli.entry import run

if __name__ == "__main__":
    run("materialize")
