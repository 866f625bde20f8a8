-- Where the node is that leads, if its lease is not older than so many seconds.
SELECT node, url FROM leader WHERE renewed > clock_timestamp() - make_interval(secs => ?)
