-- An attempt that has ended, and why.
INSERT INTO attempt (job, number, instance, routed, leased_at, ended_at, ending, verdict, reason, summary, commit_id, input_tokens,
  output_tokens, cost_usd)
SELECT
  unnest(?::bigint[]), unnest(?::bigint[]), unnest(?::text[]), unnest(?::text[]), unnest(?::float8[]),
  unnest(?::float8[]), unnest(?::text[]), unnest(?::text[]), unnest(?::text[]), unnest(?::text[]), unnest(?::text[]),
  unnest(?::bigint[]), unnest(?::bigint[]), unnest(?::float8[])
