"""python jobs/serve_flights.py DIR: the month's flights without Spark, as serve_month.py asks for them."""

from jobs.demo.serving import main

if __name__ == "__main__":
    main()
