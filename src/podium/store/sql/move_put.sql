-- Take rows into a table of a home's own database; its name, those of its columns and a place for each are filled in.
INSERT INTO {table} ({columns}) VALUES ({places})
