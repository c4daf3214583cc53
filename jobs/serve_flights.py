"""python jobs/serve_flights.py DIR: some days' flights without Spark, as serve_days.py asks for them."""

from jobs.demo.serving import main

if __name__ == "__main__":
    main()
