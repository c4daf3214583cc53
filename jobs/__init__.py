"""The Spark jobs: one thin spark-submit script per job, and the engine that they call, in `skewless`."""
