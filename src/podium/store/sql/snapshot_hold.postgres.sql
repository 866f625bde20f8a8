-- The first question chooses the commit that all later ones see. This transaction takes its time: it may be idle for an
-- hour, while git is at work; one that hangs for longer keeps the server from cleaning up no more.
SELECT set_config('idle_in_transaction_session_timeout', '1h', true)
