-- An attempt that has ended, and why.
INSERT INTO attempt (job, number, instance, routed, leased_at, ended_at, ending, verdict, reason, summary, commit_id,
  input_tokens, output_tokens, cost_usd)
SELECT * FROM unnest(
  ?::bigint[], ?::bigint[], ?::text[], ?::text[], ?::float8[], ?::float8[], ?::text[], ?::text[], ?::text[],
  ?::text[], ?::text[], ?::bigint[], ?::bigint[], ?::float8[])
