package graphql

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// writable gives the columns that an insert or update can set: not those that make their own value.
func writable(x *schema.Table) []*schema.Column {
	var out []*schema.Column
	for _, c := range x.Columns {
		if c.Generated == nil && c.Identity != schema.Always {
			out = append(out, c)
		}
	}
	return out
}

func insertable(x *schema.Table) bool {
	return (x.View == nil || x.View.Insertable) && len(writable(x)) > 0
}

func updatable(x *schema.Table) bool {
	return (x.View == nil || x.View.Updatable) && len(writable(x)) > 0
}

func deletable(x *schema.Table) bool { return x.View == nil || x.View.Deletable }

// conflicts gives the keys that on_conflict can name. PostgreSQL takes no deferrable one.
func conflicts(x *schema.Table) []*schema.Key {
	if x.View != nil {
		return nil
	}
	var out []*schema.Key
	for _, k := range append([]*schema.Key{x.Primary}, x.Uniques...) {
		if k != nil && !k.Deferrable && k.Name != "" {
			out = append(out, k)
		}
	}
	return out
}

func (t *Types) mutationResponse(name string, x *schema.Table) *Type {
	return &Type{
		Name: name, Description: "response of any mutation on the table " + quoted(x), Kind: ast.Object, Is: MutationResponse, Table: x,
		Fields: []*Field{
			{Name: "affected_rows", Description: "number of rows affected by the mutation", Type: required(named("Int")), Is: AffectedRows},
			{Name: "returning", Description: "data from the rows affected by the mutation", Type: required(listOf(x.Type)), Is: Returning, Table: x},
		},
	}
}

// keys makes an input object's keys of columns, each with the type that of gives.
func keys(columns []*schema.Column, of func(*schema.Column) *ast.Type) []*Field {
	var out []*Field
	for _, c := range columns {
		out = append(out, &Field{Name: c.Field, Description: c.Comment, Type: of(c), Is: KeyColumn, Column: c})
	}
	return out
}

func (t *Types) insertInput(name string, x *schema.Table) *Type {
	out := &Type{
		Name: name, Description: "input type for inserting data into table " + quoted(x), Kind: ast.InputObject, Is: InsertInput, Table: x,
		Fields: keys(writable(x), t.columnType),
	}
	for _, r := range x.Relations {
		if t.reaches(r) && nests(r) && out.Field(r.Name) == nil {
			suffix := "_obj_rel_insert_input"
			if r.Many {
				suffix = "_arr_rel_insert_input"
			}
			out.Fields = append(out.Fields, &Field{Name: r.Name, Type: named(r.To.Type + suffix), Is: KeyRelation, Relation: r})
		}
	}
	return out
}

// nests says whether rows can be inserted along a relation.
func nests(r *schema.Relation) bool {
	return r.Name != "" && r.Through == nil && r.Computed == nil && len(r.Columns) > 0 && insertable(r.To)
}

func (t *Types) nested(name string, x *schema.Table, many bool) *Type {
	out := &Type{Name: name, Description: "input type for inserting object relation for remote table " + quoted(x), Kind: ast.InputObject, Is: NestedOne, Table: x}
	data := required(named(x.Type + "_insert_input"))
	if many {
		out.Description, out.Is = "input type for inserting array relation for remote table "+quoted(x), NestedMany
		data = required(listOf(x.Type + "_insert_input"))
	}
	out.Fields = append([]*Field{{Name: "data", Type: data, Is: KeyData, Table: x}}, t.onConflictArg(x)...)
	return out
}

// onConflictArg is the argument or key on_conflict, where the table has a key.
func (t *Types) onConflictArg(x *schema.Table) []*Field {
	if len(conflicts(x)) == 0 {
		return nil
	}
	return []*Field{{Name: "on_conflict", Description: "upsert condition", Type: named(x.Type + "_on_conflict"), Is: ArgOnConflict, Table: x}}
}

func (t *Types) onConflict(name string, x *schema.Table) *Type {
	if len(conflicts(x)) == 0 {
		return nil
	}
	return &Type{
		Name: name, Description: "on_conflict condition type for table " + quoted(x), Kind: ast.InputObject, Is: OnConflict, Table: x,
		Fields: []*Field{
			{Name: "constraint", Type: required(named(x.Type + "_constraint")), Is: KeyConstraint, Table: x},
			{
				Name: "update_columns", Type: required(listOf(x.Type + "_update_column")), Default: &ast.Value{Kind: ast.ListValue},
				Is: KeyUpdateColumns, Table: x,
			},
			{Name: "where", Type: named(x.Type + "_bool_exp"), Is: KeyWhere, Table: x},
		},
	}
}

func (t *Types) constraints(name string, x *schema.Table) *Type {
	out := &Type{Name: name, Description: "unique or primary key constraints on table " + quoted(x), Kind: ast.Enum, Is: ConstraintEnum, Table: x}
	for _, k := range conflicts(x) {
		value := schema.SpellWord(k.Name)
		for !enumName(value) || out.Value(value) != nil {
			value += "_"
		}
		text := "unique or primary key constraint on columns "
		for i, c := range k.Columns {
			if i > 0 {
				text += ", "
			}
			text += `"` + c.Name + `"`
		}
		out.Values = append(out.Values, EnumValue{Name: value, Value: k.Name, Description: text, Key: k})
	}
	if len(out.Values) == 0 {
		return nil
	}
	return out
}

func (t *Types) updateColumn(name string, x *schema.Table) *Type {
	out := &Type{Name: name, Description: "update columns of table " + quoted(x), Kind: ast.Enum, Is: UpdateColumn, Table: x}
	for _, c := range writable(x) {
		out.Values = append(out.Values, EnumValue{Name: c.Field, Description: "column name", Column: c})
	}
	if len(out.Values) == 0 {
		return nil
	}
	return out
}

// An alteration is one of the ways to change a column, with Hasura's texts (Hasura/Backends/Postgres/Instances/Schema.hs).
type alteration struct {
	name string // of the argument
	how  query.Alteration
	text string
	is   func(schema.Type) bool
	of   func(*Types, *schema.Column) *ast.Type
}

var alterations = []alteration{
	{"_append", query.Append, "append existing jsonb value of filtered columns with new jsonb value", isJSONB, (*Types).columnType},
	{"_delete_at_path", query.DeleteAtPath, "delete the field or element with specified path (for JSON arrays, negative integers count from the end)",
		isJSONB, func(*Types, *schema.Column) *ast.Type { return listOf("String") }},
	{"_delete_elem", query.DeleteElem, "delete the array element with specified index (negative integers count from the end). throws an error if top level container is not an array",
		isJSONB, func(*Types, *schema.Column) *ast.Type { return named("Int") }},
	{"_delete_key", query.DeleteKey, "delete key/value pair or string element. key/value pairs are matched based on their key value",
		isJSONB, func(*Types, *schema.Column) *ast.Type { return named("String") }},
	{"_inc", query.Increment, "increments the numeric columns with given value of the filtered values", addable, (*Types).columnType},
	{"_prepend", query.Prepend, "prepend existing jsonb value of filtered columns with new jsonb value", isJSONB, (*Types).columnType},
}

func isJSONB(of schema.Type) bool { return of.Base == schema.JSONB && !of.Array }

func (a *alteration) columns(x *schema.Table) []*schema.Column {
	return slices.DeleteFunc(writable(x), func(c *schema.Column) bool { return !a.is(c.Type.Underlying()) })
}

// changes are the arguments _set, _inc, … of an update.
func (t *Types) changes(x *schema.Table) []*Field {
	var out []*Field
	for i := range alterations {
		if a := &alterations[i]; len(a.columns(x)) > 0 {
			out = append(out, &Field{Name: a.name, Description: a.text, Type: named(x.Type + a.name + "_input"), Is: ArgAlter, Alter: a.how, Table: x})
		}
	}
	return append(out, &Field{
		Name: "_set", Description: "sets the columns of the filtered rows to the given values", Type: named(x.Type + "_set_input"), Is: ArgSet, Table: x,
	})
}

func (t *Types) alterInput(name string, x *schema.Table, a *alteration) *Type {
	columns := a.columns(x)
	if len(columns) == 0 {
		return nil
	}
	out := &Type{Name: name, Description: a.text, Kind: ast.InputObject, Is: AlterInput, Table: x}
	out.Fields = keys(columns, func(c *schema.Column) *ast.Type { return a.of(t, c) })
	for _, f := range out.Fields {
		f.Alter = a.how
	}
	return out
}

func (t *Types) setInput(name string, x *schema.Table) *Type {
	return &Type{
		Name: name, Description: "input type for updating data in table " + quoted(x), Kind: ast.InputObject, Is: SetInput, Table: x,
		Fields: keys(writable(x), t.columnType),
	}
}

func (t *Types) keyInput(name string, x *schema.Table) *Type {
	if x.Primary == nil {
		return nil
	}
	return &Type{
		Name: name, Description: "primary key columns input for table: " + x.Name.String(), Kind: ast.InputObject, Is: KeyInput, Table: x,
		Fields: keys(x.Primary.Columns, func(c *schema.Column) *ast.Type { return required(t.columnType(c)) }),
	}
}

// keyArgs are the arguments of a root field by primary key.
func (t *Types) keyArgs(x *schema.Table) []*Field {
	out := keys(x.Primary.Columns, func(c *schema.Column) *ast.Type { return required(t.columnType(c)) })
	for _, f := range out {
		f.Is = ArgKeyColumn
	}
	return out
}

func (t *Types) updates(name string, x *schema.Table) *Type {
	return &Type{
		Name: name, Kind: ast.InputObject, Is: UpdatesInput, Table: x,
		Fields: append(t.changes(x), &Field{
			Name: "where", Description: "filter the rows which have to be updated", Type: required(named(x.Type + "_bool_exp")), Is: KeyWhere, Table: x,
		}),
	}
}
