-- Every ended attempt of a job, and why it ended.
SELECT number, instance, routed, leased_at, ended_at, ending, verdict, reason, summary, commit_id, input_tokens,
  output_tokens, cost_usd
FROM attempt
WHERE job = ?
ORDER BY number
