-- open_tasks(list: String!): [{id: bigint!, title: String!, due: date}!]!
-- The open tasks of a list, those that are due first in front.
SELECT t.id AS id, t.title AS title, t.due AS due
FROM task t JOIN list l ON l.id = t.list_id
WHERE l.name = :list AND t.state = 'open'
ORDER BY t.due IS NULL, t.due, t.id
