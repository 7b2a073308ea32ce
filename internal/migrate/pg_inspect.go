package migrate

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// InspectPostgres reads a live PostgreSQL database: what stands in o.Schemas, and what that depends on. The schema is
// linked and its relations are named. It changes nothing.
func InspectPostgres(ctx context.Context, conn *pgx.Conn, o Options) (*schema.Schema, []Report, error) {
	cat, err := readCatalog(ctx, conn)
	if err != nil {
		return nil, nil, fmt.Errorf("inspect PostgreSQL: %w", err)
	}
	s, reports, err := fromCatalog(cat, o)
	if err != nil {
		return nil, nil, fmt.Errorf("inspect PostgreSQL: %w", err)
	}
	return s, reports, nil
}

// A pgInspection turns a catalog into a schema.
type pgInspection struct {
	cat     *catalog
	out     *schema.Schema
	reports []Report

	schemas   map[uint32]string
	relations map[uint32]*catRelation
	rowTypes  map[uint32]*catRelation
	types     map[uint32]*catType
	columns   map[uint32][]catColumn // by relation
	included  map[uint32]bool        // relations
	tables    map[uint32]*schema.Table
	numbered  map[uint32]map[int16]*schema.Column // by relation and attribute number
	foreign   map[uint32]*schema.ForeignKey       // by constraint
	enums     map[uint32]*schema.Enum
	composite map[uint32]*schema.Composite
	domains   map[uint32]*schema.Domain
}

func fromCatalog(cat *catalog, o Options) (*schema.Schema, []Report, error) {
	in := &pgInspection{
		cat: cat, out: &schema.Schema{Exposed: o.Schemas, SearchPath: o.SearchPath},
		schemas: map[uint32]string{}, relations: map[uint32]*catRelation{}, rowTypes: map[uint32]*catRelation{},
		types: map[uint32]*catType{}, columns: map[uint32][]catColumn{}, included: map[uint32]bool{},
		tables: map[uint32]*schema.Table{}, numbered: map[uint32]map[int16]*schema.Column{},
		foreign: map[uint32]*schema.ForeignKey{}, enums: map[uint32]*schema.Enum{},
		composite: map[uint32]*schema.Composite{}, domains: map[uint32]*schema.Domain{},
	}
	if err := in.start(o); err != nil {
		return nil, nil, err
	}
	in.close()
	in.addTables()
	in.addConstraints()
	in.addIndexes()
	in.addFunctions()
	in.addTypes()
	in.addHandlers()
	in.out.Link()
	in.out.Spell()
	addViewKeys(in.out, in.viewColumns())
	in.out.Link()
	in.reportRest()
	nameAll(in.out)
	in.out.Link()
	return in.out, in.reports, nil
}

func (in *pgInspection) report(object, what, why string) {
	in.reports = append(in.reports, Report{Object: object, What: what, Why: why})
}

// start indexes the catalog and settles which schemas are served.
func (in *pgInspection) start(o Options) error {
	s := in.out
	if len(s.Exposed) == 0 {
		s.Exposed = []string{"public"}
	}
	s.Default = s.Exposed[0]
	if s.SearchPath == nil && !slices.Contains(s.Exposed, "public") {
		s.SearchPath = []string{"public"}
	}
	byName := map[string]catSchema{}
	for _, n := range in.cat.schemas {
		in.schemas[n.OID], byName[n.Name] = n.Name, n
	}
	for _, name := range s.Exposed {
		if _, ok := byName[name]; !ok && !o.MayMiss {
			return fmt.Errorf("there is no schema %q in the database", name)
		}
	}
	s.SearchPath = slices.DeleteFunc(slices.Clone(s.SearchPath), func(n string) bool { _, ok := byName[n]; return !ok })
	s.Title, s.Comment = splitComment(byName[s.Default].Comment)
	for i := range in.cat.relations {
		r := &in.cat.relations[i]
		in.relations[r.OID], in.rowTypes[r.RowType] = r, r
	}
	for i := range in.cat.types {
		in.types[in.cat.types[i].OID] = &in.cat.types[i]
	}
	for _, c := range in.cat.columns {
		in.columns[c.Relation] = append(in.columns[c.Relation], c)
	}
	return nil
}

// splitComment takes a title from a schema's comment, as PostgREST does for OpenAPI: the first line.
func splitComment(comment string) (title, rest string) {
	title, rest, _ = strings.Cut(comment, "\n")
	return strings.TrimSpace(title), strings.TrimLeft(rest, "\n")
}

// close finds the relations that the served ones depend on: by foreign keys, by views' definitions, and as the row types
// of functions and columns.
func (in *pgInspection) close() {
	needs := map[uint32][]uint32{}
	for _, k := range in.cat.constraints {
		if k.Kind == "f" {
			needs[k.Relation] = append(needs[k.Relation], k.Referenced)
		}
	}
	for _, d := range in.cat.depends {
		needs[d.View] = append(needs[d.View], d.On)
	}
	for _, c := range in.cat.columns {
		if r := in.rowRelation(c.Type); r != nil {
			needs[c.Relation] = append(needs[c.Relation], r.OID)
		}
	}
	var visit func(oid uint32)
	visit = func(oid uint32) {
		r := in.relations[oid]
		if r == nil || in.included[oid] || r.Partition {
			return
		}
		in.included[oid] = true
		for _, n := range needs[oid] {
			visit(n)
		}
	}
	for _, r := range in.cat.relations {
		if slices.Contains(in.out.Exposed, in.schemas[r.Schema]) {
			visit(r.OID)
		}
	}
	for _, f := range in.cat.functions {
		if !slices.Contains(in.out.Exposed, in.schemas[f.Schema]) {
			continue
		}
		for _, t := range append(slices.Clone(f.ArgTypes), f.Returns) {
			if r := in.rowRelation(t); r != nil {
				visit(r.OID)
			}
		}
	}
}

// rowRelation gives the relation whose rows a type holds, through domains and arrays; nil for any other type.
func (in *pgInspection) rowRelation(oid uint32) *catRelation {
	for range 64 {
		t := in.types[oid]
		switch {
		case t == nil:
			return nil
		case t.Base != 0:
			oid = t.Base
		case t.Element != 0:
			oid = t.Element
		default:
			return in.rowTypes[oid]
		}
	}
	return nil
}

// name is an object's name; the default schema stays unsaid.
func (in *pgInspection) name(namespace uint32, name string) schema.Name {
	n := schema.Name{Schema: in.schemas[namespace], Name: name}
	if n.Schema == in.out.Default {
		n.Schema = ""
	}
	return n
}

// described is how reports speak of a relation.
func (in *pgInspection) described(r *catRelation) string {
	kind := map[string]string{"v": "view ", "m": "materialized view ", "f": "foreign table "}[r.Kind]
	return cmp.Or(kind, "table ") + in.name(r.Schema, r.Name).String()
}

func (in *pgInspection) addTables() {
	for i := range in.cat.relations {
		r := &in.cat.relations[i]
		if !in.included[r.OID] {
			continue
		}
		t := &schema.Table{Name: in.name(r.Schema, r.Name), Comment: r.Comment, Strict: r.Kind != "v" && r.Kind != "m"}
		in.tables[r.OID], in.numbered[r.OID] = t, map[int16]*schema.Column{}
		in.out.Tables = append(in.out.Tables, t)
		switch r.Kind {
		case "v", "m":
			t.View = &schema.View{
				Materialized: r.Kind == "m", Postgres: viewText(r.Definition),
				Insertable: r.Updatable&8 != 0, Updatable: r.Updatable&4 != 0, Deletable: r.Updatable&16 != 0,
			}
		case "f":
			in.report(in.described(r), "a foreign table", "it is served; its server and options are not in the file, so it can't be made again from it")
		case "p":
			in.report(in.described(r), "partitioned by "+r.PartitionBy, "it is served as one table; the file does not say how it is partitioned")
		}
	}
	for i := range in.cat.relations {
		r := &in.cat.relations[i]
		if t := in.tables[r.OID]; t != nil {
			for _, c := range in.columns[r.OID] {
				col := in.column(r, c)
				col.Table = t
				t.Columns = append(t.Columns, col)
				in.numbered[r.OID][c.Number] = col
			}
		}
	}
}

// viewText is a view's SELECT as pg_get_viewdef gives it, without the semicolon.
func viewText(def string) string { return strings.TrimSuffix(strings.TrimSpace(def), ";") }

func (in *pgInspection) column(r *catRelation, c catColumn) *schema.Column {
	col := &schema.Column{Name: c.Name, Comment: c.Comment, Type: in.typeOf(c.Type, c.TypeText), NotNull: c.NotNull}
	if r.Kind != "v" && r.Kind != "m" {
		col.Collate = in.collate(col.Type, c.Collate)
	}
	if d := col.Type.Domain; d != nil && d.NotNull {
		col.NotNull = true
	}
	switch {
	case c.Generated != "":
		col.Generated = &schema.Generated{Postgres: c.Default, Stored: true}
	case c.Identity == "a":
		col.Identity = schema.Always
	case c.Identity == "d", c.Serial:
		col.Identity = schema.ByDefault
	case c.Default != "":
		col.Default = postgresDefault(c.Default, col.Type)
		if strings.HasPrefix(c.Default, "nextval(") {
			in.report("column "+in.name(r.Schema, r.Name).String()+"."+c.Name, "numbered by a sequence that isn't its own, "+c.Default,
				"the file has no sequences; the database keeps it, and a new one has to have it before the table")
		}
	}
	return col
}

// collate spells a column's collation as the file does: no word for "C", which is what Pintail's own text columns have,
// and "default" for the database's own where that is another.
func (in *pgInspection) collate(t schema.Type, name string) string {
	switch {
	case !collated(t), name == "C", name == "POSIX":
		return ""
	case name == "default" && len(in.cat.database) == 1 && (in.cat.database[0].Collate == "C" || in.cat.database[0].Collate == "POSIX"):
		return ""
	}
	return name
}

func (in *pgInspection) columnsOf(relation uint32, numbers []int16) []*schema.Column {
	var cols []*schema.Column
	for _, n := range numbers {
		if c := in.numbered[relation][n]; c != nil {
			cols = append(cols, c)
		}
	}
	return cols
}

// actions spells pg_constraint's letters.
var actions = map[string]string{"r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}

func (in *pgInspection) addConstraints() {
	distinct := map[uint32]bool{}
	for _, i := range in.cat.indexes {
		distinct[i.OID] = i.NullsNotDistinct
	}
	for _, k := range in.cat.constraints {
		t := in.tables[k.Relation]
		if t == nil || k.Parent != 0 {
			continue
		}
		object := "constraint " + k.Name + " of table " + t.Name.String()
		switch k.Kind {
		case "p":
			t.Primary = &schema.Key{Name: k.Name, Columns: in.columnsOf(k.Relation, k.Columns), Deferrable: k.Deferrable, Deferred: k.Deferred}
		case "u":
			t.Uniques = append(t.Uniques, &schema.Key{
				Name: k.Name, Columns: in.columnsOf(k.Relation, k.Columns), NullsNotDistinct: distinct[k.Index],
				Deferrable: k.Deferrable, Deferred: k.Deferred,
			})
		case "c":
			c := &schema.Check{Name: k.Name, Where: parseCondition(k.Expression, t, Postgres)}
			if c.Where == nil {
				c.Postgres = k.Expression
			}
			t.Checks = append(t.Checks, c)
			if !k.Validated {
				in.report(object, "a check that is not validated", "rows from before it may break it")
			}
		case "f":
			to := in.tables[k.Referenced]
			if to == nil {
				continue
			}
			f := &schema.ForeignKey{
				Name: k.Name, Table: t, To: to,
				Columns: in.columnsOf(k.Relation, k.Columns), References: in.columnsOf(k.Referenced, k.RefColumns),
				OnDelete: actions[k.OnDelete], OnUpdate: actions[k.OnUpdate], Deferrable: k.Deferrable, Deferred: k.Deferred,
			}
			t.Foreign = append(t.Foreign, f)
			in.foreign[k.OID] = f
			if !k.Validated {
				in.report(object, "a foreign key that is not validated", "rows from before it may refer to nothing")
			}
		default:
			in.report(object, k.Definition, "the file has no exclusion constraints; the database keeps it")
		}
	}
}

func (in *pgInspection) addIndexes() {
	keys := map[uint32][]catIndexKey{}
	for _, k := range in.cat.indexKeys {
		keys[k.Index] = append(keys[k.Index], k)
	}
	constraint := map[uint32]bool{}
	for _, k := range in.cat.constraints {
		if k.Kind != "f" && k.Index != 0 {
			constraint[k.Index] = true
		}
	}
	for _, i := range in.cat.indexes {
		t := in.tables[i.Relation]
		if t == nil || i.Primary || constraint[i.OID] {
			continue
		}
		if !i.Valid {
			in.report("index "+i.Name+" of table "+t.Name.String(), "an invalid index", "its building failed, so no query uses it; it is left out of the file")
			continue
		}
		t.Indexes = append(t.Indexes, in.index(t, i, keys[i.OID]))
	}
}

// index tells an index by its columns, or verbatim where that would lose something.
func (in *pgInspection) index(t *schema.Table, i catIndex, keys []catIndexKey) *schema.Index {
	x := &schema.Index{Name: i.Name, Table: t, Unique: i.Unique}
	if i.Method != "btree" {
		x.Method = i.Method
	}
	verbatim := !i.Plain || i.NullsNotDistinct
	for n, k := range keys {
		c := in.numbered[i.Relation][k.Column]
		if c == nil {
			verbatim = true
			break
		}
		if n >= int(i.Keys) {
			x.Include = append(x.Include, c)
			continue
		}
		col := schema.IndexColumn{Column: c, Desc: k.Option&1 != 0, Collate: k.Collate}
		first := k.Option&2 != 0
		if i.Method == "btree" && first != col.Desc {
			col.Nulls = query.NullsLast
			if first {
				col.Nulls = query.NullsFirst
			}
		}
		if !k.ClassOwn {
			col.Class = k.Class
		}
		verbatim = verbatim || k.ClassOpts
		x.Columns = append(x.Columns, col)
	}
	if i.Where != "" {
		x.Where = parseCondition(i.Where, t, Postgres)
		verbatim = verbatim || x.Where == nil
	}
	if strings.Contains(i.Definition, " WITH (") {
		verbatim = true
	}
	if verbatim {
		return &schema.Index{Name: i.Name, Table: t, Unique: i.Unique, Method: x.Method, Postgres: i.Definition}
	}
	return x
}

// named counts things and names them: "1 policy (mine)", "no policies".
func named(one, many string, names []string) string {
	switch len(names) {
	case 0:
		return "no " + many
	case 1:
		many = one
	}
	return fmt.Sprintf("%d %s (%s)", len(names), many, strings.Join(names, ", "))
}

// reportRest tells of what the database has beside.
func (in *pgInspection) reportRest() {
	policies := map[uint32][]string{}
	for _, p := range in.cat.policies {
		policies[p.Relation] = append(policies[p.Relation], p.Name)
	}
	for i := range in.cat.relations {
		r := &in.cat.relations[i]
		if !in.included[r.OID] {
			continue
		}
		if r.RowSecurity {
			in.reports = append(in.reports, Report{
				Object: in.described(r), Loud: true,
				What: "row-level security is on, with " + named("policy", "policies", policies[r.OID]),
				Why:  "Pintail's own role would pass it by, so that every caller would see every row: write @allow policies for it before you open it to anyone but an admin",
			})
		}
	}
	for _, t := range in.cat.triggers {
		if r := in.relations[t.Relation]; r != nil && in.included[r.OID] {
			in.report("trigger "+t.Name+" of "+in.described(r), "a trigger", "the file has no triggers; the database keeps and fires it")
		}
	}
	parents := map[uint32]bool{}
	for _, h := range in.cat.inherits {
		child, parent := in.relations[h.Child], in.relations[h.Parent]
		if child != nil && parent != nil && !child.Partition && in.included[h.Child] && !parents[h.Child] {
			parents[h.Child] = true
			in.report(in.described(child), "inherits from "+in.described(parent), "the file has no inheritance; it is served as a table of its own")
		}
	}
}
