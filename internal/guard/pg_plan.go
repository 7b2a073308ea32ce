package guard

import (
	"encoding/json"
	"fmt"
	"slices"
)

// A pgRelation names a table or index of PostgreSQL: with its schema, as the catalog has it.
type pgRelation struct{ schema, name string }

// A pgStanding is what a plan of PostgreSQL's stands on.
type pgStanding struct {
	indexes []pgRelation // that it uses, or goes by to tell whether a row is there
	scans   []pgScan     // tables that it reads from one end to the other
	writes  []pgWriting  // tables that it changes
	sorts   int
}

// A pgScan is one table that is read from one end to the other: by an index, in its order, where one is named.
type pgScan struct {
	table pgRelation
	index string
}

// A pgWriting is what is done to a table.
type pgWriting struct {
	table pgRelation
	op    pgOp
}

// add merges another plan of the same shape.
func (s *pgStanding) add(o pgStanding) {
	for _, x := range o.indexes {
		addOnce(&s.indexes, x)
	}
	for _, t := range o.scans {
		addOnce(&s.scans, t)
	}
	for _, t := range o.writes {
		addOnce(&s.writes, t)
	}
	s.sorts += o.sorts
}

func addOnce[T comparable](to *[]T, x T) {
	if !slices.Contains(*to, x) {
		*to = append(*to, x)
	}
}

// A pgNode is a node of EXPLAIN (FORMAT JSON, VERBOSE), as far as the guard reads it.
type pgNode struct {
	Type       string   `json:"Node Type"`
	Operation  string   `json:"Operation"`
	Relation   string   `json:"Relation Name"`
	Schema     string   `json:"Schema"`
	Index      string   `json:"Index Name"`
	IndexCond  string   `json:"Index Cond"`
	OrderBy    string   `json:"Order By"`
	Arbiters   []string `json:"Conflict Arbiter Indexes"`
	Resolution string   `json:"Conflict Resolution"`
	Plans      []pgNode `json:"Plans"`
}

// readPlan reads what EXPLAIN (FORMAT JSON, VERBOSE) wrote.
func readPlan(text []byte) (pgStanding, error) {
	var plans []struct {
		Plan pgNode `json:"Plan"`
	}
	if err := json.Unmarshal(text, &plans); err != nil {
		return pgStanding{}, fmt.Errorf("read the plan of a statement: %w", err)
	}
	var s pgStanding
	for i := range plans {
		s.walk(&plans[i].Plan, pgRelation{})
	}
	return s, nil
}

// walk gathers from a node. A bitmap's index scan names no table; it is read for the heap scan above it.
func (s *pgStanding) walk(n *pgNode, above pgRelation) {
	table := pgRelation{n.Schema, n.Relation}
	if n.Relation == "" {
		table = above
	}
	switch n.Type {
	case "Seq Scan", "Sample Scan":
		addOnce(&s.scans, pgScan{table: table})
	case "Index Scan", "Index Only Scan":
		addOnce(&s.indexes, pgRelation{table.schema, n.Index})
		if n.IndexCond == "" && n.OrderBy == "" {
			addOnce(&s.scans, pgScan{table, n.Index})
		}
	case "Bitmap Index Scan":
		addOnce(&s.indexes, pgRelation{table.schema, n.Index})
		if n.IndexCond == "" {
			addOnce(&s.scans, pgScan{table, n.Index})
		}
	case "ModifyTable":
		op := pgAny // MERGE
		switch n.Operation {
		case "Insert":
			if op = pgInsert; len(n.Arbiters) > 0 || n.Resolution != "" {
				op |= pgUpdate
			}
		case "Update":
			op = pgUpdate
		case "Delete":
			op = pgDelete
		}
		addOnce(&s.writes, pgWriting{table, op})
	case "Sort": // an Incremental Sort sorts small pieces of what an index has nearly in order
		s.sorts++
	}
	for _, x := range n.Arbiters {
		addOnce(&s.indexes, pgRelation{table.schema, x})
	}
	for i := range n.Plans {
		s.walk(&n.Plans[i], table)
	}
}
