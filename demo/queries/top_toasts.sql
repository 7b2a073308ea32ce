-- top_toasts(most: Int! = 5): [{toast_id: bigint!, name: String!, sold: bigint!}!]!
-- The toasts that were ordered most.
SELECT t.id AS toast_id, t.name AS name, sum(i.quantity) AS sold
FROM toast t JOIN order_item i ON i.toast_id = t.id
GROUP BY t.id, t.name
ORDER BY sold DESC, t.id
LIMIT :most
