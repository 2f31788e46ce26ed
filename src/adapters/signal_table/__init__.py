"""Tables of signals and beliefs for other programs: CSV and Parquet (cli.md, `signals`)."""
