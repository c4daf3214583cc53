"""python jobs/serve_flights.py DIR: the month's flights that prepare_serving.py wrote there, without Spark."""

from jobs.demo.serving import main

if __name__ == "__main__":
    main()
