-- What a decision needs of a review.
SELECT project, job, kind, state FROM review WHERE id = ?
