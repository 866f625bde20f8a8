-- Deliveries of long ago are forgotten; what Podium has outside is not.
DELETE FROM outside WHERE kind = 'delivery' AND at_wall < ?
