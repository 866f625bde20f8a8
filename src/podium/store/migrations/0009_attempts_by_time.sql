-- What an instance did last is found backwards in time: an index by instance had every batch touch hundreds of pages.
DROP INDEX attempt_of_instance;
CREATE INDEX attempt_by_time ON attempt (leased_at, instance);
