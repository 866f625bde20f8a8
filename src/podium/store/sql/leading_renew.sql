-- Keep the lease of an epoch.
UPDATE leader SET renewed = clock_timestamp() WHERE epoch = ? RETURNING epoch
