"""The as-of join beside its peers and what a user would write instead, on the same data in the same run.

    python -m bench.asof                                          # every case, some hours
    python -m bench.asof --only-cases k4 hot --only ours tempo    # some of them
    python -m bench.asof --scale 0.01 --rounds 1                  # all of them, a hundredth of the rows

Label events take the values of each table's newest row at or before T that is not older than 30 days. Every side on
Spark ends in one checksum of all its columns, so that no column is left out by the optimiser; what runs in one process
holds the result in memory. In the round to warm up each result is held against ours, and a side whose result is another
has no time. Sides take turns. A side that takes longer than `--patience` seconds is stopped and told as "> N s".

ours        the engine, by `build_frame`; where label events are of a part of the history, as `build` does it: their
            times are read first and cut the tables
feast       the SQL that Feast's Spark offline store makes, from its own template
tempo       `TSDF.asofJoin` with its tolerance, table after table
hopsworks   a join on key and time, RANK, and a join per table: the form of the SQL that its server generates
range_join  one range join and one aggregate per table, as one would write by hand
duckdb      ASOF JOIN on the same Parquet, one process
polars      `join_asof` on the same Parquet, one process
floor       reading the same columns and a checksum of a result as wide

All but ours get tables that are cut to the times that matter, as a good engineer would. Peers know no availability,
ties or late rows, so that the data has none, but for one case in which ours is held against the oracle of the rules.
Feast, Tempo and Polars are installed from PyPI into build/bench-peers at the first run. Chronon has no release for this
Spark. What was measured is kept in build/bench, so that cases can be run one by one: the table, the plot and what is
told across cases are made of all that is there.
"""
