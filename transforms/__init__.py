"""The pure data library of Entrepôt: Arrow and Dask in, Arrow and Parquet out."""
