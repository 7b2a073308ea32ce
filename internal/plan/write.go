package plan

import (
	"slices"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

func (r *resolver) insert(q *query.Insert) error {
	t, w, err := r.write(Insert, q.Into, q.End)
	if err != nil {
		return err
	}
	if t.View != nil && !t.View.Insertable {
		return notWritable("insert into", t, "inserting into the view", "INSERT")
	}
	if err := r.returning(t, q.Returning); err != nil {
		return err
	}
	if w.plan.Nested, err = r.nested(t, q.Nested); err != nil {
		return err
	}
	if q.Put != nil {
		if err := isKey(t, q.Put); err != nil {
			return err
		}
		if w.plan.Put, err = r.expr(w.node, q.Put); err != nil {
			return err
		}
	}
	if err := r.inserted(w, q); err != nil {
		return err
	}
	if q.Put != nil && slices.ContainsFunc(t.Primary.Columns, func(c *schema.Column) bool { return !slices.Contains(w.plan.Columns, c) }) {
		return fault.New(fault.PutKeyMismatch, "Payload values do not match URL in primary key column(s)").WithStatus(400)
	}
	return nil
}

// inserted resolves the rows of an insert and what becomes of taken keys.
func (r *resolver) inserted(w written, q *query.Insert) error {
	t := w.plan.Table
	var err error
	if w.plan.Columns, err = payload(t, q.Columns); err != nil {
		return err
	}
	for _, c := range w.plan.Columns {
		if why := generated(c); why != "" {
			return fault.Newf(fault.GeneratedAlways, "cannot insert a non-DEFAULT value into column \"%s\"", c.Name).
				WithStatus(400).WithDetails("%s", why).WithHint("%s", generatedHint(c))
		}
	}
	for i := range w.plan.Nested {
		if n := &w.plan.Nested[i]; n.Before {
			w.plan.take(n.Taking)
		}
	}
	w.plan.Rows = r.arg(&q.Rows, Param{Use: Rows})
	w.plan.Default = q.Default
	w.plan.Conflict, err = r.conflict(w, q, w.plan.Columns)
	return err
}

// take adds columns that get their values from related rows to those that an insert sets.
func (w *Write) take(columns []*schema.Column) {
	w.Columns = w.Columns[:len(w.Columns):len(w.Columns)]
	for _, c := range columns {
		add(&w.Columns, c)
	}
}

// nested resolves the related rows that go in together with t's.
func (r *resolver) nested(t *schema.Table, list []query.Nested) ([]Nested, error) {
	var all []Nested
	for i := range list {
		q := &list[i]
		rel, err := r.relation(tableRow(t), q.Relation, q.Hint)
		if err != nil {
			return nil, err
		}
		if rel.Through != nil || rel.Computed != nil || len(rel.Columns) == 0 {
			return nil, fault.Newf(fault.NotSupported, "rows can't go in through the relation '%s'", q.Relation).WithStatus(400).
				WithHint("Nest the rows of the table between the two instead.")
		}
		if rel.To.View != nil && !rel.To.View.Insertable {
			return nil, notWritable("insert into", rel.To, "inserting into the view", "INSERT")
		}
		n := Nested{Relation: rel, Before: !rel.Many && !rel.Inverse, Taking: rel.References, Giving: rel.Columns}
		if n.Before {
			n.Taking, n.Giving = rel.Columns, rel.References
		}
		w := r.writing(rel.To)
		n.Write = w.plan
		if w.plan.Nested, err = r.nested(rel.To, q.Insert.Nested); err != nil {
			return nil, err
		}
		if err := r.inserted(w, q.Insert); err != nil {
			return nil, err
		}
		if !n.Before {
			w.plan.take(n.Taking)
		}
		n.Parents = r.arg(&q.Parents, Param{Use: Places})
		all = append(all, n)
	}
	return all, nil
}

func (r *resolver) update(q *query.Update) error {
	t, w, err := r.write(Update, q.Table, q.End)
	if err != nil {
		return err
	}
	if t.View != nil && !t.View.Updatable {
		return notWritable("update", t, "updating the view", "UPDATE")
	}
	if err := r.returning(t, q.Returning); err != nil {
		return err
	}
	if w.plan.Columns, err = payload(t, q.Columns); err != nil {
		return err
	}
	for _, c := range w.plan.Columns {
		if why := generated(c); why != "" {
			return fault.Newf(fault.GeneratedAlways, "column \"%s\" can only be updated to DEFAULT", c.Name).
				WithStatus(400).WithDetails("%s", why)
		}
	}
	if w.plan.Alter, err = r.alter(t, q); err != nil {
		return err
	}
	w.plan.Rows = r.arg(&q.Row, Param{Use: Rows})
	w.plan.Default = q.Default
	w.plan.Where, err = r.expr(w.node, q.Where)
	return err
}

// alter resolves the changes of an update that take a column's old value.
func (r *resolver) alter(t *schema.Table, q *query.Update) ([]Alter, error) {
	var all []Alter
	for i := range q.Alter {
		a := &q.Alter[i]
		list, err := payload(t, []string{a.Column})
		if err != nil {
			return nil, err
		}
		c := list[0]
		base := c.Type.Underlying()
		is := func(bases ...schema.Base) bool { return !base.Array && slices.Contains(bases, base.Base) }
		var p Param
		switch a.How {
		case query.Increment:
			if p = (Param{Use: Literal, Type: c.Type}); !is(schema.Int2, schema.Int4, schema.Int8, schema.Float4, schema.Float8, schema.Numeric, schema.Unknown) {
				return nil, noAlter(c, "+")
			}
		case query.Append, query.Prepend:
			p = Param{Use: Literal, Type: typeJSONB}
		case query.DeleteKey:
			p = Param{Use: Literal, Type: typeText}
		case query.DeleteElem:
			p = Param{Use: Literal, Type: builtin["integer"]}
		case query.DeleteAtPath:
			p = Param{Use: Items, Type: typeText}
		}
		if a.How != query.Increment && !is(schema.JSONB) {
			return nil, noAlter(c, map[bool]string{true: "||", false: "-"}[a.How == query.Append || a.How == query.Prepend])
		}
		if slices.ContainsFunc(all, func(b Alter) bool { return b.Column == c }) || slices.ContainsFunc(q.Columns, func(n string) bool { return n == c.Name }) {
			return nil, fault.Newf("42601", "multiple assignments to same column \"%s\"", c.Name).WithStatus(400)
		}
		if why := generated(c); why != "" {
			return nil, fault.Newf(fault.GeneratedAlways, "column \"%s\" can only be updated to DEFAULT", c.Name).WithStatus(400).WithDetails("%s", why)
		}
		all = append(all, Alter{Column: c, How: a.How, Arg: r.arg(&a.Value, p)})
	}
	return all, nil
}

func noAlter(c *schema.Column, op string) error {
	return fault.Newf(fault.UndefinedFunction, "operator does not exist: %s %s unknown", display(c.Type), op).WithStatus(404)
}

func (r *resolver) delete(q *query.Delete) error {
	t, w, err := r.write(Delete, q.From, q.End)
	if err != nil {
		return err
	}
	if t.View != nil && !t.View.Deletable {
		return notWritable("delete from", t, "deleting from the view", "DELETE")
	}
	if err := r.returning(t, q.Returning); err != nil {
		return err
	}
	w.plan.Where, err = r.expr(w.node, q.Where)
	return err
}

// A written is a Write under way, with the node that its filters are about.
type written struct {
	plan *Write
	node *node
}

// write begins the plan of a write to the table named n.
func (r *resolver) write(op Op, n schema.Name, end query.End) (*schema.Table, written, error) {
	t, err := r.table(n)
	if err != nil {
		return nil, written{}, err
	}
	w := r.writing(t)
	r.plan.Op, r.plan.Write, r.plan.End = op, w.plan, end
	if end.Keys && t.Primary != nil {
		r.plan.Key = t.Primary.Columns
	}
	return t, w, nil
}

// writing begins the change of a table.
func (r *resolver) writing(t *schema.Table) written {
	w := written{
		plan: &Write{Table: t, Alias: r.alias()},
		node: &node{query: &query.Select{}, source: Source{Table: t}, row: tableRow(t), label: t.Name.Name},
	}
	w.node.alias = w.plan.Alias
	w.node.out = &Select{Source: w.node.source, Alias: w.node.alias}
	return w
}

// returning resolves what a write answers.
func (r *resolver) returning(t *schema.Table, q *query.Select) error {
	if q == nil {
		return nil
	}
	var err error
	r.plan.Rows, err = r.rows(q, &node{
		source: Source{Written: t}, row: tableRow(t), label: t.Name.Name, inserted: r.plan.Op == Insert,
	})
	return err
}

// payload finds the columns that a body sets, each once.
func payload(t *schema.Table, names []string) ([]*schema.Column, error) {
	columns := make([]*schema.Column, 0, len(names))
	for _, name := range names {
		c, ok := t.Column(name)
		if !ok {
			return nil, noPayloadColumn(t, name)
		}
		if !slices.Contains(columns, c) {
			columns = append(columns, c)
		}
	}
	return columns, nil
}

// generated says in PostgreSQL's words why nobody may write a column; empty where one may.
func generated(c *schema.Column) string {
	switch {
	case c.Table.View != nil:
		return ""
	case c.Generated != nil:
		return "Column \"" + c.Name + "\" is a generated column."
	case c.Identity == schema.Always:
		return "Column \"" + c.Name + "\" is an identity column defined as GENERATED ALWAYS."
	}
	return ""
}

func generatedHint(c *schema.Column) string {
	if c.Generated != nil {
		return ""
	}
	return "Use OVERRIDING SYSTEM VALUE to override."
}

// conflict resolves what an insert does with a taken key. Without a key to take there is no conflict to handle.
func (r *resolver) conflict(w written, q *query.Insert, inserted []*schema.Column) (*Conflict, error) {
	t := w.plan.Table
	if q.Put != nil {
		return &Conflict{Columns: t.Primary.Columns, Update: inserted, Ignore: len(inserted) == 0}, nil
	}
	if q.Conflict == nil {
		return nil, nil
	}
	c := &Conflict{Ignore: q.Conflict.Ignore}
	switch {
	case q.Conflict.Constraint != "":
		key := t.KeyNamed(q.Conflict.Constraint)
		if key == nil {
			return nil, fault.Newf("42704", "constraint \"%s\" for table \"%s\" does not exist", q.Conflict.Constraint, t.Name.Name).WithStatus(400)
		}
		c.Constraint, c.Columns = key.Name, key.Columns
	case len(q.Conflict.Columns) > 0:
		for _, name := range q.Conflict.Columns {
			col, ok := t.Column(name)
			if !ok {
				return nil, fault.Newf(fault.UndefinedColumn, "column \"%s\" does not exist", name).WithStatus(400)
			}
			if !slices.Contains(c.Columns, col) {
				c.Columns = append(c.Columns, col)
			}
		}
	case t.Primary != nil:
		c.Columns = t.Primary.Columns
	default:
		return nil, nil
	}
	if c.Ignore {
		return c, nil
	}
	c.Update = inserted
	if q.Conflict.Update != nil {
		var err error
		if c.Update, err = payload(t, q.Conflict.Update); err != nil {
			return nil, err
		}
	}
	c.Ignore = len(c.Update) == 0
	var err error
	c.Where, err = r.expr(w.node, q.Conflict.Where)
	return c, err
}

// isKey refuses a PUT whose filters aren't exactly the primary key's columns, each with eq.
func isKey(t *schema.Table, put query.Expr) error {
	refused := fault.New(fault.PutFilters, "Filters must include all and only primary key columns with 'eq' operators").WithStatus(405)
	of := []query.Expr{put}
	if and, ok := put.(*query.And); ok {
		of = and.Of
	}
	var names []string
	for _, e := range of {
		c, ok := e.(*query.Compare)
		if !ok || c.Op != query.Eq || c.Any != query.One || c.Other != "" || len(c.Field.Path) > 0 {
			return refused
		}
		if !slices.Contains(names, c.Field.Column) {
			names = append(names, c.Field.Column)
		}
	}
	if t.Primary == nil || len(names) != len(t.Primary.Columns) {
		return refused
	}
	for _, c := range t.Primary.Columns {
		if !slices.Contains(names, c.Name) {
			return refused
		}
	}
	return nil
}

func notWritable(verb string, t *schema.Table, doing, event string) error {
	rule := map[string]string{
		"INSERT": "ON INSERT", "UPDATE": "ON UPDATE", "DELETE": "ON DELETE",
	}[event]
	return fault.Newf("55000", "cannot %s view \"%s\"", verb, t.Name.Name).WithStatus(405).
		WithHint("To enable %s, provide an INSTEAD OF %s trigger or an unconditional %s DO INSTEAD rule.", doing, event, rule)
}
