"""The demo on real flights: CSV files → Delta tables, and two training sets → the price of leakage."""
