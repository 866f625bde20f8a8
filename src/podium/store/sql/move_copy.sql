-- Take rows into a table; its name and those of its columns are filled in.
COPY {table} ({columns}) FROM STDIN
