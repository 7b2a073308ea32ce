package migrate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pintail-dev/pintail/schema"
)

// A pgPlanner writes changes for PostgreSQL so that no lock is held for long: what reads a whole table (building an
// index, validating a constraint) stands apart from what locks it.
type pgPlanner struct {
	from, to *schema.Schema
	w        *pgWriter
	made     map[*schema.Table]bool // tables that this plan makes: nobody else sees them yet
	casts    []string               // of new domains
}

func (p *pgPlanner) change(change schema.Change) ([]Statement, error) {
	w := p.w
	switch c := plain(change).(type) {
	case schema.CreateSchema:
		return statements("CREATE SCHEMA IF NOT EXISTS " + identifier(c.Name)), nil
	case schema.CreateEnum:
		return statements(w.enum(c.Enum), w.comment("TYPE", w.name(c.Enum.Name), c.Enum.Comment)), nil
	case schema.DropEnum:
		return statements("DROP TYPE " + w.name(c.Enum.Name)), nil
	case schema.RenameEnum:
		return p.move("TYPE", c.From.Name, c.To.Name), nil
	case schema.AddEnumValue:
		sql := "ALTER TYPE " + w.name(c.Enum.Name) + " ADD VALUE IF NOT EXISTS " + literal(c.Value)
		if c.Before != "" {
			sql += " BEFORE " + literal(c.Before)
		} else if c.After != "" {
			sql += " AFTER " + literal(c.After)
		}
		return statements(sql), nil
	case schema.RenameEnumValue:
		return statements("ALTER TYPE " + w.name(c.Enum.Name) + " RENAME VALUE " + literal(c.From) + " TO " + literal(c.To)), nil
	case schema.RebuildEnum:
		return p.rebuildEnum(c), nil
	case schema.CommentEnum:
		return statements(w.setComment("TYPE", w.name(c.To.Name), c.To.Comment)), nil
	case schema.CreateComposite:
		return statements(w.composite(c.Composite)), nil
	case schema.DropComposite:
		return statements("DROP TYPE " + w.name(c.Composite.Name)), nil
	case schema.ChangeComposite:
		return p.changeComposite(c), nil
	case schema.CreateDomain:
		p.casts = append(p.casts, w.casts(c.Domain)...) // after the functions that they call
		return statements(w.domain(c.Domain)), nil
	case schema.DropDomain:
		return statements("DROP DOMAIN " + w.name(c.Domain.Name)), nil
	case schema.ChangeDomain:
		return p.changeDomain(c)
	case schema.CreateTable:
		p.made[c.Table] = true
		return statements(append([]string{w.table(c.Table)}, w.tableComments(c.Table)...)...), nil
	case schema.DropTable:
		return statements("DROP TABLE " + w.name(c.Table.Name)), nil
	case schema.RenameTable:
		return p.move("TABLE", c.From.Name, c.To.Name), nil
	case schema.ChangeTable:
		return nil, nil
	case schema.CommentTable:
		return statements(w.setComment(w.tableKind(c.To), w.name(c.To.Name), c.To.Comment)), nil
	case schema.AddColumn:
		return statements("ALTER TABLE "+w.name(c.Table.Name)+" ADD COLUMN "+w.columnDef(c.Column),
			w.comment("COLUMN", w.name(c.Table.Name)+"."+identifier(c.Column.Name), c.Column.Comment)), nil
	case schema.DropColumn:
		return p.alter(c.Table, "DROP COLUMN "+identifier(c.Column.Name)), nil
	case schema.RenameColumn:
		return p.alter(c.Table, "RENAME COLUMN "+identifier(c.From.Name)+" TO "+identifier(c.To.Name)), nil
	case schema.ChangeColumn:
		return p.changeColumn(c.Table, c.From, c.To), nil
	case schema.AddPrimary:
		return p.alter(c.Table, "ADD "+constraint(c.Key.Name)+w.primary(c.Key)), nil
	case schema.DropPrimary:
		return p.dropConstraint(c.Table, c.Key.Name), nil
	case schema.AddUnique:
		return p.addUnique(c.Table, c.Key), nil
	case schema.DropUnique:
		return p.dropConstraint(c.Table, c.Key.Name), nil
	case schema.AddCheck:
		return p.addCheck(c.Table, c.Check), nil
	case schema.DropCheck:
		return p.dropConstraint(c.Table, c.Check.Name), nil
	case schema.AddForeignKey:
		if p.made[c.Table] || c.New {
			return statements(w.addForeign(c.Table, c.Key, false)), nil
		}
		return statements(w.addForeign(c.Table, c.Key, true), p.validate(c.Table, c.Key.Name)), nil
	case schema.DropForeignKey:
		return p.dropConstraint(c.Table, c.Key.Name), nil
	case schema.RenameConstraint:
		return p.alter(c.Table, "RENAME CONSTRAINT "+identifier(c.From)+" TO "+identifier(c.To)), nil
	case schema.CreateIndex:
		return statements(w.index(c.Index, !p.made[c.Table] && c.Table.View == nil)), nil
	case schema.DropIndex:
		return statements("DROP INDEX " + p.inSchema(c.Table, c.Index.Name)), nil
	case schema.RenameIndex:
		return statements("ALTER INDEX " + p.inSchema(c.Table, c.From) + " RENAME TO " + identifier(c.To)), nil
	case schema.CreateView:
		return statements(w.view(c.View)...), nil
	case schema.DropView:
		return statements("DROP " + w.tableKind(c.View) + " " + w.name(c.View.Name)), nil
	case schema.ReplaceView:
		return statements(append([]string{"DROP " + w.tableKind(c.From) + " " + w.name(c.From.Name)}, w.view(c.To)...)...), nil
	case schema.CreateFunction:
		return statements(c.Function.Postgres, w.functionComment(c.Function)), nil
	case schema.DropFunction:
		return statements("DROP FUNCTION " + w.signature(c.Function)), nil
	case schema.ReplaceFunction:
		return p.replaceFunction(c.From, c.To), nil
	}
	return nil, fmt.Errorf("migrate has no way to make a %T", change)
}

func (p *pgPlanner) alter(t *schema.Table, what string) []Statement {
	return statements("ALTER TABLE " + p.w.name(t.Name) + " " + what)
}

func (p *pgPlanner) dropConstraint(t *schema.Table, name string) []Statement {
	return p.alter(t, "DROP CONSTRAINT "+identifier(name))
}

func (p *pgPlanner) validate(t *schema.Table, name string) string {
	return "ALTER TABLE " + p.w.name(t.Name) + " VALIDATE CONSTRAINT " + identifier(name)
}

// inSchema names what stands in its table's schema: an index.
func (p *pgPlanner) inSchema(t *schema.Table, name string) string {
	return p.w.name(schema.Name{Schema: t.Name.Schema, Name: name})
}

// move renames, and changes the schema where that differs.
func (p *pgPlanner) move(kind string, from, to schema.Name) []Statement {
	var out []string
	if from.Name != to.Name {
		out = append(out, "ALTER "+kind+" "+p.w.name(from)+" RENAME TO "+identifier(to.Name))
	}
	if from.Schema != to.Schema {
		schemaOnly, _, _ := strings.Cut(p.w.name(to), ".")
		if to.Schema != "" {
			schemaOnly = identifier(to.Schema)
		}
		out = append(out, "ALTER "+kind+" "+p.w.name(schema.Name{Schema: from.Schema, Name: to.Name})+" SET SCHEMA "+schemaOnly)
	}
	return statements(out...)
}

// rebuildEnum makes the type anew and moves its columns over. A row that holds a removed value stops it.
func (p *pgPlanner) rebuildEnum(c schema.RebuildEnum) []Statement {
	w := p.w
	old := schema.Name{Schema: c.To.Name.Schema, Name: c.To.Name.Name + "__old"}
	out := []string{"ALTER TYPE " + w.name(c.From.Name) + " RENAME TO " + identifier(old.Name), w.enum(c.To)}
	for _, col := range c.Columns {
		table := "ALTER TABLE " + w.name(col.Table.Name) + " ALTER COLUMN " + identifier(col.Name)
		typ, text := w.typeName(col.Type), "text"
		if col.Type.Array {
			text = "text[]"
		}
		out = append(out, table+" DROP DEFAULT",
			table+" TYPE "+typ+" USING "+identifier(col.Name)+"::"+text+"::"+typ)
		if d := w.defaultOf(col); d != "" {
			out = append(out, table+" SET DEFAULT "+d)
		}
	}
	out = append(out, "DROP TYPE "+w.name(old), w.comment("TYPE", w.name(c.To.Name), c.To.Comment))
	return statements(out...)
}

func (p *pgPlanner) changeComposite(c schema.ChangeComposite) []Statement {
	alter := "ALTER TYPE " + p.w.name(c.To.Name) + " "
	was := map[string]*schema.Column{}
	for _, f := range c.From.Columns {
		was[f.Name] = f
	}
	var out []string
	for _, f := range c.From.Columns {
		if !slices.ContainsFunc(c.To.Columns, func(x *schema.Column) bool { return x.Name == f.Name }) {
			out = append(out, alter+"DROP ATTRIBUTE "+identifier(f.Name))
		}
	}
	for _, f := range c.To.Columns {
		switch old := was[f.Name]; {
		case old == nil:
			out = append(out, alter+"ADD ATTRIBUTE "+identifier(f.Name)+" "+p.w.typeName(f.Type))
		case p.w.typeName(old.Type) != p.w.typeName(f.Type):
			out = append(out, alter+"ALTER ATTRIBUTE "+identifier(f.Name)+" TYPE "+p.w.typeName(f.Type))
		}
	}
	return statements(out...)
}

func (p *pgPlanner) changeDomain(c schema.ChangeDomain) ([]Statement, error) {
	if p.w.typeName(c.From.Base) != p.w.typeName(c.To.Base) {
		return nil, fmt.Errorf("PostgreSQL can't change what a domain stands on (%s): make a new domain and change the columns' type to it", c.From.Base)
	}
	alter := "ALTER DOMAIN " + p.w.name(c.To.Name) + " "
	var out []string
	if c.From.Default != c.To.Default {
		if c.To.Default == "" {
			out = append(out, alter+"DROP DEFAULT")
		} else {
			out = append(out, alter+"SET DEFAULT "+c.To.Default)
		}
	}
	switch {
	case c.To.NotNull && !c.From.NotNull:
		out = append(out, alter+"SET NOT NULL")
	case !c.To.NotNull && c.From.NotNull:
		out = append(out, alter+"DROP NOT NULL")
	}
	has := func(checks []*schema.Check, k *schema.Check) bool {
		return slices.ContainsFunc(checks, func(x *schema.Check) bool { return x.Name == k.Name && x.Postgres == k.Postgres })
	}
	for _, k := range c.From.Checks {
		if !has(c.To.Checks, k) {
			out = append(out, alter+"DROP CONSTRAINT "+identifier(k.Name))
		}
	}
	for _, k := range c.To.Checks {
		if !has(c.From.Checks, k) {
			out = append(out, alter+"ADD "+constraint(k.Name)+"CHECK ("+k.Postgres+")")
		}
	}
	return statements(out...), nil
}

// changeColumn changes type, default, identity, null and comment. NOT NULL is proven by a check first, which reads
// the table without keeping others from writing.
func (p *pgPlanner) changeColumn(t *schema.Table, from, to *schema.Column) []Statement {
	w := p.w
	table, name := w.name(t.Name), identifier(to.Name)
	alter := "ALTER TABLE " + table + " ALTER COLUMN " + name + " "
	var out []string
	retyped := w.typeName(from.Type) != w.typeName(to.Type) || w.collation(from) != w.collation(to)
	was, will := p.quietDefault(from), p.quietDefault(to)
	if generation(from) != generation(to) {
		switch {
		case to.Generated == nil:
			out = append(out, alter+"DROP EXPRESSION")
		default:
			return statements("ALTER TABLE "+table+" DROP COLUMN "+name, "ALTER TABLE "+table+" ADD COLUMN "+w.columnDef(to))
		}
	}
	if from.Identity != to.Identity && from.Identity != schema.NoIdentity && to.Identity == schema.NoIdentity {
		out = append(out, alter+"DROP IDENTITY IF EXISTS", alter+"DROP DEFAULT")
	}
	if retyped {
		if was != "" && from.Identity == schema.NoIdentity {
			out = append(out, alter+"DROP DEFAULT")
			was = ""
		}
		out = append(out, alter+"TYPE "+w.typeName(to.Type)+w.collation(to)+" USING "+p.converted(from, to))
	}
	if to.Identity == schema.NoIdentity && to.Generated == nil && was != will {
		if will == "" {
			out = append(out, alter+"DROP DEFAULT")
		} else {
			out = append(out, alter+"SET DEFAULT "+will)
		}
	}
	if from.Identity != to.Identity && to.Identity != schema.NoIdentity {
		if from.Identity == schema.NoIdentity {
			out = append(out, alter+"DROP DEFAULT", alter+"SET NOT NULL", alter+"ADD GENERATED "+string(to.Identity)+" AS IDENTITY",
				"SELECT setval(pg_get_serial_sequence("+literal(table)+", "+literal(to.Name)+"), coalesce(max("+name+"), 0) + 1, false) FROM "+table)
		} else {
			out = append(out, alter+"SET GENERATED "+string(to.Identity))
		}
	}
	switch {
	case to.NotNull && !from.NotNull:
		proof := identifier(t.Name.Name + "_" + to.Name + "_not_null")
		out = append(out, "ALTER TABLE "+table+" ADD CONSTRAINT "+proof+" CHECK ("+name+" IS NOT NULL) NOT VALID",
			"ALTER TABLE "+table+" VALIDATE CONSTRAINT "+proof, alter+"SET NOT NULL",
			"ALTER TABLE "+table+" DROP CONSTRAINT "+proof)
	case !to.NotNull && from.NotNull:
		out = append(out, alter+"DROP NOT NULL")
	}
	if from.Comment != to.Comment {
		out = append(out, w.setComment("COLUMN", table+"."+name, to.Comment))
	}
	return statements(out...)
}

func generation(c *schema.Column) string {
	if c.Generated == nil {
		return ""
	}
	return c.Generated.Postgres
}

// quietDefault is a default without telling of what is lost, which the definition that has it did.
func (p *pgPlanner) quietDefault(c *schema.Column) string {
	return (&pgWriter{s: p.to}).defaultOf(c)
}

// converted is a column's value in its new type.
func (p *pgPlanner) converted(from, to *schema.Column) string {
	name, typ := identifier(to.Name), p.w.typeName(to.Type)
	switch {
	case p.w.typeName(from.Type) == typ:
		return name
	case from.Type.Array && !to.Type.Array && to.Type.Kind() == schema.JSONB:
		return "to_jsonb(" + name + ")"
	case !from.Type.Array && to.Type.Array && from.Type.Name == to.Type.Name:
		return "CASE WHEN " + name + " IS NOT NULL THEN ARRAY[" + name + "] END"
	case isNumber(from.Type.Kind()) && to.Type.Kind() == schema.Bool:
		return "(" + name + " <> 0)"
	case from.Type.Kind() == schema.Bool && isNumber(to.Type.Kind()):
		return name + "::integer::" + typ
	case from.Type.Kind() == schema.JSON || from.Type.Kind() == schema.JSONB,
		p.w.typeName(from.Type) != typ && (from.Type.Enum != nil || to.Type.Enum != nil):
		return name + "::text::" + typ
	}
	return name + "::" + typ
}

func isNumber(b schema.Base) bool {
	switch b {
	case schema.Int2, schema.Int4, schema.Int8, schema.Float4, schema.Float8, schema.Numeric:
		return true
	}
	return false
}

// addUnique builds the index without keeping others from writing, then makes it the constraint's.
func (p *pgPlanner) addUnique(t *schema.Table, k *schema.Key) []Statement {
	if p.made[t] || k.Name == "" {
		return p.alter(t, "ADD "+constraint(k.Name)+p.w.unique(k))
	}
	nulls := ""
	if k.NullsNotDistinct {
		nulls = " NULLS NOT DISTINCT"
	}
	return statements(
		"CREATE UNIQUE INDEX CONCURRENTLY "+identifier(k.Name)+" ON "+p.w.name(t.Name)+" ("+names(k.Columns)+")"+nulls,
		"ALTER TABLE "+p.w.name(t.Name)+" ADD CONSTRAINT "+identifier(k.Name)+" UNIQUE USING INDEX "+identifier(k.Name)+deferring(k.Deferrable, k.Deferred))
}

func (p *pgPlanner) addCheck(t *schema.Table, k *schema.Check) []Statement {
	sql, ok := p.w.check(t, k)
	if !ok {
		return nil
	}
	if p.made[t] || k.Name == "" {
		return p.alter(t, "ADD "+constraint(k.Name)+sql)
	}
	return statements("ALTER TABLE "+p.w.name(t.Name)+" ADD "+constraint(k.Name)+sql+" NOT VALID", p.validate(t, k.Name))
}

// replaceFunction drops what CREATE OR REPLACE can't turn into the other: another result or other argument names.
func (p *pgPlanner) replaceFunction(from, to *schema.Function) []Statement {
	if to.Postgres == "" {
		return nil
	}
	return statements("DROP FUNCTION "+p.w.signature(from), to.Postgres, p.w.functionComment(to))
}

// setComment writes COMMENT ON; an empty one takes the comment away.
func (w *pgWriter) setComment(kind, name, text string) string {
	if text == "" {
		return "COMMENT ON " + kind + " " + name + " IS NULL"
	}
	return w.comment(kind, name, text)
}
