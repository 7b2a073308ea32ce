package schema

import (
	"cmp"
	"slices"
)

// Cardinality says how many rows stand at a relation's two ends: many-to-one, one-to-one, one-to-many or many-to-many;
// empty for a computed relation, of which only Many is known.
func (r *Relation) Cardinality() string {
	switch {
	case r.Computed != nil:
		return ""
	case r.Through != nil && r.Many:
		return "many-to-many"
	case r.Many:
		return "one-to-many"
	case r.Inverse || r.Through != nil || r.unique():
		return "one-to-one"
	}
	return "many-to-one"
}

// Self says whether a relation leads back to its own table.
func (r *Relation) Self() bool { return r.From == r.To }

// unique says whether at most one row of From has one value of Columns. A view's columns are looked for in the table
// whose foreign key they come from.
func (r *Relation) unique() bool {
	if r.From.hasKey(r.Columns) {
		return true
	}
	return r.Foreign != nil && r.Foreign.Table != nil && r.Foreign.Table.hasKey(r.Foreign.Columns)
}

// hasKey says whether columns are, in any order, the primary key or a unique constraint.
func (t *Table) hasKey(columns []*Column) bool {
	if t.Primary != nil && sameSet(t.Primary.Columns, columns) {
		return true
	}
	return slices.ContainsFunc(t.Uniques, func(k *Key) bool { return sameSet(k.Columns, columns) })
}

// EnumTable gives the enum table that a column refers to, alone, by a foreign key: in GraphQL the column is of that enum, which is
// called like the table's type with _enum after it. It is nil for every other column.
func (c *Column) EnumTable() *Table {
	if c.Table == nil {
		return nil
	}
	for _, f := range c.Table.Foreign {
		if len(f.Columns) == 1 && f.Columns[0] == c && f.To != nil && f.To.Enum && f.To.Primary != nil && slices.Equal(f.References, f.To.Primary.Columns) {
			return f.To
		}
	}
	return nil
}

// FitsEnum says whether a table's rows can be the values of an enum: one text column is the primary key, and there is at most one
// more, with a text on the value. The form is Hasura's.
func (t *Table) FitsEnum() bool {
	if t.View != nil || t.Primary == nil || len(t.Primary.Columns) != 1 || len(t.Columns) > 2 {
		return false
	}
	return !slices.ContainsFunc(t.Columns, func(c *Column) bool { return !c.isText() })
}

func (c *Column) isText() bool {
	t := c.Type.Underlying()
	return t.Base == Text && !t.Array
}

// KeyNamed gives the primary key or the unique constraint of that name; nil where there is none.
func (t *Table) KeyNamed(name string) *Key {
	if t.Primary != nil && t.Primary.Name == name {
		return t.Primary
	}
	for _, k := range t.Uniques {
		if k.Name == name {
			return k
		}
	}
	return nil
}

// linkRelations gives every table the relations that nobody declared, after those that somebody did. Their Name is empty.
// The rules are PostgREST's (src/library/PostgREST/SchemaCache.hs): each foreign key is a way to the table that it refers
// to and a way back; a table whose primary key contains the columns of two foreign keys joins the tables that they refer
// to; a function from one table's row to rows of another is a relation by the function's name, and takes the place of
// undeclared relations to a table of that name.
func (s *Schema) linkRelations() {
	for _, t := range s.Tables {
		t.Relations = slices.DeleteFunc(t.Relations, func(r *Relation) bool { return r.Name == "" })
	}
	s.linkForward()
	s.linkInverse()
	s.linkJunctions()
	s.linkComputed()
	for _, t := range s.Tables {
		slices.SortStableFunc(t.Relations, compareRelations)
	}
}

func (s *Schema) linkForward() {
	for _, t := range s.Tables {
		for _, f := range t.Foreign {
			if f.To == nil {
				continue
			}
			t.imply(&Relation{
				From: t, To: f.To, Columns: f.Columns, References: f.References,
				Constraint: f.Name, Foreign: f, Optional: anyNullable(f.Columns),
			})
		}
	}
}

func (s *Schema) linkInverse() {
	for _, t := range s.Tables {
		for _, r := range t.Relations {
			if !r.forward() {
				continue
			}
			r.To.imply(&Relation{
				From: r.To, To: r.From, Columns: r.References, References: r.Columns, Many: !r.unique(),
				Constraint: cmp.Or(r.Constraint, r.Name), Foreign: r.Foreign, Inverse: true, Optional: true,
			})
		}
	}
}

func (s *Schema) linkJunctions() {
	for _, j := range s.Tables {
		if j.Primary == nil {
			continue
		}
		for _, a := range j.Relations {
			for _, b := range j.Relations {
				if a == b || !a.joins(j.Primary) || !b.joins(j.Primary) || a.constraint() == b.constraint() {
					continue
				}
				a.To.imply(&Relation{
					From: a.To, To: b.To, Many: true, Columns: a.References, References: a.Columns, Optional: true,
					Through: &Through{
						Table: j, Columns: b.Columns, References: b.References,
						FromConstraint: a.constraint(), ToConstraint: b.constraint(),
					},
				})
			}
		}
	}
}

func (s *Schema) linkComputed() {
	for _, f := range s.Functions {
		from := s.RowArgument(f)
		if from == nil || f.Returns.Table == nil || f.Query != nil {
			continue
		}
		from.Relations = slices.DeleteFunc(from.Relations, func(r *Relation) bool {
			return r.Name == "" && r.Computed == nil && s.qualify(r.To.Name) == s.qualify(f.Name)
		})
		from.imply(&Relation{
			From: from, To: f.Returns.Table, Many: f.Returns.SetOf && !f.Returns.One, Computed: f, Optional: true,
		})
	}
}

// RowArgument gives the table whose row a function takes, as its only argument or, where the file calls it a computed field, as
// the first of several: such a function is a computed column of the table, or a computed relation. It is nil for every other one.
func (s *Schema) RowArgument(f *Function) *Table {
	if len(f.Args) == 0 || len(f.Args) > 1 && f.Computed == "" {
		return nil
	}
	return s.RowType(f.Args[0].Type)
}

// RowType gives the table whose rows are the values of a type; nil where it is another type.
func (s *Schema) RowType(t Type) *Table {
	if t.Array || t.Composite != nil || t.Domain != nil || t.Base != Unknown && t.Base != CompositeBase {
		return nil
	}
	return s.tables[s.qualify(Name{Schema: t.Schema, Name: t.Name})]
}

// ComputedField gives the name of a computed column or relation in GraphQL.
func (f *Function) ComputedField() string { return cmp.Or(f.Computed, f.Field) }

// imply adds a relation unless somebody declared the same way to the same table.
func (t *Table) imply(r *Relation) {
	if !slices.ContainsFunc(t.Relations, r.same) {
		t.Relations = append(t.Relations, r)
	}
}

// same says whether two relations lead the same way, whatever they are called.
func (r *Relation) same(o *Relation) bool {
	if r.To != o.To || r.Inverse != o.Inverse || r.Computed != o.Computed || (r.Through == nil) != (o.Through == nil) {
		return false
	}
	if r.Through != nil && (r.Through.Table != o.Through.Table ||
		!slices.Equal(r.Through.Columns, o.Through.Columns) || !slices.Equal(r.Through.References, o.Through.References)) {
		return false
	}
	return samePairs(r, o)
}

// samePairs compares the pairs of columns in any order.
func samePairs(r, o *Relation) bool {
	if len(r.Columns) != len(o.Columns) || len(r.References) != len(o.References) {
		return false
	}
	for i, c := range r.Columns {
		j := slices.Index(o.Columns, c)
		if j < 0 || i < len(r.References) && r.References[i] != o.References[j] {
			return false
		}
	}
	return true
}

// forward says whether From holds the referring columns.
func (r *Relation) forward() bool {
	return !r.Many && !r.Inverse && r.Through == nil && r.Computed == nil && len(r.Columns) > 0
}

// joins says whether r can be one half of a junction whose primary key is key.
func (r *Relation) joins(key *Key) bool {
	if !r.forward() || r.unique() {
		return false
	}
	return !slices.ContainsFunc(r.Columns, func(c *Column) bool { return !slices.Contains(key.Columns, c) })
}

func (r *Relation) constraint() string { return cmp.Or(r.Constraint, r.Name) }

// compareRelations keeps declared relations in their order before the others, which stand in PostgREST's order: by
// table, then one-to-many, many-to-one, one-to-one, many-to-many, then by constraint.
func compareRelations(a, b *Relation) int {
	switch {
	case a.Name != "" && b.Name != "":
		return 0
	case a.Name != "":
		return -1
	case b.Name != "":
		return 1
	}
	return CompareRelations(a, b)
}

// CompareRelations orders relations as PostgREST lists them where it can't choose between them.
func CompareRelations(a, b *Relation) int {
	c := cmp.Or(
		cmp.Compare(a.To.Name.Schema, b.To.Name.Schema), cmp.Compare(a.To.Name.Name, b.To.Name.Name),
		cmp.Compare(a.rank(), b.rank()))
	if c != 0 {
		return c
	}
	if a.Through != nil && b.Through != nil {
		x, y := a.Through, b.Through
		return cmp.Or(cmp.Compare(x.Table.Name.Name, y.Table.Name.Name),
			cmp.Compare(x.FromConstraint, y.FromConstraint), cmp.Compare(x.ToConstraint, y.ToConstraint))
	}
	return cmp.Compare(a.constraint(), b.constraint())
}

func (r *Relation) rank() int {
	return slices.Index([]string{"one-to-many", "many-to-one", "one-to-one", "many-to-many", ""}, r.Cardinality())
}

func sameSet(a, b []*Column) bool {
	if len(a) != len(b) {
		return false
	}
	return !slices.ContainsFunc(a, func(c *Column) bool { return !slices.Contains(b, c) })
}

func anyNullable(columns []*Column) bool {
	return slices.ContainsFunc(columns, func(c *Column) bool { return !c.NotNull })
}
