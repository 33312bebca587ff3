"""Tables of points that are located row by row: CSV, Arrow and Parquet, in pieces, every row and column back."""
