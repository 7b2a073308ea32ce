package migrate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pintail-dev/pintail/internal/store/dialect/litesql"
	"github.com/pintail-dev/pintail/schema"
)

// A litePlanner writes changes for SQLite. What ALTER TABLE can do it does in place; everything else is gathered by table,
// and the table is made anew once (https://sqlite.org/lang_altertable.html, "Making Other Kinds Of Table Schema
// Changes"): apply turns foreign keys off before, keeps the triggers and indexes that the file doesn't know, and checks
// every foreign key before it commits.
type litePlanner struct {
	from, to   *schema.Schema
	w          *liteWriter
	made       map[*schema.Table]bool // tables that this plan makes
	impossible map[*schema.Table]string
	steps      []Step
	last       []Step                            // indexes and views, after every rebuild
	rebuild    map[*schema.Table][]schema.Change // by the table that will be
	order      []*schema.Table
	changed    map[*schema.Table]map[string]*schema.Column // what a column was, by the table that will be and its new name
}

func newLitePlanner(from, to *schema.Schema) *litePlanner {
	return &litePlanner{
		from: from, to: to, w: &liteWriter{s: to}, made: map[*schema.Table]bool{}, impossible: notOnSQLite(to),
		rebuild: map[*schema.Table][]schema.Change{}, changed: map[*schema.Table]map[string]*schema.Column{},
	}
}

// rebuiltPrefix begins the name of a table that is being made anew.
const rebuiltPrefix = ownPrefix + "new_"

func (p *litePlanner) plan(changes []schema.Change) ([]Step, error) {
	for _, c := range changes {
		if t, ok := plain(c).(schema.CreateTable); ok {
			p.made[t.Table] = true
		}
	}
	for _, c := range changes {
		if err := p.change(c); err != nil {
			return nil, err
		}
	}
	for _, t := range p.order {
		if !p.made[t] {
			p.steps = append(p.steps, p.remake(t)...)
		}
	}
	return append(p.steps, p.last...), nil
}

// change plans one change: what is done at once, a table that is made anew, or what follows when all tables are.
func (p *litePlanner) change(change schema.Change) error {
	w := p.w
	switch c := plain(change).(type) {
	case schema.CreateTable:
		p.createTable(c.Table, change)
	case schema.DropTable:
		p.now(change, "DROP TABLE "+w.name(c.Table.Name))
	case schema.RenameTable:
		if litesql.StoredName(c.From.Name) != litesql.StoredName(c.To.Name) {
			p.now(change, "ALTER TABLE "+w.name(c.From.Name)+" RENAME TO "+w.name(c.To.Name))
		}
	case schema.ChangeTable:
		p.again(c.To, change)
	case schema.AddColumn:
		p.addColumn(c.Table, c.Column, change)
	case schema.ChangeColumn:
		if w.stored(c.Table, c.From) != w.stored(c.Table, c.To) {
			p.was(c.Table, c.To.Name, c.From)
			p.again(c.Table, change)
		}
	case schema.RenameColumn:
		p.now(change, "ALTER TABLE "+w.name(c.Table.Name)+" RENAME COLUMN "+identifier(c.From.Name)+" TO "+identifier(c.To.Name))
	case schema.DropColumn:
		p.again(c.Table, change)
	case schema.AddPrimary:
		p.again(c.Table, change)
	case schema.DropPrimary:
		p.again(c.Table, change)
	case schema.AddUnique:
		p.again(c.Table, change)
	case schema.DropUnique:
		p.again(c.Table, change)
	case schema.AddCheck:
		if _, ok := w.check(c.Table, c.Check); ok {
			p.again(c.Table, change)
		}
	case schema.DropCheck:
		if _, ok := p.before().check(c.Table, c.Check); ok {
			p.again(c.Table, change)
		}
	case schema.AddForeignKey:
		if !p.made[c.Table] {
			p.again(c.Table, change)
		}
	case schema.DropForeignKey:
		p.again(c.Table, change)
	case schema.RenameConstraint:
		p.again(c.Table, change)
	case schema.AddEnumValue:
		p.enum(c.Enum, change)
	case schema.RenameEnumValue:
		p.enum(c.Enum, change)
	case schema.RebuildEnum:
		p.enum(c.To, change)
	case schema.RenameEnum:
		p.enum(c.To, change)
	case schema.CreateIndex:
		if p.impossible[c.Table] == "" {
			p.index(c.Index, change)
		}
	case schema.DropIndex:
		if p.before().index(c.Index) != "" {
			p.now(change, "DROP INDEX IF EXISTS "+identifier(c.Index.Name))
		}
	case schema.RenameIndex:
		p.renameIndex(c, change)
	case schema.CreateView:
		p.view(c.View, change)
	case schema.DropView:
		p.dropView(c.View, change)
	case schema.ReplaceView:
		p.dropView(c.From, change)
		p.view(c.To, change)
	case schema.CreateSchema, schema.CreateEnum, schema.DropEnum, schema.CommentEnum, schema.CreateComposite, schema.DropComposite,
		schema.ChangeComposite, schema.CreateDomain, schema.DropDomain, schema.ChangeDomain, schema.CommentTable,
		schema.CreateFunction, schema.DropFunction, schema.ReplaceFunction:
		// SQLite has none of these.
	default:
		return fmt.Errorf("%s: migrate has no way to make a %T", change, change)
	}
	return nil
}

// before writes things as they were before the change.
func (p *litePlanner) before() *liteWriter { return &liteWriter{s: p.from} }

// now adds a step of what is done before tables are made anew; none where there is no statement.
func (p *litePlanner) now(c schema.Change, sql ...string) {
	if st := statements(sql...); len(st) > 0 {
		p.steps = append(p.steps, Step{Does: c.String(), Destroys: c.Destroys(), Doomed: doomed(c), Statements: st})
	}
}

// later adds a step of what is done when all tables are made.
func (p *litePlanner) later(c schema.Change, sql string) {
	if sql != "" {
		p.last = append(p.last, Step{Does: c.String(), Statements: statements(sql)})
	}
}

func (p *litePlanner) createTable(t *schema.Table, c schema.Change) {
	if why := p.impossible[t]; why != "" {
		p.w.lose("table "+t.Name.String(), why+"; it is not made")
		return
	}
	p.now(c, p.w.table(t, t.Name))
}

func (p *litePlanner) addColumn(t *schema.Table, col *schema.Column, c schema.Change) {
	if !p.canAdd(t, col) || len(p.rebuild[t]) > 0 {
		p.again(t, c)
		return
	}
	p.now(c, "ALTER TABLE "+p.w.name(t.Name)+" ADD COLUMN "+p.w.columnDef(t, col, false))
}

// index makes an index; a view has none on SQLite.
func (p *litePlanner) index(x *schema.Index, c schema.Change) {
	if sql := p.w.index(x); sql != "" && x.Table.View == nil {
		p.later(c, again(sql))
	}
}

// renameIndex makes an index anew under its new name: SQLite can't rename one.
func (p *litePlanner) renameIndex(r schema.RenameIndex, c schema.Change) {
	for _, x := range r.Table.Indexes {
		if x.Name == r.To && p.w.index(x) != "" {
			p.now(c, "DROP INDEX "+identifier(r.From))
			p.index(x, c)
		}
	}
}

func (p *litePlanner) view(v *schema.Table, c schema.Change) { p.later(c, p.w.view(v)) }

func (p *litePlanner) dropView(v *schema.Table, c schema.Change) {
	if v.View.SQLite != "" {
		p.now(c, "DROP VIEW "+p.w.name(v.Name))
	}
}

// again marks a table to be made anew.
func (p *litePlanner) again(t *schema.Table, c schema.Change) {
	if t.View != nil {
		return
	}
	if len(p.rebuild[t]) == 0 {
		p.order = append(p.order, t)
	}
	p.rebuild[t] = append(p.rebuild[t], c)
}

func (p *litePlanner) was(t *schema.Table, name string, c *schema.Column) {
	if p.changed[t] == nil {
		p.changed[t] = map[string]*schema.Column{}
	}
	p.changed[t][name] = c
}

// enum makes the tables anew whose columns list an enum's values.
func (p *litePlanner) enum(e *schema.Enum, c schema.Change) {
	for _, t := range p.to.Tables {
		for _, col := range t.Columns {
			if col.Type.Enum != e || p.made[t] || t.View != nil {
				continue
			}
			p.again(t, c)
			if r, ok := plain(c).(schema.RenameEnumValue); ok {
				p.was(t, col.Name, renamedValue(p.wasColumn(t, col), r))
			}
		}
	}
}

// renamedValue is a column as it was, whose values have to be renamed on the way over.
func renamedValue(c *schema.Column, r schema.RenameEnumValue) *schema.Column {
	out := *c
	enum := schema.Enum{Name: schema.Name{Name: "\x00renamed"}}
	if c.Type.Enum != nil && c.Type.Enum.Name == enum.Name {
		enum.Values = slices.Clone(c.Type.Enum.Values)
	}
	enum.Values = append(enum.Values, schema.EnumValue{Value: r.From, Field: r.To})
	out.Type.Enum = &enum
	return &out
}

// wasColumn is a column as it was before the change.
func (p *litePlanner) wasColumn(t *schema.Table, c *schema.Column) *schema.Column {
	if old := p.changed[t][c.Name]; old != nil {
		return old
	}
	return c
}

// canAdd says whether ALTER TABLE ADD COLUMN does: with a constant default or none, and no key of its own.
func (p *litePlanner) canAdd(t *schema.Table, c *schema.Column) bool {
	if c.Generated != nil && c.Generated.Stored {
		return false
	}
	has := func(k *schema.Key) bool { return slices.Contains(k.Columns, c) }
	if t.Primary != nil && has(t.Primary) || slices.ContainsFunc(t.Uniques, has) {
		return false
	}
	clause := (&liteWriter{s: p.to}).defaultClause(c)
	if strings.Contains(clause, "(") || strings.Contains(clause, "CURRENT_") {
		return false
	}
	return !c.NotNull || clause != ""
}

// stored is how SQLite sees a column: nothing that only PostgreSQL or the API knows is part of it.
func (w *liteWriter) stored(t *schema.Table, c *schema.Column) string {
	quiet := &liteWriter{s: w.s}
	return quiet.columnDef(t, c, isRowID(t, c))
}

// remake makes a table anew with its rows.
func (p *litePlanner) remake(t *schema.Table) []Step {
	made := schema.Name{Name: rebuiltPrefix + litesql.StoredName(t.Name)}
	dropped, added := map[string]bool{}, map[string]bool{}
	does, destroys := []string{}, []string{}
	var doom *Doomed
	for _, c := range p.rebuild[t] {
		does = append(does, c.String())
		if lost := c.Destroys(); lost != "" {
			destroys = append(destroys, lost)
			if doom == nil {
				doom = doomed(c)
			}
		}
		switch c := plain(c).(type) {
		case schema.DropColumn:
			dropped[c.Column.Name] = true
		case schema.AddColumn:
			added[c.Column.Name] = true
		}
	}
	var into, from []string
	for _, c := range t.Columns {
		if added[c.Name] || c.Generated != nil && c.Generated.SQLite != "" {
			continue
		}
		into = append(into, identifier(c.Name))
		from = append(from, p.carried(t, c))
	}
	sql := []string{p.w.table(t, made)}
	if len(into) > 0 {
		sql = append(sql, "INSERT INTO "+p.w.name(made)+" ("+strings.Join(into, ", ")+")\n  SELECT "+strings.Join(from, ", ")+"\n  FROM "+p.w.name(t.Name))
	}
	// Renaming must not look into views and triggers, which name a table that is away for a moment.
	sql = append(sql, "DROP TABLE "+p.w.name(t.Name), "PRAGMA legacy_alter_table = ON",
		"ALTER TABLE "+p.w.name(made)+" RENAME TO "+p.w.name(t.Name), "PRAGMA legacy_alter_table = OFF")
	for _, x := range t.Indexes {
		if s := (&liteWriter{s: p.to}).index(x); s != "" {
			sql = append(sql, again(s))
		}
	}
	return []Step{{Does: strings.Join(does, "; "), Destroys: strings.Join(destroys, "; "), Doomed: doom, Statements: statements(sql...)}}
}

// again makes CREATE INDEX harmless where the index is there already.
func again(sql string) string {
	return strings.Replace(sql, "INDEX ", "INDEX IF NOT EXISTS ", 1)
}

// carried is a column's value on its way from the old table to the new.
func (p *litePlanner) carried(t *schema.Table, c *schema.Column) string {
	name := identifier(c.Name)
	old := p.changed[t][c.Name]
	if old == nil {
		return name
	}
	if e := old.Type.Enum; e != nil && e.Name.Name == "\x00renamed" {
		sql := "CASE " + name
		for _, v := range e.Values {
			sql += " WHEN " + literal(v.Value) + " THEN " + literal(v.Field)
		}
		return sql + " ELSE " + name + " END"
	}
	value := name
	if old.Type.String() != c.Type.String() || old.Storage != c.Storage {
		value = converted(old, c, name)
	}
	return value
}

// converted turns a stored value into another type's form by pt_convert, a function that apply brings along and that
// fails on a value which is none of the type's, as PostgreSQL's cast does.
func converted(from, to *schema.Column, name string) string {
	if from.Type.Kind() == schema.JSONB && !from.Type.Array {
		name = "json(" + name + ")"
	}
	sql := "pt_convert(" + literal(typeSpec(from)) + ", " + literal(typeSpec(to)) + ", " + name + ")"
	if to.Type.Kind() == schema.JSONB && !to.Type.Array && to.Storage == schema.OwnStorage {
		sql = "jsonb(" + sql + ")"
	}
	return sql
}

// typeSpec is a column's type for pt_convert; an enum is text there, its values are checked by the table.
func typeSpec(c *schema.Column) string {
	t := c.Type
	if t.Domain != nil {
		t = t.Domain.Base
	}
	if t.Enum != nil {
		t = schema.Type{Base: schema.Text, Name: "text", Array: t.Array}
	}
	if c.Storage != schema.OwnStorage {
		return t.String() + " as " + string(c.Storage)
	}
	return t.String()
}
