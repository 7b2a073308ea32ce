package sqlite

import (
	"strings"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store/dialect/litesql"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// An Access is how SQLite would run a plan.
type Access struct {
	Readings []Reading
	Sorts    int // orders, groups and distincts that it sorts for; those of which an index gives the first part aside
}

// A Reading is how one occurrence of a table is read.
type Reading struct {
	Table string // its name in the file; empty where a named query or a view calls it by an alias of its own
	Index string // its name in the file; empty for none, or for the table's own key
	Scan  bool   // the whole of it is read, rather than what a key picks
	Built bool   // the index is built for this one statement, which takes a Scan
}

// accesses says how a connection would run a plan. Arguments that don't parse are left out.
func (c *conn) accesses(l *litesql.Plan, p *plan.Plan, args query.Args, n *objectNames) (a Access, err error) {
	if p.Op == plan.Sequence {
		for i, step := range l.Steps {
			one, err := c.accesses(step, p.Steps[i], args, n)
			if err != nil {
				return a, err
			}
			a.Readings = append(a.Readings, one.Readings...)
			a.Sorts += one.Sorts
		}
		return a, nil
	}
	x := &accessing{c: c, binding: &binding{args: args, call: p.Call, keys: []byte("[]")}, aliases: litesql.Occurrences(p), objectNames: n, out: &a}
	for _, q := range explained(l) {
		if err := x.plan(q.sql, q.binds); err != nil {
			return a, err
		}
	}
	return a, nil
}

// An explainable is a statement that a plan runs.
type explainable struct {
	sql   string
	binds []litesql.Bind
	puts  bool
}

func explained(l *litesql.Plan) (all []explainable) {
	add := func(q *litesql.Query) {
		if q != nil {
			all = append(all, explainable{sql: q.SQL, binds: q.Binds})
		}
	}
	if w := l.Write; w != nil {
		switch {
		case w.Op == plan.Insert:
			for _, sql := range inserts(nil, w, l.Rows != nil) {
				all = append(all, explainable{sql: sql, puts: true})
			}
		case w.Op == plan.Update && len(w.Columns)+len(w.Alter) > 0:
			all = append(all, explainable{sql: w.Update(l.Rows != nil), binds: w.Change.Binds, puts: true})
		case w.Op == plan.Delete:
			all = append(all, explainable{sql: w.Change.SQL, binds: w.Change.Binds, puts: true})
		}
	}
	if l.Call != nil {
		writes := l.Call.Function.Query.Writes
		if l.Rows == nil || writes {
			all = append(all, explainable{sql: l.Call.SQL, puts: writes})
		}
		if writes { // its own columns come back, see callWriting
			return all
		}
	}
	add(l.Rows)
	add(l.Count)
	return all
}

// An accessing reads query plans.
type accessing struct {
	c       *conn
	binding *binding
	aliases map[string]*schema.Table
	*objectNames
	out *Access
}

// objectNames are what a file's tables and indexes are called, at one version of its schema. EXPLAIN quotes no name.
type objectNames struct {
	version int64
	indexes map[string]bool
	stored  map[string]string // by lower-case name
}

// objects reads them, where those of known aren't of now.
func (c *conn) objects(known *objectNames) (*objectNames, error) {
	version, err := c.text("PRAGMA schema_version")
	if err != nil {
		return nil, err
	}
	version.Step()
	n := &objectNames{version: version.ColumnInt64(0), indexes: map[string]bool{}, stored: map[string]string{}}
	if err := version.Reset(); err != nil {
		return nil, err
	}
	if known != nil && known.version == n.version {
		return known, nil
	}
	st, _, err := c.Prepare("SELECT type, name FROM sqlite_schema WHERE type IN ('table', 'index')")
	if err != nil {
		return nil, err
	}
	defer st.Close()
	for st.Step() {
		name := st.ColumnText(1)
		if st.ColumnText(0) == "index" {
			n.indexes[name] = true
			continue
		}
		n.stored[strings.ToLower(name)] = name
	}
	return n, st.Err()
}

// plan reads EXPLAIN QUERY PLAN. The values are bound: with statistics of how they are distributed, SQLite plans by them.
func (x *accessing) plan(sql string, binds []litesql.Bind) error {
	plain, _, err := x.c.Prepare("EXPLAIN QUERY PLAN " + sql)
	if err != nil {
		return err
	}
	defer plain.Close()
	st := &stmt{Stmt: plain}
	if x.binding.call != nil && len(binds) == 0 {
		_ = x.c.bindCall(st, x.binding)
	} else {
		for i := range binds { // what isn't bound is null, and SQLite plans without it
			_ = x.c.bindOne(st, i+1, &binds[i], x.binding)
		}
	}
	type made struct {
		parent int64
		name   string
	}
	derived := map[made]bool{} // subqueries that were given an alias
	for st.Step() {
		parent, text := st.ColumnInt64(1), st.ColumnText(3)
		switch verb, rest, _ := strings.Cut(text, " "); verb {
		case "CO-ROUTINE", "MATERIALIZE":
			derived[made{parent, rest}] = true
		case "SCAN", "SEARCH":
			r, name := x.reading(verb == "SCAN", rest)
			if r != nil && !derived[made{parent, name}] {
				x.out.Readings = append(x.out.Readings, *r)
			}
		case "USING": // "USING INDEX x FOR IN-OPERATOR"
			if name, ok := strings.CutPrefix(strings.TrimSuffix(rest, " FOR IN-OPERATOR"), "INDEX "); ok {
				x.out.Readings = append(x.out.Readings, Reading{Index: name})
			}
		case "USE":
			switch text {
			case "USE TEMP B-TREE FOR ORDER BY", "USE TEMP B-TREE FOR GROUP BY", "USE TEMP B-TREE FOR DISTINCT":
				x.out.Sorts++
			}
		}
	}
	return st.Err()
}

// reading reads what follows SCAN or SEARCH: a table's alias or name, and by what it is read. It is nil for what is no table.
func (x *accessing) reading(scan bool, text string) (*Reading, string) {
	name, by, _ := strings.Cut(text, " USING ")
	name = strings.TrimSuffix(name, " LEFT-JOIN")
	if strings.Contains(text, " VIRTUAL TABLE INDEX ") || strings.HasSuffix(name, "CONSTANT ROWS") || name == "CONSTANT ROW" {
		return nil, name
	}
	r := &Reading{Scan: scan}
	switch {
	case strings.HasPrefix(by, "AUTOMATIC "):
		r.Scan, r.Built = true, true
	case strings.HasPrefix(by, "COVERING INDEX "):
		r.Index = x.index(by[len("COVERING INDEX "):])
	case strings.HasPrefix(by, "INDEX "):
		r.Index = x.index(by[len("INDEX "):])
	}
	if t := x.aliases[name]; t != nil && t.View == nil {
		r.Table = litesql.StoredName(t.Name)
	} else if stored, ok := x.stored[strings.ToLower(name)]; ok && t == nil {
		r.Table = stored
	} else if strings.HasPrefix(name, "(") {
		return nil, name // a subquery without an alias
	}
	return r, name
}

// index finds the longest name of an index that a text begins with: what follows says what is looked for in it.
func (x *accessing) index(text string) string {
	for end := len(text); end > 0; end = strings.LastIndexByte(text[:end], ' ') {
		if x.indexes[text[:end]] {
			return text[:end]
		}
	}
	return ""
}
