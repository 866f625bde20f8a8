-- What a decision needs of a review.
SELECT project, job, kind, state, opened_at FROM review WHERE id = ?
