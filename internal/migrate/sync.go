package migrate

import (
	"context"
	"slices"

	"github.com/pintail-dev/pintail/internal/store/dialect/litesql"
	"github.com/pintail-dev/pintail/schema"
)

// Sync brings a database to a schema directly, without files of migrations: a project without migrations/, dev and demo.
// More in the database than the schema says is left alone, unless an earlier Sync made it.
func (d *Database) Sync(ctx context.Context, s *schema.Schema, o RunOptions) (*Applied, error) {
	o = o.withDefaults()
	d.defaultSchema = s.Default
	out := &Applied{}
	err := d.locked(ctx, o, func() error {
		if err := d.session(ctx, o, searchPath(s)); err != nil {
			return err
		}
		steps, losses, same, err := d.steps(ctx, s)
		out.Losses = losses
		if err != nil || same {
			return err
		}
		var doomed []Doomed
		var what []string
		var all []Statement
		for _, step := range steps {
			if step.Destroys != "" {
				if step.Doomed == nil {
					step.Doomed = &Doomed{}
				}
				doomed, what = append(doomed, *step.Doomed), append(what, step.Destroys)
			}
			all = append(all, step.Statements...)
			out.Steps = append(out.Steps, step.Does)
		}
		if err := d.refuse(ctx, doomed, what, o); err != nil {
			out.Steps = nil
			return err
		}
		for _, step := range out.Steps {
			o.Progress(step)
		}
		return d.run(ctx, all, 0, o, func(done int) error {
			if done < len(all) {
				return nil
			}
			return d.keepSchema(ctx, schema.Print(s))
		})
	})
	return out, err
}

// Steps says what Sync would do.
func (d *Database) Steps(ctx context.Context, s *schema.Schema) ([]Step, []Loss, error) {
	d.defaultSchema = s.Default
	steps, losses, _, err := d.steps(ctx, s)
	return steps, losses, err
}

// steps compares the database with a schema. same says that there is nothing to do, not even to remember.
func (d *Database) steps(ctx context.Context, s *schema.Schema) (steps []Step, losses []Loss, same bool, err error) {
	live, _, err := d.Inspect(ctx, inspected(s))
	if err != nil {
		return nil, nil, false, err
	}
	last, text, err := d.lastSchema(ctx)
	if err != nil {
		return nil, nil, false, err
	}
	to := settle(live, s, last, d.Engine)
	steps, losses, err = Plan(live, to, schema.Diff(live, to), d.Engine)
	if err != nil {
		return nil, nil, false, err
	}
	return steps, losses, len(steps) == 0 && text == schema.Print(s), nil
}

// inspected are the PostgreSQL schemas in which a schema file's tables stand.
func inspected(s *schema.Schema) Options {
	schemas := slices.Clone(s.Exposed)
	add := func(n schema.Name) {
		if n.Schema != "" && !slices.Contains(schemas, n.Schema) {
			schemas = append(schemas, n.Schema)
		}
	}
	for _, t := range s.Tables {
		add(t.Name)
	}
	for _, e := range s.Enums {
		add(e.Name)
	}
	for _, c := range s.Composites {
		add(c.Name)
	}
	for _, x := range s.Domains {
		add(x.Name)
	}
	for _, f := range s.Functions {
		add(f.Name)
	}
	if i := slices.Index(schemas, s.Default); i > 0 {
		schemas[0], schemas[i] = schemas[i], schemas[0]
	}
	search := s.SearchPath
	if search == nil {
		search = []string{}
	}
	return Options{Schemas: schemas, SearchPath: search, MayMiss: true}
}

// InStep says where a database lacks what answers rely on: a table, a column or its type, or a unique key that writes go by.
// A missing plain index only makes things slow, and is none of its business.
func (d *Database) InStep(ctx context.Context, s *schema.Schema) ([]Problem, error) {
	live, _, err := d.Inspect(ctx, inspected(s))
	if err != nil {
		return nil, err
	}
	settle(live, s, s, d.Engine)
	var out []Problem
	impossible := notOnSQLite(s)
	for _, t := range s.Tables {
		if d.Engine == SQLite && impossible[t] != "" {
			continue
		}
		was, ok := live.TableNamed(t.Name)
		if !ok {
			what := "the table is not there"
			if t.View != nil {
				what = "the view is not there"
			}
			out = append(out, Problem{Object: t.Name.String(), What: what})
			continue
		}
		out = append(out, d.tableProblems(was, t)...)
	}
	for _, e := range s.Enums {
		out = append(out, enumProblems(live, e, d.Engine)...)
	}
	return out, nil
}

func (d *Database) tableProblems(was, t *schema.Table) []Problem {
	var out []Problem
	for _, c := range t.Columns {
		old := was.Columns
		i := slices.IndexFunc(old, func(x *schema.Column) bool { return x.Name == c.Name })
		switch {
		case i < 0:
			out = append(out, Problem{Object: t.Name.String() + "." + c.Name, What: "the column is not there"})
		case d.Engine == Postgres && (old[i].Type.Base != c.Type.Base || old[i].Type.Array != c.Type.Array || old[i].Type.Name != c.Type.Name):
			out = append(out, Problem{Object: t.Name.String() + "." + c.Name, What: "its type is " + old[i].Type.String() + ", the schema says " + c.Type.String()})
		case d.Engine == SQLite && t.View == nil && stores(old[i]) != stores(c):
			out = append(out, Problem{Object: t.Name.String() + "." + c.Name, What: "it is stored as " + stores(old[i]) + ", the schema says " + stores(c)})
		}
	}
	if t.View != nil {
		return out
	}
	if t.Primary != nil && (was.Primary == nil || !sameSet(was.Primary.Columns, t.Primary.Columns)) {
		out = append(out, Problem{Object: t.Name.String(), What: "the primary key (" + names(t.Primary.Columns) + ") is not there"})
	}
	for _, k := range t.Uniques {
		stands := func(x *schema.Index) bool { return x.Unique && x.Where == nil && sameSet(keyColumns(x), k.Columns) } // the guard builds such a one
		if !slices.ContainsFunc(was.Uniques, func(x *schema.Key) bool { return sameSet(x.Columns, k.Columns) }) && !slices.ContainsFunc(was.Indexes, stands) {
			out = append(out, Problem{Object: t.Name.String(), What: "the unique constraint " + k.Name + " is not there", Unique: true})
		}
	}
	for _, x := range t.Indexes {
		if !x.Unique || d.Engine == SQLite && x.Postgres != "" || d.Engine == Postgres && x.SQLite != "" {
			continue
		}
		if !slices.ContainsFunc(was.Indexes, func(y *schema.Index) bool { return y.Name == x.Name }) {
			out = append(out, Problem{Object: t.Name.String(), What: "the unique index " + x.Name + " is not there", Unique: true})
		}
	}
	return out
}

// keyColumns are an index's plain keys; none where one of them is an expression.
func keyColumns(x *schema.Index) []*schema.Column {
	out := make([]*schema.Column, 0, len(x.Columns))
	for _, k := range x.Columns {
		if k.Column == nil {
			return nil
		}
		out = append(out, k.Column)
	}
	return out
}

// Brought says whether `apply` made this database's tables.
func (d *Database) Brought(ctx context.Context) (bool, error) {
	_, text, err := d.lastSchema(ctx)
	return text != "", err
}

// stores is the type by which SQLite keeps a column.
func stores(c *schema.Column) string {
	if own(c) {
		name, _ := liteType(c.Type)
		return name
	}
	if c.Declared != "" {
		return c.Declared
	}
	return foreignType(c)
}

func sameSet(a, b []*schema.Column) bool {
	if len(a) != len(b) {
		return false
	}
	for _, x := range a {
		if !slices.ContainsFunc(b, func(y *schema.Column) bool { return x.Name == y.Name }) {
			return false
		}
	}
	return true
}

func enumProblems(live *schema.Schema, e *schema.Enum, engine Engine) []Problem {
	for _, was := range live.Enums {
		if litesql.StoredName(was.Name) != litesql.StoredName(e.Name) {
			continue
		}
		var out []Problem
		for _, v := range e.Values {
			if !slices.ContainsFunc(was.Values, func(x schema.EnumValue) bool { return x.Value == v.Value }) {
				out = append(out, Problem{Object: e.Name.String(), What: "the enum has no value " + v.Value})
			}
		}
		return out
	}
	if engine == SQLite {
		return nil
	}
	return []Problem{{Object: e.Name.String(), What: "the enum is not there"}}
}
