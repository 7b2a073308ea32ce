package pgsql

import (
	"slices"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/schema"
)

// The names of the statement's common table expressions, and of the column that holds a row as one value of its table's type.
const (
	written = "w"
	called  = "c"
	rowName = "pintail_row" // extended where a table has a column of that name
)

// source writes where a select's rows come from, and the conditions that tie them to the parent's row.
func (b *builder) source(s *plan.Select, rel *schema.Relation, parent *plan.Select) (from string, conditions []string) {
	alias := " AS " + b.alias(s.Alias)
	b.selects[s.Alias] = s
	switch {
	case rel != nil && rel.Computed != nil:
		return b.qualified(rel.Computed.Name) + "(" + b.notation(b.wholeRow(parent), s.Args) + ")" + alias, nil
	case rel != nil && rel.Through != nil:
		through := rel.Through
		junction := b.fresh("j")
		for i, c := range rel.Columns {
			conditions = append(conditions, junction+"."+ident(rel.References[i].Name)+" = "+b.column(parent, c))
		}
		on := ""
		for i, c := range through.Columns {
			if i > 0 {
				on += " AND "
			}
			on += b.alias(s.Alias) + "." + ident(through.References[i].Name) + " = " + junction + "." + ident(c.Name)
		}
		return b.table(rel.To.Name) + alias + " JOIN " + b.table(through.Table.Name) + " AS " + junction + " ON " + on, conditions
	case rel != nil:
		for i, c := range rel.Columns {
			conditions = append(conditions, b.alias(s.Alias)+"."+ident(rel.References[i].Name)+" = "+b.column(parent, c))
		}
		return b.table(rel.To.Name) + alias, conditions
	case s.Source.Written != nil && b.again != nil:
		return b.found(b.again, b.alias(s.Alias))
	case s.Source.Written != nil:
		return written + alias, nil
	case s.Source.Called != nil:
		return b.called + alias, nil
	case s.Source.Table != nil:
		return b.table(s.Source.Table.Name) + alias, nil
	}
	b.broken("a select without a source")
	return "", nil
}

// column writes a column of a select's own row.
func (b *builder) column(s *plan.Select, c *schema.Column) string {
	if s.Source.Written != nil {
		b.need(c)
	}
	return b.alias(s.Alias) + "." + ident(c.Name)
}

// need notes that the statement around a write looks at a column of its rows.
func (b *builder) need(c *schema.Column) {
	if !slices.Contains(b.returned, c) {
		b.returned = append(b.returned, c)
	}
}

// wholeRow writes a select's row as one value of its table's type, for a function of the row.
func (b *builder) wholeRow(s *plan.Select) string {
	switch {
	case s.Source.Written != nil && b.again == nil:
		b.returnedRow = true
		return b.alias(s.Alias) + "." + rowColumn(s.Source.Written)
	case s.Source.Called != nil && s.Source.Called.Returns.Table != nil:
		b.returnedRow = true
		return b.alias(s.Alias) + "." + rowColumn(s.Source.Called.Returns.Table)
	}
	return b.alias(s.Alias) + ".*"
}

// rowColumn names the column of a whole row, so that no column of the table has that name.
func rowColumn(t *schema.Table) string {
	name := rowName
	for slices.ContainsFunc(t.Columns, func(c *schema.Column) bool { return c.Name == name }) {
		name += "_"
	}
	return ident(name)
}
