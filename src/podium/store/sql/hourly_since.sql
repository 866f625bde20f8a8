-- Sums of every metric since an hour; `|| ''` keeps SQLite from reading all hours there are in the order of their names.
SELECT metric || '' AS name, sum(n), sum(total)
FROM hourly
WHERE hour >= ?
GROUP BY 1
ORDER BY 1
