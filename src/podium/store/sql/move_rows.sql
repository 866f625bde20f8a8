-- All rows of a table; its name and those of its columns are filled in.
SELECT {columns} FROM {table} ORDER BY {key}
