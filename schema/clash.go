package schema

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// clashes finds names that stand for two things: in the database, in SQLite, in GraphQL.
func (p *parser) clashes() {
	s := p.out
	p.sameTables()
	for _, pair := range s.foldClashes() {
		if s.Engine == "" {
			p.wrong(p.at[pair[1]], `give one of them another name: "…", or write extend schema @database(engine: POSTGRES)`, "SQLite folds case, so that %s and %s are one table there", pair[0].Name, pair[1].Name)
		}
	}
	tables := map[string]*Table{}
	for _, t := range s.Tables {
		tables[t.Type] = t
	}
	for _, d := range p.declared {
		if from := generatedFrom(d.Name, tables); from != "" {
			p.wrong(d.Position, "call it something else; its name in the database goes into name: \"…\"", "the API makes a type %s from the table %s", d.Name, from)
		}
		if d.result && !slices.Contains(p.used, d.Name) {
			p.wrong(d.Position, "take it out, or make it the type of a function", "no function gives the result %s", d.Name)
		}
	}
	for _, t := range s.Tables {
		p.fieldClashes(t)
		p.columnFold(t)
	}
	p.constraintClashes()
	p.rootClashes(tables)
	p.functionClashes()
	p.schemaNames()
}

// sameTables finds two types that stand for one table or PostgreSQL type.
func (p *parser) sameTables() {
	seen := map[Name]*definition{}
	for _, d := range p.declared {
		var n Name
		switch t, ok := p.typeOfDefinition(d); {
		case !ok:
			continue
		default:
			n = p.out.qualify(Name{Schema: t.Schema, Name: t.Name})
		}
		if was := seen[n]; was != nil && (was.scalar == nil || d.scalar == nil || was.scalar.Name == d.scalar.Name) && !mayShare(was, d) {
			p.wrong(d.Position, "give one of them another name: or schema:", "%s and %s are both called %s in the database", was.Name, d.Name, n)
			continue
		}
		seen[n] = d
	}
}

// mayShare says whether two definitions can have one name in the database: a type of PostgreSQL's own and one of the file's.
func mayShare(a, b *definition) bool {
	own := func(d *definition) bool {
		return d.scalar != nil && d.scalar.Name.Schema == "" && isBuiltin(d.scalar.Name.Name)
	}
	return own(a) != own(b)
}

// fieldClashes finds relations that are called like columns, and like what the API makes of another relation.
func (p *parser) fieldClashes(t *Table) {
	fields := map[string]bool{}
	for _, c := range t.Columns {
		fields[c.Field] = true
	}
	for _, r := range t.Relations {
		if r.Name != "" {
			fields[r.Name] = true
		}
	}
	for _, r := range t.Relations {
		if r.Name == "" {
			continue
		}
		if c, ok := t.columns[r.Name]; ok {
			p.wrong(p.at[r], "call it something else", "%s is also the column %s", r.Name, c.Field)
		}
		if r.Many && fields[r.Name+"_aggregate"] {
			p.wrong(p.at[r], "call one of them something else", "the API makes a field %s_aggregate from the relation %s", r.Name, r.Name)
		}
	}
}

// columnFold finds columns that SQLite would take for one.
func (p *parser) columnFold(t *Table) {
	seen := map[string]*Column{}
	for _, c := range t.Columns {
		folded := strings.ToLower(c.Name)
		if was := seen[folded]; was != nil && was.Name != c.Name && p.out.Engine != "postgres" {
			p.wrong(p.columnAt[c], `give one of them another name, or write extend schema @database(engine: POSTGRES)`, "SQLite folds case, so that %s and %s are one column there", was.Name, c.Name)
		}
		seen[folded] = c
	}
}

// constraintClashes finds constraints and indexes of one name. A table's name stands in the same space as indexes' names.
func (p *parser) constraintClashes() {
	relations, constraints := map[Name]bool{}, map[Name]bool{}
	for _, t := range p.out.Tables {
		relations[Name{Schema: t.Name.Schema, Name: t.Name.Name}] = true
	}
	for _, t := range p.out.Tables {
		seen := func(in map[Name]bool, schema, name string, at *ast.Position, what string) {
			n := Name{Schema: schema, Name: name}
			if name != "" && in[n] {
				p.wrong(at, `give it another name: "…"`, "the name %s is taken, so %s of %s can't have it", name, what, t.Type)
			}
			in[n] = true
		}
		for _, c := range t.Checks {
			seen(constraints, t.Type, c.Name, p.at[c], "a check")
		}
		for _, f := range t.Foreign {
			seen(constraints, t.Type, f.Name, p.at[f], "a foreign key")
		}
		if t.View == nil {
			for _, k := range slices.Concat([]*Key{t.Primary}, t.Uniques) {
				if k != nil {
					seen(constraints, t.Type, k.Name, p.at[k], "a key")
					seen(relations, t.Name.Schema, k.Name, p.at[k], "a key")
				}
			}
		}
		for _, x := range t.Indexes {
			seen(relations, t.Name.Schema, x.Name, p.at[x], "an index")
		}
	}
}

// rootClashes finds two tables with a root field of one name in GraphQL.
func (p *parser) rootClashes(tables map[string]*Table) {
	seen := map[rootField]rootOf{}
	for _, r := range p.out.rootsOf() {
		was, taken := seen[r.rootField]
		if !taken {
			seen[r.rootField] = r
			continue
		}
		if generatedFrom(was.table.Type, tables) != "" {
			continue // whose type clashes already
		}
		at := p.at[rootOf{table: r.table, kind: r.kind}]
		if at == nil {
			at = p.at[r.table]
		}
		of := "the table " + was.table.Type
		if was.table == r.table {
			of = fmt.Sprintf("its %s:", was.kind)
		}
		p.wrong(at, fmt.Sprintf(`write @root(%s: "…") on %s, with a name that is free`, r.kind, r.table.Type), "the API makes a field %s from the table %s, and %s has it already", r.name, r.table.Type, of)
	}
}

// functionClashes finds functions that are called like a field that the API makes from a table or another function, and two
// functions that no call could tell apart.
func (p *parser) functionClashes() {
	roots := p.out.rootNames()
	own := map[rootField]*Function{}
	for _, f := range p.out.Functions {
		own[rootField{f.Field, f.Volatile}] = f
	}
	signatures := map[string]bool{}
	for _, f := range p.out.Functions {
		for _, r := range f.rootFields() {
			if t := roots[r]; t != nil && f.Query == nil {
				p.wrong(p.at[f], "call the field something else; the function's name goes into @function(name:)", "the API makes a field %s from the table %s", r.name, t.Type)
			}
			if o := own[r]; o != nil && o != f {
				p.wrong(p.at[f], "call one of them something else", "the API makes a field %s from the function %s", r.name, f.Field)
			}
		}
		p.computedClash(f)
		signature := f.Name.String() + "("
		for _, a := range f.Args {
			signature += a.Type.String() + ","
		}
		if signatures[signature] {
			p.wrong(p.at[f], "take one of them out", "two functions are called %s with the same arguments", f.Name)
		}
		signatures[signature] = true
	}
}

// computedClash finds a computed field whose name its table has for something else.
func (p *parser) computedClash(f *Function) {
	at := p.at[computedOf{f}]
	t := p.out.RowArgument(f)
	switch {
	case at == nil:
		return
	case t == nil:
		p.wrong(at, "take computed: out", "%s isn't a field of a table: its first argument would be a table's row", f.Field)
		return
	case t.fieldNamed(f.ComputedField()) != nil:
		p.wrong(at, "call it something else", "%s has the column %s already", t.Type, f.ComputedField())
	case slices.ContainsFunc(t.Relations, func(r *Relation) bool { return r.Name == f.ComputedField() }):
		p.wrong(at, "call it something else", "%s has the relation %s already", t.Type, f.ComputedField())
	}
	for _, o := range p.out.Functions {
		if o != f && p.out.RowArgument(o) == t && o.ComputedField() == f.ComputedField() {
			p.wrong(at, "call one of them something else", "%s has the computed field %s already, from the function %s", t.Type, f.ComputedField(), o.Field)
			return
		}
	}
}

// schemaNames refuses PostgreSQL schemas on a file that is SQLite's alone.
func (p *parser) schemaNames() {
	for _, t := range p.out.Tables {
		if p.out.Engine == "sqlite" && t.Name.Schema != "" {
			p.wrong(p.at[t], "take schema: out", "SQLite has no schemas, and the file is for SQLite alone")
		}
	}
}
