-- What numbers its rows itself goes on after the rows that were moved.
SELECT setval(pg_get_serial_sequence('feedback', 'id'), (SELECT coalesce(max(id), 0) + 1 FROM feedback), false),
  setval(pg_get_serial_sequence('notice', 'id'), (SELECT coalesce(max(id), 0) + 1 FROM notice), false),
  setval(pg_get_serial_sequence('delivery', 'id'), (SELECT coalesce(max(id), 0) + 1 FROM delivery), false)
