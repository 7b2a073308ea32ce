package sqlite

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/internal/store/dialect/litesql"
	"github.com/pintail-dev/pintail/query"
)

// A changing is one write while it runs.
type changing struct {
	s     *Store
	c     *conn
	w     *litesql.Write
	args  query.Args
	keys  []byte // JSON array of the keys that were touched, without its end
	seen  map[string]bool
	want  bool // the keys are asked for
	whole bool // foreign keys must hold when it ends
	res   store.Result

	given  store.Given // of an insert: what each row that went in gives to others
	nested int64       // rows of related tables that went in with it
}

// change runs a write inside the connection's transaction. With whole, its foreign keys must hold when it ends; inside a hook's
// transaction they wait for the end of all.
func (s *Store) change(c *conn, l *litesql.Plan, p *plan.Plan, args query.Args, whole bool) (store.Result, error) {
	if p.Op == plan.Sequence {
		return s.sequence(c, l, p, args, whole)
	}
	res, err := s.changeOne(c, l, p, args, whole)
	if err == nil && whole {
		err = s.deferred(c, l.Write)
	}
	return res, err
}

// sequence runs members in order, each on what the ones before it left. Foreign keys must hold after each, those that are deferred
// at the end.
func (s *Store) sequence(c *conn, l *litesql.Plan, p *plan.Plan, args query.Args, whole bool) (store.Result, error) {
	all := store.Result{Total: -1, Steps: make([]store.Result, 0, len(l.Steps))}
	bytes := 0
	for i, step := range l.Steps {
		res, err := s.changeOne(c, step, p.Steps[i], args, whole)
		if bytes += len(res.Body); err == nil {
			err = c.fits(bytes)
		}
		if err != nil {
			return store.Result{}, s.failed(c, p, i, err)
		}
		all.Rows += res.Rows
		all.Affected += res.Affected
		all.Inserted += res.Inserted
		all.Steps = append(all.Steps, res)
	}
	if !whole {
		return all, nil
	}
	for _, step := range l.Steps {
		if err := s.deferred(c, step.Write); err != nil {
			return store.Result{}, err
		}
	}
	return all, nil
}

// changeOne runs one write, and holds it to the foreign keys that aren't deferred and to its plan's End.
func (s *Store) changeOne(c *conn, l *litesql.Plan, p *plan.Plan, args query.Args, whole bool) (store.Result, error) {
	if l.Call != nil {
		res, err := s.callWriting(c, l, p, args)
		if err == nil && whole {
			err = s.immediate(c, nil)
		}
		if err == nil && p.Call.Function.Returns.SetOf { // a call is held to the rows that it gives
			err = check(p, res.Rows, int64(res.Rows))
		}
		return res, err
	}
	if l.Write == nil {
		return s.readInside(c, l, p, args)
	}
	g := &changing{s: s, c: c, w: l.Write, args: args, keys: []byte{'['}, want: l.Rows != nil || l.Write.Keyed != nil, whole: whole}
	g.res.Total = -1
	if err := g.run(l, p); err != nil {
		return store.Result{}, err
	}
	if err := g.holds(); err != nil {
		return store.Result{}, err
	}
	g.res.Affected += g.nested
	g.res.Inserted += g.nested
	return g.res, check(p, g.res.Rows, g.res.Affected)
}

func (g *changing) run(l *litesql.Plan, p *plan.Plan) error {
	switch g.w.Op {
	case plan.Insert:
		if len(p.Write.Nested) > 0 {
			g.args = slices.Clone(g.args) // rows will take what others give
		}
		if err := g.insert(p.Write); err != nil {
			return err
		}
	case plan.Update:
		if err := g.update(p); err != nil {
			return err
		}
	case plan.Delete:
		return g.remove(l, p)
	}
	return g.answer(l, p)
}

// answer reads what was touched, by key.
func (g *changing) answer(l *litesql.Plan, p *plan.Plan) error {
	b := &binding{args: g.args, keys: append(g.keys, ']')}
	if l.Write.Keyed != nil && g.res.Affected > 0 {
		if err := g.firstKey(b); err != nil {
			return err
		}
	}
	if l.Rows == nil {
		return nil
	}
	rows, err := g.s.rows(g.c, l.Rows, b)
	if err != nil {
		return err
	}
	g.res.Body, g.res.Rows = rows.Body, rows.Rows
	if l.Count != nil {
		g.res.Total = g.res.Affected
	}
	return nil
}

// firstKey reads the primary key of the first row that was touched.
func (g *changing) firstKey(b *binding) error {
	q := g.w.Keyed
	st, err := g.c.query(q)
	if err != nil {
		return err
	}
	defer st.Reset()
	if err := g.c.bind(st, q.Binds, b); err != nil {
		return err
	}
	if !st.Step() {
		return st.Err()
	}
	vals := g.c.columns(st, len(q.Row.Fields))
	for i := range q.Row.Fields {
		f := &q.Row.Fields[i]
		text, _ := asText(g.c.appendJSON(nil, vals[f.Col], &f.Form))
		g.res.Key = append(g.res.Key, store.KeyValue{Column: f.Name, Value: text})
	}
	return nil
}

// touched notes a row's key.
func (g *changing) touched(v sqlite3.Value) {
	if len(g.keys) > 1 {
		g.keys = append(g.keys, ',')
	}
	if v.Type() == sqlite3.INTEGER {
		g.keys = strconv.AppendInt(g.keys, v.Int64(), 10)
	} else {
		g.keys = append(g.keys, v.RawText()...)
	}
}

// holds refuses what leaves a foreign key unsatisfied that isn't deferred.
func (g *changing) holds() error {
	if !g.whole {
		return nil
	}
	return g.s.immediate(g.c, g.w)
}

// check holds the result against what the transaction's end asks for.
func check(p *plan.Plan, rows int, affected int64) error {
	n := affected
	if p.Rows != nil {
		n = int64(rows)
	}
	if p.End.MaxAffected != nil && affected > *p.End.MaxAffected {
		return fault.New(fault.MaxAffected, "Query result exceeds max-affected preference constraint").
			WithDetails("The query affects %d rows", affected)
	}
	if p.End.Single && n != 1 {
		return fault.New(fault.NotSingular, "Cannot coerce the result to a single JSON object").
			WithDetails("The result contains %d rows", n)
	}
	return nil
}

// update sets columns of the rows that the filter picks.
func (g *changing) update(p *plan.Plan) error {
	if len(g.w.Columns) == 0 && len(g.w.Alter) == 0 {
		return nil
	}
	row := newRow(g.w, g.c.zone)
	if len(g.w.Columns) > 0 {
		if some, err := g.fill(row, p.Write); err != nil || !some {
			return err
		}
	}
	var err error
	key := updateKey{g.w, g.want}
	st := g.c.stmts[key]
	if st == nil {
		if st, err = g.c.prepare(key, g.w.Update(g.want)); err != nil {
			return err
		}
	}
	g.c.use(st)
	defer st.Reset()
	if err := g.c.specs(st, g.w.Change.Binds); err != nil {
		return err
	}
	if err := g.c.bind(st, g.w.Change.Binds, &binding{args: g.args}); err != nil {
		return err
	}
	for i, col := range g.w.Columns {
		if err := bindValue(st, len(g.w.Change.Binds)+1+i, row.vals[i], col.Type, col.Storage); err != nil {
			return err
		}
	}
	n, err := g.step(st)
	if err != nil {
		st.Reset()
		b := &binding{args: g.args}
		e := &rowError{err: g.c.restricted(err, g.w, b), w: g.w, row: row}
		if !g.c.GetAutocommit() {
			e.before = g.c.first(g.w, b)
			g.alter(e.before)
		}
		return e
	}
	g.res.Affected = n
	return nil
}

// fill reads the values that an update sets; false where the body holds none.
func (g *changing) fill(row *row, w *plan.Write) (bool, error) {
	doc, err := g.body(w)
	if err != nil {
		return false, err
	}
	if d := trim(doc); len(d) > 0 && d[0] == '[' {
		doc = nil
		for e := range elements(d) {
			doc = e
			break
		}
		if doc == nil {
			return false, nil
		}
	}
	if err := row.read(doc); err != nil {
		return false, err
	}
	for i := range g.w.Columns {
		if !row.set[i] && w.Default {
			if err := row.useDefault(i); err != nil {
				return false, err
			}
		}
	}
	return true, nil
}

// alter changes a row's old values, by the table's columns, as the statement would have; where that fails, the old ones stay.
func (g *changing) alter(vals []any) {
	for i := range g.w.Alter {
		a := &g.w.Alter[i]
		if at := a.Column.Position; at < len(vals) {
			d := &g.w.Change.Binds[a.Bind]
			if by, err := g.c.newAlterer(d, &g.args[d.Arg]); err == nil {
				if v, err := by.of(a.Column.Type, vals[at]); err == nil {
					vals[at] = v
				}
			}
		}
	}
}

// first gives the first row that an update picks, by its table's columns.
func (c *conn) first(w *litesql.Write, b *binding) []any {
	q := w.First()
	s, _, err := c.Prepare(q.SQL)
	if err != nil {
		return nil
	}
	defer s.Close()
	st := &stmt{Stmt: s}
	if c.specs(st, q.Binds) != nil || c.bind(st, q.Binds, b) != nil || !st.Step() {
		return nil
	}
	out := make([]any, len(w.Table.Columns))
	for i, col := range w.Table.Columns {
		out[i], _ = load(st.ColumnValue(i), col.Type, col.Storage)
	}
	return out
}

type updateKey struct {
	w    *litesql.Write
	keys bool
}

// step runs a statement that gives a key a row where keys are asked for.
func (g *changing) step(st *stmt) (int64, error) {
	if !g.want {
		if err := st.Exec(); err != nil {
			return 0, err
		}
		return g.c.Changes(), nil
	}
	return g.rows(st)
}

// rows counts the rows of a statement that gives keys, and keeps these where they are asked for.
func (g *changing) rows(st *stmt) (int64, error) {
	n := int64(0)
	for st.Step() {
		if g.want {
			g.touched(st.ColumnValue(0))
		}
		n++
	}
	return n, st.Err()
}

// remove deletes the rows that the filter picks; what it answers with is read before.
func (g *changing) remove(l *litesql.Plan, p *plan.Plan) error {
	b := &binding{args: g.args}
	picked := int64(0)
	if g.want || g.w.Count {
		st, err := g.c.query(g.w.Picked)
		if err != nil {
			return err
		}
		if err = g.c.bind(st, g.w.Picked.Binds, b); err == nil {
			picked, err = g.rows(st)
		}
		if err = errors.Join(err, st.Reset()); err != nil {
			return err
		}
	}
	if g.want {
		g.res.Affected = picked
		if err := g.answer(l, p); err != nil {
			return err
		}
	}
	st, err := g.c.query(g.w.Change)
	if err != nil {
		return err
	}
	defer st.Reset()
	if err := g.c.bind(st, g.w.Change.Binds, b); err != nil {
		return err
	}
	if err := st.Exec(); err != nil {
		return &rowError{err: g.c.restricted(err, g.w, b), w: g.w}
	}
	if g.res.Affected = g.c.Changes(); g.w.Count {
		g.res.Affected = picked
	}
	return nil
}

// specs binds a statement's constant pointers.
func (c *conn) specs(st *stmt, binds []litesql.Bind) error {
	for i := range binds {
		if b := &binds[i]; b.As == litesql.Spec {
			if err := st.BindPointer(i+1, b.Spec); err != nil {
				return err
			}
		}
	}
	return nil
}

// body is the JSON text of the rows.
func (g *changing) body(w *plan.Write) ([]byte, error) {
	if w.Rows < 0 || w.Rows >= len(g.args) {
		return nil, fmt.Errorf("sqlite: the plan asks for argument %d of %d", w.Rows, len(g.args))
	}
	doc := []byte(g.args[w.Rows].Text)
	return doc, validJSON(doc)
}
