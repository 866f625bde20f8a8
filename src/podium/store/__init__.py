"""One transactional store: commands as values in, group commit, gapless event log; SQL lives in files."""
