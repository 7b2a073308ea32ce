package litesql

import (
	"slices"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// A Write is an insert, update or delete.
type Write struct {
	Op       plan.Op
	Table    *schema.Table
	Columns  []*schema.Column // what the rows set, then those whose default Pintail itself makes (now, a random UUID)
	Given    int              // how many of Columns the rows set
	Conflict *Conflict
	Put      []Match          // an insert's row must have these values
	Nested   []*Write         // of an insert: as plan.Write.Nested
	Giving   []*schema.Column // what RETURNING gives after the key, for rows that take it
	Gives    *Row             // how these are written, as columns of their own
	Alter    []Alter          // of an update

	Change *Query // UPDATE up to SET's end is built by Set; for a delete the whole statement
	Picked *Query // a delete: SELECT of the keys that it will remove
	Key    string // what RETURNING gives: the rowid, or a JSON array of the primary key; empty for neither (a view)
	Keyed  *Query // the primary key as a row, of the rows in Keys
	Count  bool   // of a delete: Picked counts, since SQLite leaves out the rows that go with another one before their turn

	name  string
	alias int
	where string
	picks []Bind   // what where binds: the first of Change.Binds
	alter []string // what Alter sets
}

// An Alter is a change of a column by its old value, which the parameter at Bind makes.
type Alter struct {
	Column *schema.Column
	Bind   int // among Change.Binds
}

// A Match asks that a column of an inserted row equals an argument.
type Match struct {
	Column *schema.Column
	Arg    int
}

// A Conflict says what an insert does with a taken key.
type Conflict struct {
	Target  []*schema.Column
	Nothing bool
	Update  []*schema.Column
	Binds   []Bind // of the condition on the row that is there: the statement's first parameters

	where string
}

func compileWrite(p *plan.Plan) (*Write, error) {
	c := &compiler{}
	w := &Write{Op: p.Op, Table: p.Write.Table, Columns: p.Write.Columns, Given: len(p.Write.Columns), name: c.tableName(p.Write.Table), alias: p.Write.Alias}
	w.Key = key(w.Table, "")
	switch p.Op {
	case plan.Insert:
		if err := w.insert(c, p.Write); err != nil {
			return nil, err
		}
		if p.Write.Put != nil {
			if err := w.put(p.Write.Put); err != nil {
				return nil, err
			}
		}
	case plan.Update, plan.Delete:
		if p.Write.Where != nil {
			w.where = " WHERE (" + c.expr(p.Write.Where, p.Write.Alias) + ")"
		}
		w.picks = c.binds[:len(c.binds):len(c.binds)]
		w.name += " AS " + alias(w.alias)
		for i := range p.Write.Alter {
			w.altered(c, &p.Write.Alter[i])
		}
		w.Change = &Query{Binds: c.binds}
		if p.Op == plan.Delete {
			w.Change.SQL = "DELETE FROM " + w.name + w.where
			w.Picked = &Query{SQL: "SELECT " + key(w.Table, alias(p.Write.Alias)+".") + " FROM " + w.name + w.where, Binds: c.binds}
			w.Count = cascadesTo(w.Table, w.Table, map[*schema.Table]bool{})
		}
	}
	if len(p.Key) > 0 && w.Key != "" {
		k := &compiler{}
		q := &selected{row: &Row{}, from: k.written(w.Table, 0), joined: map[int]string{}}
		for _, col := range p.Key {
			q.row.Fields = append(q.row.Fields, field(col.Name, q.add(column(0, col)), formOf(col.Type, col.Storage)))
		}
		w.Keyed = &Query{SQL: q.sql(), Binds: k.binds, Row: q.row}
		if k.err != nil {
			return nil, k.err
		}
	}
	if p.Rows != nil && w.Key == "" {
		return nil, notYet("rows that a write to a view returns")
	}
	return w, c.done(w.where)
}

// insert compiles what belongs to the rows that go in, and to those of related tables that go in with them.
func (w *Write) insert(c *compiler, p *plan.Write) error {
	w.Columns = withMade(w.Table, w.Columns)
	if err := w.conflict(c, p); err != nil {
		return err
	}
	for i := range p.Nested {
		n := &p.Nested[i]
		of := &compiler{}
		in := &Write{Op: plan.Insert, Table: n.Write.Table, Columns: n.Write.Columns, Given: len(n.Write.Columns), name: of.tableName(n.Write.Table), alias: n.Write.Alias}
		in.Key = key(in.Table, "")
		if err := in.insert(of, n.Write); err != nil {
			return err
		}
		if of.err != nil {
			return of.err
		}
		if n.Before {
			in.give(n.Giving)
		} else {
			w.give(n.Giving)
		}
		w.Nested = append(w.Nested, in)
	}
	return nil
}

// give notes columns that related rows take, each once.
func (w *Write) give(columns []*schema.Column) {
	if w.Gives == nil {
		w.Gives = &Row{}
	}
	for _, col := range columns {
		if slices.Contains(w.Giving, col) {
			continue
		}
		w.Giving = append(w.Giving, col)
		w.Gives.Fields = append(w.Gives.Fields, field(col.Name, len(w.Gives.Fields), formOf(col.Type, col.Storage)))
	}
}

// altered sets a column by its old value.
func (w *Write) altered(c *compiler, a *plan.Alter) {
	col := a.Column
	b := col.Type.Kind()
	if b == schema.Unknown {
		c.fail(notYet("changes of a type that only PostgreSQL knows"))
		return
	}
	of := schema.Type{}
	switch a.How {
	case query.Increment:
		of = col.Type
	case query.Append, query.Prepend:
		of = schema.Type{Base: schema.JSONB, Name: "jsonb"}
	case query.DeleteKey:
		of = textType
	case query.DeleteElem:
		of = schema.Type{Base: schema.Int4, Name: "integer"}
	}
	param := c.bind(Bind{As: Alterer, Arg: a.Arg, Type: of, Spec: a.How})
	w.Alter = append(w.Alter, Alter{Column: col, Bind: len(c.binds) - 1})
	spec := c.spec(&Own{Type: col.Type, Storage: col.Storage})
	w.alter = append(w.alter, Ident(col.Name)+" = "+Placeholder(col, "pt_alter("+param+", "+spec+", "+column(w.alias, col)+")"))
}

// withMade adds the columns whose default Pintail makes itself, so that one statement's rows share one moment and the forms are its own.
func withMade(t *schema.Table, given []*schema.Column) []*schema.Column {
	all := given[:len(given):len(given)]
	for _, col := range t.Columns {
		if col.Default == nil || !col.Default.Now && !col.Default.UUID {
			continue
		}
		found := false
		for _, g := range given {
			found = found || g == col
		}
		if !found {
			all = append(all, col)
		}
	}
	return all
}

func (w *Write) conflict(c *compiler, p *plan.Write) error {
	if p.Conflict == nil {
		return nil
	}
	cf := &Conflict{Target: p.Conflict.Columns, Nothing: p.Conflict.Ignore, Update: p.Conflict.Update}
	if name := p.Conflict.Constraint; name != "" {
		cols, ok := constraint(w.Table, name)
		if !ok {
			return fault.Newf(fault.Code("42704"), "constraint %q for table %q does not exist", name, w.Table.Name.Name)
		}
		cf.Target = cols
	}
	if len(cf.Update) == 0 {
		cf.Nothing = true
	}
	if p.Conflict.Where != nil && !cf.Nothing {
		w.name += " AS " + alias(w.alias)
		cf.where = c.expr(p.Conflict.Where, w.alias)
		cf.Binds = c.binds
	}
	w.Conflict = cf
	return c.done(cf.where)
}

// constraint gives the columns of a unique key by its name.
func constraint(t *schema.Table, name string) ([]*schema.Column, bool) {
	if t.Primary != nil && t.Primary.Name == name {
		return t.Primary.Columns, true
	}
	for _, k := range t.Uniques {
		if k.Name == name {
			return k.Columns, true
		}
	}
	return nil, false
}

// put takes PUT's filter apart: it is a conjunction of column = argument.
func (w *Write) put(e plan.Expr) error {
	switch e := e.(type) {
	case *plan.And:
		for _, of := range e.Of {
			if err := w.put(of); err != nil {
				return err
			}
		}
		return nil
	case *plan.Compare:
		if e.Left.Column != nil && len(e.Left.Path) == 0 {
			w.Put = append(w.Put, Match{Column: e.Left.Column, Arg: e.Arg})
			return nil
		}
	}
	return fault.New(fault.PutFilters, "Filters must include all and only primary key columns with 'eq' operators")
}

// Insert is the INSERT of one row that sets those of w.Columns for which set is true; parameters are numbered in that order,
// after those of the conflict's condition. With returning, it gives the row's key, and then Giving.
func (w *Write) Insert(set []bool, returning bool) string {
	sql := "INSERT INTO " + w.name
	param := func(int) string { return "?" }
	if w.Conflict != nil && len(w.Conflict.Binds) > 0 {
		param = func(n int) string { return "?" + itoa(len(w.Conflict.Binds)+n+1) }
	}
	names, values, n := "", "", 0
	for i, col := range w.Columns {
		if !set[i] {
			continue
		}
		if n > 0 {
			names += ", "
			values += ", "
		}
		names += Ident(col.Name)
		values += Placeholder(col, param(n))
		n++
	}
	if n == 0 {
		sql += " DEFAULT VALUES"
	} else {
		sql += " (" + names + ") VALUES (" + values + ")"
	}
	if cf := w.Conflict; cf != nil && n > 0 {
		sql += " ON CONFLICT"
		if len(cf.Target) > 0 {
			sql += " ("
			for i, col := range cf.Target {
				if i > 0 {
					sql += ", "
				}
				sql += Ident(col.Name)
			}
			sql += ")"
		}
		if cf.Nothing {
			sql += " DO NOTHING"
		} else {
			sql += " DO UPDATE SET "
			for i, col := range cf.Update {
				if i > 0 {
					sql += ", "
				}
				sql += Ident(col.Name) + " = excluded." + Ident(col.Name)
			}
			if cf.where != "" {
				sql += " WHERE " + cf.where
			}
		}
	}
	if !returning {
		return sql
	}
	var back []string
	if w.Key != "" {
		back = append(back, w.Key)
	}
	for _, col := range w.Giving {
		back = append(back, Ident(col.Name))
	}
	if len(back) > 0 {
		sql += " RETURNING " + join(back, ", ")
	}
	return sql
}

// Taken asks whether a row is there with the values of the conflict's target, bound in its order.
func (w *Write) Taken() (sql string, target []*schema.Column) {
	target = w.Conflict.Target
	if len(target) == 0 && w.Table.Primary != nil {
		target = w.Table.Primary.Columns
	}
	sql = "SELECT 1 FROM " + w.name + " WHERE "
	for i, col := range target {
		if i > 0 {
			sql += " AND "
		}
		sql += Ident(col.Name) + " = ?"
	}
	return sql, target
}

// First selects every column of the first row that an update picks, for the words of an error.
func (w *Write) First() *Query {
	sql := "SELECT "
	for i, col := range w.Table.Columns {
		if i > 0 {
			sql += ", "
		}
		sql += alias(w.alias) + "." + Ident(col.Name)
	}
	return &Query{SQL: sql + " FROM " + w.name + w.where + " LIMIT 1", Binds: w.picks}
}

// Update is the UPDATE that sets w.Columns and those of w.Alter: the parameters of Change come first, those of the values after them.
func (w *Write) Update(returning bool) string {
	c := &compiler{binds: w.Change.Binds[:len(w.Change.Binds):len(w.Change.Binds)]}
	sql := "UPDATE " + w.name + " SET "
	for i, col := range w.Columns {
		if i > 0 {
			sql += ", "
		}
		sql += Ident(col.Name) + " = " + Placeholder(col, c.bind(Bind{}))
	}
	if len(w.Columns) > 0 && len(w.alter) > 0 {
		sql += ", "
	}
	sql += join(w.alter, ", ")
	sql += w.where
	if returning && w.Key != "" {
		sql += " RETURNING " + w.Key
	}
	return sql
}

// Placeholder is a column's value in the text: what Pintail keeps as binary JSON comes as text.
func Placeholder(col *schema.Column, param string) string {
	if col.Type.Kind() == schema.JSONB && !col.Type.Array && col.Storage == schema.OwnStorage {
		return "jsonb(" + param + ")"
	}
	return param
}

// Referred selects what fk refers to in a row that an update or delete picks and that fk's table refers to.
func (w *Write) Referred(fk *schema.ForeignKey) *Query {
	c := &compiler{}
	sql := "SELECT "
	same := ""
	for i, col := range fk.References {
		if i > 0 {
			sql += ", "
			same += " AND "
		}
		sql += alias(w.alias) + "." + Ident(col.Name)
		same += "c." + Ident(fk.Columns[i].Name) + " = " + alias(w.alias) + "." + Ident(col.Name)
	}
	where := w.where
	if where == "" {
		where = " WHERE 1"
	}
	sql += " FROM " + w.name + where + " AND EXISTS (SELECT 1 FROM " + c.tableName(fk.Table) + " AS c WHERE " + same + ") LIMIT 1"
	if c.err != nil {
		return nil
	}
	return &Query{SQL: sql, Binds: w.picks}
}

// key is the expression that names a row: the rowid, or a JSON array of the primary key; empty where there is neither.
func key(t *schema.Table, prefix string) string {
	if name, ok := RowID(t); ok {
		return prefix + name
	}
	if t.Primary == nil || t.View != nil {
		return ""
	}
	sql := "json_array("
	for i, col := range t.Primary.Columns {
		if i > 0 {
			sql += ", "
		}
		sql += prefix + Ident(col.Name)
	}
	return sql + ")"
}

// written is the rows that a write touched, in the order in which it touched them.
func (c *compiler) written(t *schema.Table, occurrence int) string {
	keys := c.bind(Bind{As: Keys, Arg: -1})
	sql := "json_each(" + keys + ") AS pk CROSS JOIN " + c.tableName(t) + " AS " + alias(occurrence) + " ON "
	if name, ok := RowID(t); ok {
		return sql + alias(occurrence) + "." + name + " = pk.value"
	}
	if t.Primary == nil {
		return c.fail(notYet("rows that a write to a view returns"))
	}
	for i, col := range t.Primary.Columns {
		if i > 0 {
			sql += " AND "
		}
		sql += column(occurrence, col) + " = (SELECT value FROM json_each(pk.value) WHERE key = " + itoa(i) + ")"
	}
	return sql
}

// cascadesTo says whether deleting a row of a table may delete rows of another one, by foreign keys with ON DELETE CASCADE.
func cascadesTo(from, to *schema.Table, seen map[*schema.Table]bool) bool {
	seen[from] = true
	for _, r := range from.Relations {
		fk := r.Foreign
		if fk == nil || fk.To != from || fk.OnDelete != "CASCADE" {
			continue
		}
		if fk.Table == to || !seen[fk.Table] && cascadesTo(fk.Table, to, seen) {
			return true
		}
	}
	return false
}
