// Package guard keeps a database's indexes to what the schema file declares, and the service up while one is away.
//
// Walk through one incident. Every shape of query in use has a contract (contract.go): the indexes that its plans stand on,
// found by EXPLAIN with typical and with the hottest parameters. At 3 AM somebody drops an index.
//
//  1. Notice (look.go). The catalog is held against the schema file every second; on SQLite also by the next statement, which
//     sees in its own read transaction that the schema has another version. Until then no shape holds more than half of the
//     connections (lanes.go), so that the slow ones can't take the others down.
//  2. Shed (verdict.go, wrap.go). Contracts are frozen now. Of the shapes whose contract names the index, those whose plan would
//     scan a table that is large enough to matter are refused with a 503 that says when to ask again; those of them that run are
//     cancelled. Writes that rely on a lost unique index are refused in any case. Nothing else is touched.
//  3. Record (incident.go). What, when and who is written down where every process sees it, before anything is repaired.
//  4. Repair (repair.go). One process looks again, builds the index, and holds the contracts' plans against it.
//  5. Shed no more. The record is closed with how long it took.
//
// What knows one kind of database is behind the Engine interface (engine.go): lite_*.go for SQLite, pg_*.go for PostgreSQL.
// The loop, the verdicts and the records are the same for both.
//
//	g, err := guard.New(guard.Config{Engine: engine, Schema: s, Shapes: node.Shapes, …})
//	st = guard.Wrap(st, g)
//	go g.Run(ctx)     // until ctx ends
//	g.Status()        // a plain snapshot
package guard
