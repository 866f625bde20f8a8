-- The newest migration that was made; 0 for none.
SELECT user_version FROM pragma_user_version
