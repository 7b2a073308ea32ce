package schema_test

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// A maker makes random schemas as inspection would leave them: with names of every kind in the database and none for the file.
type maker struct {
	*rand.Rand
	s     *schema.Schema
	names []string // where names are drawn from; empty for anything
	count int
}

// odd are names that can stand in a database.
var odd = []string{
	"order", "Order", "select", "a b", `q"uote`, `back\slash`, "größe", "名前", "_x", "__x", "1st", "a-b", "-b", "a.b", "type", "Query", "input",
	"true", "null", "id", "ID", "order_by", "t_aggregate", "uuid", "text", "point", "bit", "name", "x\ny", "tab\t", "emoji🥑", "'", "`", "$1", "%s", "*/*",
}

func (m *maker) name() string {
	if len(m.names) > 0 {
		return m.names[m.IntN(len(m.names))]
	}
	m.count++
	if m.IntN(2) == 0 {
		return fmt.Sprintf("%s%d", odd[m.IntN(len(odd))], m.count)
	}
	return fmt.Sprintf("%c%d", 'a'+m.IntN(26), m.count)
}

func (m *maker) some(percent int) bool { return m.IntN(100) < percent }

func (m *maker) text() string {
	texts := []string{
		"", "", "A comment.", "two\nlines", " spaces ", "tabs\tand \"quotes\" and \\", "\n", "first\n\n  indented\nlast", "ends with\n", `"""`,
		"\"\"\"\nblock", "control \x01", "carriage\r\nreturn", "  all\n  indented", "\tx\ny", "ends with \\", "a\n \nb", "\ufeffmark", "🥑",
	}
	return texts[m.IntN(len(texts))]
}

var plainTypes = []schema.Type{
	{Base: schema.Bool, Name: "boolean"}, {Base: schema.Int2, Name: "smallint"}, {Base: schema.Int4, Name: "integer"}, {Base: schema.Int8, Name: "bigint"},
	{Base: schema.Float4, Name: "real"}, {Base: schema.Float8, Name: "double precision"}, {Base: schema.Numeric, Name: "numeric"},
	{Base: schema.Numeric, Name: "numeric", Modifier: "(10,2)"}, {Base: schema.Text, Name: "text"}, {Base: schema.Text, Name: "citext"},
	{Base: schema.Text, Name: "character varying", Modifier: "(20)"}, {Base: schema.Text, Name: "character", Modifier: "(4)"},
	{Base: schema.Text, Name: "bpchar"}, {Base: schema.Text, Name: "name"}, {Base: schema.Text, Name: `"char"`}, {Base: schema.UUID, Name: "uuid"},
	{Base: schema.Date, Name: "date"}, {Base: schema.Time, Name: "time without time zone"}, {Base: schema.TimeTZ, Name: "time with time zone", Modifier: "(3)"},
	{Base: schema.Timestamp, Name: "timestamp without time zone", Modifier: "(0)"}, {Base: schema.TimestampTZ, Name: "timestamp with time zone"},
	{Base: schema.Interval, Name: "interval"}, {Base: schema.Interval, Name: "interval", Modifier: " day to second(3)"}, {Base: schema.JSON, Name: "json"},
	{Base: schema.JSONB, Name: "jsonb"}, {Base: schema.Bytea, Name: "bytea"}, {Name: "inet"}, {Name: "bit", Modifier: "(4)"}, {Name: "bit varying", Modifier: "(5)"},
	{Name: "xml"}, {Name: "point"}, {Name: "geometry", Schema: "extensions", Modifier: "(Point,4326)"}, {Name: "ltree"}, {Name: "My Type", Schema: "od.d"},
	{Base: schema.Text, Name: "citext", Schema: "extensions"},
}

func (m *maker) typ() schema.Type {
	t := plainTypes[m.IntN(len(plainTypes))]
	s := m.s
	switch n := m.IntN(10); {
	case n == 0 && len(s.Enums) > 0:
		e := s.Enums[m.IntN(len(s.Enums))]
		t = schema.Type{Base: schema.EnumBase, Name: e.Name.Name, Schema: e.Name.Schema, Enum: e}
	case n == 1 && len(s.Domains) > 0:
		d := s.Domains[m.IntN(len(s.Domains))]
		t = schema.Type{Name: d.Name.Name, Schema: d.Name.Schema, Domain: d}
		if !d.Base.Array {
			t.Base, t.Enum, t.Composite = d.Base.Base, d.Base.Enum, d.Base.Composite
		}
	case n == 2 && len(s.Composites) > 0:
		c := s.Composites[m.IntN(len(s.Composites))]
		t = schema.Type{Base: schema.CompositeBase, Name: c.Name.Name, Schema: c.Name.Schema, Composite: c}
	}
	t.Array = m.some(10)
	return t
}

// unmodified is a type without what functions' arguments don't have.
func (m *maker) unmodified() schema.Type {
	t := m.typ()
	t.Modifier = ""
	if t.Name == "character" {
		t.Name = "text"
	}
	return t
}

func (m *maker) object() schema.Name {
	n := schema.Name{Name: m.name()}
	if m.some(20) {
		n.Schema = []string{"other", "o ther"}[m.IntN(2)]
	}
	return n
}

// makeSchema makes a schema.
func (m *maker) makeSchema() *schema.Schema {
	s := &schema.Schema{Title: m.text(), Comment: m.text()}
	m.s = s
	s.Default = []string{"public", "app"}[m.IntN(2)]
	s.Exposed = [][]string{nil, {s.Default}, {s.Default, "other"}, {"other", s.Default}}[m.IntN(4)]
	if m.some(30) {
		s.SearchPath = []string{"extensions", `odd"name`}
	}
	if len(m.names) == 0 {
		s.Engine = "postgres" // where Order and order are two
	}
	used := map[schema.Name]bool{}
	fresh := func() (schema.Name, bool) {
		n := m.object()
		ok := !used[n]
		used[n] = true
		return n, ok
	}
	for range m.IntN(3) {
		if n, ok := fresh(); ok {
			e := &schema.Enum{Name: n, Comment: m.text()}
			for _, l := range []string{"open", "in progress", "true", "ÄÖ", "open ", "9", "a\"b"}[:m.IntN(8)] {
				e.Values = append(e.Values, schema.EnumValue{Value: l, Comment: m.text()})
			}
			s.Enums = append(s.Enums, e)
		}
	}
	for range m.IntN(3) {
		if n, ok := fresh(); ok {
			d := &schema.Domain{Name: n, Comment: m.text(), Base: m.typ(), NotNull: m.some(30), Default: []string{"", "1 +\n 1"}[m.IntN(2)]}
			if m.some(50) {
				d.Checks = []*schema.Check{{Name: m.name(), Postgres: "VALUE <> 'a\"b\\'"}}
				d.ToJSON = `public."to json"`
			}
			s.Domains = append(s.Domains, d)
		}
	}
	for range m.IntN(3) {
		if n, ok := fresh(); ok {
			c := &schema.Composite{Name: n, Comment: m.text()}
			c.Columns = m.columns(1+m.IntN(3), false)
			s.Composites = append(s.Composites, c)
		}
	}
	for range 1 + m.IntN(5) {
		if n, ok := fresh(); ok {
			m.table(n)
		}
	}
	m.enumTable()
	s.Link()
	for _, t := range s.Tables {
		m.foreign(t)
	}
	for range min(m.IntN(4), 4*len(s.Tables)) {
		m.function()
	}
	m.handlers()
	s.Link()
	s.Spell()
	s.Link()
	for _, t := range s.Tables {
		m.relate(t)
		m.roots(t)
	}
	s.Link()
	for _, t := range s.Tables {
		m.policies(t)
	}
	s.Link()
	s.Spell()
	return s
}

// handlers lets aggregates write the rows of some tables, and of anything, as media types.
func (m *maker) handlers() {
	for _, media := range []string{"*/*", "text/csv"} {
		if m.some(70) {
			continue
		}
		d := &schema.Domain{Name: schema.Name{Name: media}, Base: m.typ()}
		m.s.Domains = append(m.s.Domains, d)
		of := []*schema.Table{nil}
		if len(m.s.Tables) > 0 {
			of = append(of, m.s.Tables[m.IntN(len(m.s.Tables))])
		}
		for _, t := range of[m.IntN(len(of)):] {
			m.s.Handlers = append(m.s.Handlers, &schema.Handler{Aggregate: m.object(), Media: d, Of: t})
		}
	}
}

// enumTable makes a table whose rows are an enum's values; foreign keys may lead to it.
func (m *maker) enumTable() {
	if m.some(60) {
		return
	}
	t := &schema.Table{Name: schema.Name{Name: m.unusedName()}, Enum: true, Strict: m.some(70)}
	for i := range 1 + m.IntN(2) {
		c := &schema.Column{Table: t, Name: m.unusedName(), Type: schema.Type{Base: schema.Text, Name: []string{"text", "citext"}[m.IntN(2)]}, NotNull: i == 0, Position: i}
		t.Columns = append(t.Columns, c)
	}
	t.Primary = &schema.Key{Columns: t.Columns[:1]}
	m.s.Tables = append(m.s.Tables, t)
}

// roots gives some root fields names of their own.
func (m *maker) roots(t *schema.Table) {
	t.Uncached = m.some(10)
	for _, k := range []schema.RootKind{schema.SelectRoot, schema.SelectGroupRoot, schema.SelectStreamRoot, schema.InsertOneRoot, schema.UpdateManyRoot, schema.DeleteByPKRoot} {
		if m.some(10) {
			m.count++
			t.SetRoot(k, fmt.Sprintf("root%d", m.count))
		}
	}
}

// policies lets roles do something with a table.
func (m *maker) policies(t *schema.Table) {
	if len(t.Columns) == 0 {
		return
	}
	for range m.IntN(3) {
		p := &schema.Policy{Role: []string{"user", "a b", "größe"}[m.IntN(3)], To: []schema.Operation{schema.SelectRows}, Aggregate: m.some(30)}
		if m.some(50) {
			p.To = []schema.Operation{schema.InsertRows, schema.UpdateRows}
			p.BackendOnly = m.some(30)
			p.Check = m.policyWhere(t)
		} else {
			p.QueryRoots = [][]schema.RootKind{nil, {}, {schema.SelectByPKRoot}}[m.IntN(3)]
			p.SubscriptionRoots = [][]schema.RootKind{nil, {}, {schema.SelectRoot, schema.SelectStreamRoot}}[m.IntN(3)]
		}
		if m.some(60) {
			p.Where = m.policyWhere(t)
		}
		if m.some(40) {
			p.Columns = slices.Clone(t.Columns[:m.IntN(len(t.Columns))])
		}
		if m.some(20) {
			p.Set = []schema.Preset{{Column: t.Columns[0], Value: query.Value{Claim: "x-hasura-user-id"}}}
		}
		t.Policies = append(t.Policies, p)
	}
}

// policyWhere makes conditions that see more than one row and who asks; those that the file can't say are made anew.
func (m *maker) policyWhere(t *schema.Table) query.Expr {
	for {
		e := m.seeing(t, 0)
		if m.s.PolicyExpressible(t, e) {
			return e
		}
	}
}

func (m *maker) seeing(t *schema.Table, depth int) query.Expr {
	if len(t.Columns) == 0 || depth > 4 {
		return query.Const(true)
	}
	claim := query.Value{Claim: "x-hasura-some-id"}
	switch n := m.IntN(8); {
	case n == 0:
		return &query.And{Of: []query.Expr{m.seeing(t, depth+1), m.seeing(t, depth+1)}}
	case n == 1:
		return &query.Not{Of: m.seeing(t, depth+1)}
	case n == 2:
		in := m.s.Tables[m.IntN(len(m.s.Tables))]
		return &query.Exists{Table: in.Name, Where: m.seeing(in, depth+1)}
	case n == 3 && len(t.Relations) > 0:
		if r := t.Relations[m.IntN(len(t.Relations))]; r.Name != "" {
			return &query.Exists{Relation: r.Name, Where: m.seeing(r.To, depth+1)}
		}
	case n == 4:
		return m.where(t)
	}
	c := &query.Compare{Field: query.Field{Column: t.Columns[m.IntN(len(t.Columns))].Name}, Value: claim}
	switch m.IntN(5) {
	case 0:
		c.Op = query.Eq
	case 1:
		c.Op = query.In
	case 2:
		c.Op = []query.Op{query.Like, query.Similar, query.HasKey, query.HasKeysAny}[m.IntN(4)]
	case 3:
		c.Op, c.Value = query.HasKeysAll, query.List([]string{"a", `"b"`}[:m.IntN(3)])
	default:
		c.Op, c.Value = []query.Op{query.Similar, query.PathExists, query.PathMatch, query.HasKey}[m.IntN(4)], query.Text(`$.a ? (@ > "1")`)
	}
	return c
}

func (m *maker) columns(n int, table bool) []*schema.Column {
	var out []*schema.Column
	used := map[string]bool{}
	for range n {
		c := &schema.Column{Name: m.name(), Comment: m.text(), Type: m.typ(), NotNull: m.some(50), Position: len(out)}
		if used[c.Name] {
			continue
		}
		used[c.Name] = true
		if d := c.Type.Domain; d != nil && d.NotNull && !c.Type.Array {
			c.NotNull = true
		}
		if table {
			m.options(c)
		}
		out = append(out, c)
	}
	return out
}

// options gives a column what only a table's has.
func (m *maker) options(c *schema.Column) {
	c.Declared = []string{"", "", "NVARCHAR(160)"}[m.IntN(3)]
	if c.Type.Base == schema.Text && !c.Type.Array && m.some(30) {
		c.Collate = []string{"C", `de-x"icu`}[m.IntN(2)]
	}
	text := func(s string) *string { return &s }
	whole := !c.Type.Array && (c.Type.Base == schema.Int2 || c.Type.Base == schema.Int4 || c.Type.Base == schema.Int8) && c.Type.Domain == nil
	switch m.IntN(6) {
	case 0:
		c.Default = &schema.Default{Postgres: "f('x')", SQLite: []string{"", "x'00'"}[m.IntN(2)]}
	case 1:
		if whole {
			c.Identity, c.NotNull = []schema.Identity{schema.Always, schema.ByDefault}[m.IntN(2)], true
		}
	case 2:
		c.Generated = &schema.Generated{Postgres: "1 + 1", SQLite: []string{"1 + 1", "", "2"}[m.IntN(3)], Stored: m.some(50)}
	case 3:
		switch {
		case whole:
			c.Default = &schema.Default{Value: text([]string{"5", "-1", "007"}[m.IntN(3)])}
		case c.Type.Name == "text" && !c.Type.Array:
			c.Default = &schema.Default{Value: text(m.text())}
		case c.Type.Base == schema.Numeric && !c.Type.Array:
			c.Default = &schema.Default{Value: text([]string{"9.50", "NaN", "1e3"}[m.IntN(3)])}
		case c.Type.Base == schema.Bool && !c.Type.Array:
			c.Default = &schema.Default{Value: text([]string{"true", "t"}[m.IntN(2)])}
		case c.Type.Base == schema.TimestampTZ && !c.Type.Array:
			c.Default = &schema.Default{Now: true}
			c.Storage = []schema.Storage{schema.OwnStorage, schema.StoreUnix}[m.IntN(2)]
		case c.Type.Base == schema.UUID && !c.Type.Array:
			c.Default = &schema.Default{UUID: true}
		case c.Type.Array:
			c.Default = &schema.Default{Value: text("{}")}
		}
	}
}

func (m *maker) table(n schema.Name) {
	t := &schema.Table{Name: n, Comment: m.text(), Strict: m.some(70)}
	t.Columns = m.columns(m.IntN(7), true)
	for _, c := range t.Columns {
		c.Table = t
	}
	m.s.Tables = append(m.s.Tables, t)
	if m.some(20) {
		t.Strict = false
		t.View = &schema.View{Postgres: "SELECT 1\n  FROM \"x\"", SQLite: []string{"", "SELECT 2"}[m.IntN(2)], Materialized: m.some(30), Insertable: m.some(50), Deletable: m.some(50)}
		for _, c := range t.Columns {
			c.Default = nil
		}
	}
	if len(t.Columns) == 0 {
		return
	}
	pick := func() []*schema.Column {
		var out []*schema.Column
		for _, i := range m.Perm(len(t.Columns))[:1+m.IntN(min(3, len(t.Columns)))] {
			out = append(out, t.Columns[i])
		}
		return out
	}
	if m.some(80) {
		t.Primary = &schema.Key{Columns: pick()}
		for _, c := range t.Primary.Columns {
			c.NotNull = true
		}
		if t.View == nil {
			t.Primary.Name = m.maybeName()
			t.WithoutRowID = m.some(10)
			t.Primary.Deferrable = m.some(10)
		}
	}
	for range m.IntN(3) {
		k := &schema.Key{Columns: pick(), NullsNotDistinct: m.some(20), Deferred: m.some(10)}
		k.Deferrable = k.Deferred
		if t.View == nil {
			k.Name = m.maybeName()
		}
		t.Uniques = append(t.Uniques, k)
	}
	if t.View == nil {
		for range m.IntN(3) {
			c := &schema.Check{Name: m.maybeName(), Where: m.where(t)}
			if m.some(40) {
				c.Where, c.Postgres, c.SQLite = nil, "a >\n b", []string{"", "1"}[m.IntN(2)]
			}
			t.Checks = append(t.Checks, c)
		}
	}
	if t.View == nil || t.View.Materialized {
		for range m.IntN(3) {
			x := &schema.Index{Name: m.maybeName(), Table: t, Unique: m.some(30)}
			for _, c := range pick() {
				x.Columns = append(x.Columns, m.indexColumn(c))
			}
			switch m.IntN(4) {
			case 0:
				x.Method, x.Unique = "gin", false
			case 1:
				x.Include = pick()
			case 2:
				x.Where = m.where(t)
			case 3:
				x.Name, x.Columns, x.Postgres = m.unusedName(), nil, "CREATE INDEX …"
			}
			t.Indexes = append(t.Indexes, x)
		}
	}
}

func (m *maker) indexColumn(c *schema.Column) schema.IndexColumn {
	x := schema.IndexColumn{Column: c, Desc: m.some(30)}
	if m.some(20) {
		x.Collate, x.Class = "C", "text_pattern_ops"
	}
	if m.some(20) {
		x.Nulls = query.NullsFirst
		if x.Desc {
			x.Nulls = query.NullsLast
		}
	}
	return x
}

func (m *maker) maybeName() string {
	if m.some(50) {
		return ""
	}
	return m.unusedName()
}

func (m *maker) unusedName() string {
	m.count++
	return fmt.Sprintf("%s %d", odd[m.IntN(len(odd))], m.count)
}

func (m *maker) where(t *schema.Table) query.Expr {
	switch m.IntN(8) {
	case 0:
		return &query.And{Of: []query.Expr{m.where(t), m.where(t)}}
	case 1:
		return &query.Or{Of: []query.Expr{m.where(t), m.where(t)}}
	case 2:
		return &query.Not{Of: m.where(t)}
	case 3:
		return query.Const(m.some(50))
	}
	c := t.Columns[m.IntN(len(t.Columns))]
	f := query.Field{Column: c.Name}
	values := map[string]string{"integer": "5", "numeric": "1.50", "text": "it's", "boolean": "true", "smallint": "-3", "bigint": "9007199254740993"}
	v, ok := values[c.Type.Name]
	if !ok || c.Type.Array || c.Type.Schema != "" || c.Type.Domain != nil || c.Type.Enum != nil || c.Type.Composite != nil {
		return &query.Compare{Field: f, Op: query.Is, Value: query.Text([]string{"null", "not_null"}[m.IntN(2)])}
	}
	switch m.IntN(6) {
	case 0:
		return &query.Compare{Field: f, Op: query.In, Value: query.List([]string{v, v}[:m.IntN(3)])}
	case 1:
		return &query.Not{Of: &query.Compare{Field: f, Op: query.In, Value: query.List([]string{v})}}
	case 2:
		if c.Type.Name == "text" {
			return &query.Not{Of: &query.Compare{Field: f, Op: query.ILike, Value: query.Text(`a%\_`)}}
		}
	case 3:
		return &query.Compare{Field: f, Op: query.Lte, Other: c.Name}
	}
	return &query.Compare{Field: f, Op: []query.Op{query.Eq, query.Neq, query.Gt, query.IsDistinct}[m.IntN(4)], Value: query.Text(v)}
}

// foreign gives a table foreign keys to tables with a primary key, with columns of their own for it.
func (m *maker) foreign(t *schema.Table) {
	if t.View != nil || t.Enum {
		return
	}
	for range m.IntN(3) {
		to := m.s.Tables[m.IntN(len(m.s.Tables))]
		if to.View != nil || to.Primary == nil {
			continue
		}
		f := &schema.ForeignKey{Name: m.maybeName(), Table: t, To: to, References: to.Primary.Columns, Deferrable: m.some(20)}
		f.OnDelete = []string{"", "CASCADE", "RESTRICT"}[m.IntN(3)]
		for i, r := range to.Primary.Columns {
			name := fmt.Sprintf("fk%d_%d", len(t.Foreign), i)
			if slices.ContainsFunc(t.Columns, func(c *schema.Column) bool { return c.Name == name }) {
				return
			}
			c := &schema.Column{Table: t, Name: name, Type: r.Type, NotNull: r.Type.Domain != nil && r.Type.Domain.NotNull && !r.Type.Array, Position: len(t.Columns)}
			t.Columns = append(t.Columns, c)
			f.Columns = append(f.Columns, c)
		}
		t.Foreign = append(t.Foreign, f)
	}
}

// relate names some of the relations that Link found.
func (m *maker) relate(t *schema.Table) {
	for i, r := range t.Relations {
		if r.Computed == nil && m.some(70) {
			if r.Through != nil && r.From == r.To {
				continue // its two halves would need names
			}
			r.Name, r.Comment = fmt.Sprintf("rel%d", i), m.text()
		}
	}
}

func (m *maker) function() {
	s := m.s
	f := &schema.Function{Name: m.object(), Comment: m.text(), Volatile: m.some(40)}
	f.Stable = !f.Volatile && m.some(50)
	used := map[string]bool{}
	for range m.IntN(4) {
		a := schema.Arg{Name: m.name(), Type: m.unmodified()}
		if m.some(20) {
			a.Name = ""
		}
		if a.Name != "" && used[a.Name] {
			continue
		}
		used[a.Name] = true
		if m.some(20) {
			t := s.Tables[m.IntN(len(s.Tables))]
			a.Type = schema.Type{Base: schema.CompositeBase, Name: t.Name.Name, Schema: t.Name.Schema}
		}
		f.Args = append(f.Args, a)
	}
	if n := len(f.Args); n > 0 && m.some(30) {
		f.Args[n-1].Optional = true
		if f.Args[n-1].Type.Array {
			f.Args[n-1].Variadic, f.Variadic = true, true
		}
	}
	r := &f.Returns
	switch m.IntN(6) {
	case 0:
		r.Void = true
	case 1:
		r.Record, r.SetOf = true, m.some(50)
	case 2:
		r.Table, r.SetOf = s.Tables[m.IntN(len(s.Tables))], m.some(70)
		r.One = r.SetOf && m.some(20)
	case 3:
		r.Out, r.SetOf = m.columns(1+m.IntN(3), false), m.some(50)
		for _, c := range r.Out {
			c.Comment = ""
		}
	default:
		r.Type, r.SetOf = m.unmodified(), m.some(40)
	}
	if m.some(30) {
		f.Settings = map[string]string{"statement_timeout": "5s", "a.b": "x=y"}
	}
	if m.some(60) {
		f.Postgres = "CREATE FUNCTION x() …\n  AS $$\n\"\"" + m.text() + "$$"
	}
	if slices.ContainsFunc(s.Functions, func(o *schema.Function) bool { return o.Name == f.Name }) {
		return
	}
	if s.RowArgument(f) != nil && m.some(50) {
		f.Computed = fmt.Sprintf("computed%d", len(s.Functions))
	}
	s.Functions = append(s.Functions, f)
}
