"""Opens a dataset.parquet with pyarrow and asserts that it holds the same rows
as a dataset.json.

Usage: read_with_pyarrow.py DATASET.parquet DATASET.json
"""

import json
import sys

import pyarrow
import pyarrow.parquet


def main():
    table = pyarrow.parquet.read_table(sys.argv[1])
    with open(sys.argv[2], encoding="utf-8") as file:
        rows = json.load(file)
    assert table.to_pylist() == rows, "the two files differ"
    assert rows, "both files are empty"
    known = {pyarrow.string(), pyarrow.int64(), pyarrow.float64(), pyarrow.bool_()}
    assert {field.type for field in table.schema} <= known, table.schema
    print(f"{table.num_rows} rows are the same")


if __name__ == "__main__":
    main()
