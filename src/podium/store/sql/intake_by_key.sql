-- The project that an input with this idempotency key became.
SELECT project FROM intake WHERE idempotency_key = ?
