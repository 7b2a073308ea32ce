package guard

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store/postgres"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// A pgOp is what is done to a table's rows, with the bits of pg_trigger.tgtype.
type pgOp int

const (
	pgInsert pgOp = 4
	pgDelete pgOp = 8
	pgUpdate pgOp = 16
	pgEmpty  pgOp = 32 // TRUNCATE
	pgAny         = pgInsert | pgDelete | pgUpdate
)

// Puts follows what a plan sets off. PostgreSQL doesn't say what a function would do before it does it, so that its text is read: it may write each table
// that it names, in the ways of which it has the words, set each column that it names, and calls each function that it names. What it puts together while it
// runs (EXECUTE), and what is written in another language than SQL and PL/pgSQL, may write anything. Functions in C are taken to write
// nothing: they come with an extension, which a superuser has chosen.
func (p *Postgres) Puts(ctx context.Context, pl *plan.Plan) ([]Put, error) {
	code, err := p.code(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the functions and triggers that there are: %w", err)
	}
	f := &pgFollow{code: code, done: map[pgStep]bool{}, had: map[pgPut]bool{}}
	err = f.plan(pl, func(step *plan.Plan) ([]pgWriting, error) {
		texts, err := p.explain.Examine(ctx, step, make(query.Args, len(step.Params)), postgres.Examination{Generic: true})
		if err != nil {
			return nil, err
		}
		var all pgStanding
		for _, text := range texts {
			one, err := readPlan(text)
			if err != nil {
				return nil, err
			}
			all.add(one)
		}
		return all.writes, nil
	}, p.inSchema)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	v := p.view()
	if v == nil {
		return nil, errors.New("nobody has looked at the catalog yet")
	}
	out := make([]Put, 0, len(f.puts))
	for _, x := range f.puts {
		put := Put{Column: x.column, By: x.by}
		if x.table != 0 {
			put.Table = v.tableName(code.relations[x.table])
		}
		addOnce(&out, put)
	}
	return out, nil
}

// codeTime is how long what is known of a database's functions and triggers is believed.
const codeTime = time.Second

// code reads what of a database's own may run beside a plan.
func (p *Postgres) code(ctx context.Context) (*pgCode, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known != nil && time.Since(p.known.at) < codeTime {
		return p.known, nil
	}
	c := newCode()
	if err := p.look(ctx, catalogLimit, func(tx pgx.Tx) error { return c.read(ctx, tx) }); err != nil {
		return nil, err
	}
	p.known = c
	return c, nil
}

// A pgStep is something that is followed once.
type pgStep struct {
	relation, function uint32
	op                 pgOp
	set                string
}

// A pgPut is where something puts rows or values; a table of 0 is any.
type pgPut struct {
	table  uint32
	column string
	by     string
}

// A pgFollow follows what a plan sets off.
type pgFollow struct {
	code *pgCode
	done map[pgStep]bool
	had  map[pgPut]bool
	puts []pgPut
}

// plan follows a plan, its own writes and the functions that it calls. What a named query writes, explain says.
func (f *pgFollow) plan(pl *plan.Plan, explain func(*plan.Plan) ([]pgWriting, error), inSchema func(schema.Name) string) error {
	var failed error
	relation := func(t *schema.Table) uint32 {
		r := pgRelation{inSchema(t.Name), t.Name.Name}
		for oid, x := range f.code.relations {
			if x == r {
				return oid
			}
		}
		return 0
	}
	var step *plan.Plan
	plan.Walk(pl, func(node any) {
		switch n := node.(type) {
		case *plan.Plan:
			step = n
			if w := n.Write; w != nil {
				op := pgDelete
				switch {
				case n.Op == plan.Insert && w.Conflict != nil:
					op = pgInsert | pgUpdate
				case n.Op == plan.Insert:
					op = pgInsert
				case n.Op == plan.Update:
					op = pgUpdate
				}
				f.own(relation(w.Table), op, w)
			}
		case *plan.Nested:
			f.own(relation(n.Write.Table), pgInsert|pgUpdate, n.Write)
		case *plan.Invocation:
			if n.Function.Query == nil {
				f.named(n.Function.Name.Name, "the function "+n.Function.Name.String())
				return
			}
			by := "the named query " + n.Function.Name.String()
			f.text(n.Function.Query.Postgres, false, by)
			if !n.Function.Query.Writes {
				return
			}
			writes, err := explain(step)
			if err != nil {
				failed = err
			}
			for _, w := range writes {
				for oid, x := range f.code.relations {
					if x == w.table {
						f.write(oid, w.op, f.sets(n.Function.Query.Postgres), by)
					}
				}
			}
		case *plan.Operand:
			if n.Computed != nil {
				f.named(n.Computed.Name.Name, "the function "+n.Computed.Name.String())
			}
		case plan.Occurrence:
			if n.Handler != nil { // whose functions an aggregate doesn't name
				f.put(0, "", "the aggregate "+n.Handler.Aggregate.String()+", of which nobody knows what it writes")
			}
			if n.Via != nil && n.Via.Computed != nil {
				f.named(n.Via.Computed.Name.Name, "the function "+n.Via.Computed.Name.String())
			}
		}
	})
	return failed
}

// own follows a write of the plan's own, which whoever asks knows of. Of a view it is one of what that shows.
func (f *pgFollow) own(relation uint32, op pgOp, w *plan.Write) {
	var set []string
	for _, c := range w.Columns {
		set = append(set, c.Name)
	}
	for _, a := range w.Alter {
		set = append(set, a.Column.Name)
	}
	if op != pgUpdate {
		set = nil
	}
	for _, part := range f.code.family(relation) { // where its rows lie
		f.fired(part, op, set)
	}
}

// write follows a write that something else does: by says what. set are the columns that an update may set, nil for any.
func (f *pgFollow) write(relation uint32, op pgOp, set []string, by string) {
	step := pgStep{relation: relation, op: op}
	if set != nil {
		step.set = "=" + strings.Join(set, ",")
	}
	if f.done[step] {
		return
	}
	f.done[step] = true
	switch {
	case op&pgInsert != 0, op&pgUpdate != 0 && set == nil:
		f.put(relation, "", by)
	case op&pgUpdate != 0:
		for _, column := range set {
			f.put(relation, column, by)
		}
	}
	f.fired(relation, op, set)
	for _, part := range f.code.parts[relation] {
		f.write(part, op, set, by)
	}
}

func (f *pgFollow) put(table uint32, column, by string) {
	if x := (pgPut{table, column, by}); !f.had[x] {
		f.had[x] = true
		f.puts = append(f.puts, x)
	}
}

// sets gives what SQL may set by its own names: whatever it names, or anything where it names a view, whose columns may be called otherwise.
func (f *pgFollow) sets(sql string) []string {
	names := f.code.names(sql)
	for _, name := range names {
		for _, oid := range f.code.byName[name] {
			if len(f.code.rules[oid]) > 0 {
				return nil
			}
		}
	}
	return names
}

// fired follows what a write of a table's rows sets off; set are the columns that an update sets, where they are known.
func (f *pgFollow) fired(relation uint32, op pgOp, set []string) {
	fires := op
	if op&pgUpdate != 0 && len(f.code.parts[relation]) > 0 { // a row may leave one partition and enter another
		fires |= pgAny
	}
	for _, t := range f.code.triggers[relation] {
		if t.Type&fires == 0 {
			continue
		}
		by := "the trigger " + t.Name
		fn := f.code.functions[t.Function]
		const before = 1 | 2 // BEFORE … FOR EACH ROW may change what is put
		if t.Type&before == before && t.Type&fires&(pgInsert|pgUpdate) != 0 {
			texts := t.Arguments
			if fn != nil {
				texts += " " + fn.Text
			}
			names := f.code.names(texts)
			for _, name := range names {
				f.put(relation, name, by)
			}
			if set != nil {
				set = slices.Concat(set, names)
			}
			if fn != nil && fn.replaces() {
				f.put(relation, "", by)
				set = nil
			}
		}
		f.call(t.Function, by)
	}
	if op&pgInsert != 0 {
		for _, fn := range f.code.defaults[relation] {
			f.call(fn, "a default value")
		}
	}
	for _, r := range f.code.rules[relation] { // what a view shows, and what a rule does besides
		if r.Function != 0 {
			f.call(r.Function, "a view or rule")
		} else {
			f.write(r.Relation, pgAny, nil, "a view or rule")
		}
	}
	for _, a := range f.code.actions[relation] {
		f.act(a, op, set)
	}
}

// act follows the action of a foreign key.
func (f *pgFollow) act(a pgAction, op pgOp, set []string) {
	deleted, updated := op&pgDelete != 0, op&pgUpdate != 0
	if set != nil && !slices.ContainsFunc(a.References, func(c string) bool {
		return slices.ContainsFunc(set, func(s string) bool { return strings.EqualFold(s, c) })
	}) {
		updated = false
	}
	sets := deleted && (a.OnDelete == "n" || a.OnDelete == "d") || updated && strings.Contains("cnd", a.OnUpdate)
	for _, next := range []struct {
		is bool
		op pgOp
	}{{deleted && a.OnDelete == "c", pgDelete}, {sets, pgUpdate}} {
		if !next.is {
			continue
		}
		if next.op == pgUpdate {
			for _, c := range a.Columns {
				f.put(a.Relation, c, "the foreign key "+a.Name)
			}
		}
		step := pgStep{relation: a.Relation, function: a.OID, op: next.op}
		if !f.done[step] {
			f.done[step] = true
			f.fired(a.Relation, next.op, a.Columns)
		}
	}
}

// named follows the functions of a name, in whatever schema.
func (f *pgFollow) named(name, by string) {
	for _, fn := range f.code.named[strings.ToLower(name)] {
		f.call(fn, by)
	}
}

// call follows a function.
func (f *pgFollow) call(function uint32, by string) {
	fn := f.code.functions[function]
	if fn == nil || f.done[pgStep{function: function}] { // nil for one in C
		return
	}
	f.done[pgStep{function: function}] = true
	if fn.opaque() {
		f.put(0, "", by+", of which nobody knows what it writes")
	}
	f.text(fn.Text, true, by)
}

// text follows what SQL names: functions, and where it may write, tables.
func (f *pgFollow) text(sql string, writes bool, by string) {
	op := pgOp(0)
	if writes {
		op = written(sql)
	}
	names := f.code.names(sql)
	for _, w := range names {
		for _, fn := range f.code.named[w] {
			f.call(fn, by)
		}
		if op == 0 {
			continue
		}
		for _, oid := range f.code.byName[w] {
			f.write(oid, op, names, by)
		}
	}
}

// written says in which ways SQL may write, by its words.
func written(sql string) (op pgOp) {
	for _, w := range words(sql) {
		switch w {
		case "insert", "copy", "refresh": // REFRESH MATERIALIZED VIEW
			op |= pgInsert
		case "update":
			op |= pgUpdate
		case "delete":
			op |= pgDelete
		case "truncate":
			op |= pgDelete | pgEmpty
		case "merge":
			op |= pgAny
		}
	}
	return op
}
