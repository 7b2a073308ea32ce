package graphql

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// row makes t: columns, relations and what is computed from the row.
func (t *Types) row(x *schema.Table) *Type {
	out := &Type{Name: x.Type, Description: x.Comment, Kind: ast.Object, Is: RowType, Table: x}
	if out.Description == "" {
		out.Description = "columns and relationships of " + quoted(x)
	}
	taken := map[string]bool{}
	add := func(f *Field) {
		if !taken[f.Name] {
			out.Fields = append(out.Fields, f)
			taken[f.Name] = true
		}
	}
	for _, c := range x.Columns {
		add(t.column(c))
	}
	for _, r := range x.Relations {
		if t.reaches(r) {
			for _, f := range t.relation(r) {
				add(f)
			}
		}
	}
	for _, f := range t.computed[x] {
		add(&Field{
			Name: f.ComputedField(), Description: f.Comment, Type: t.typeOf(f.Returns.Type), Args: append(t.argsOf(f), pathArg(f.Returns.Type)...),
			Is: ComputedValue, Function: f,
		})
	}
	return out
}

func (t *Types) column(c *schema.Column) *Field {
	return &Field{
		Name: c.Field, Description: c.Comment, Type: nullUnless(c.NotNull, t.columnType(c)),
		Args: pathArg(c.Type), Is: ColumnValue, Column: c,
	}
}

// pathArg is what JSON has besides.
func pathArg(of schema.Type) []*Field {
	if of = of.Underlying(); of.Array || of.Base != schema.JSON && of.Base != schema.JSONB {
		return nil
	}
	return []*Field{{Name: "path", Description: "JSON select path", Type: named("String"), Is: ArgPath}}
}

// reaches says whether a relation is a field: it has a name, or is computed, and leads to what is served.
func (t *Types) reaches(r *schema.Relation) bool {
	return relationName(r) != "" && r.To != nil && t.servesTable(r.To) && (r.Through == nil || t.served(r.Through.Table.Name))
}

// relationName is a relation's field. A computed relation is called as its function says.
func relationName(r *schema.Relation) string {
	if r.Name == "" && r.Computed != nil {
		return r.Computed.ComputedField()
	}
	return r.Name
}

func (t *Types) relation(r *schema.Relation) []*Field {
	name, text := relationName(r), r.Comment
	if !r.Many {
		if text == "" {
			text = "An object relationship"
		}
		one := &Field{Name: name, Description: text, Type: nullUnless(!r.Optional, named(r.To.Type)), Is: RelationRow, Relation: r}
		if r.Computed != nil {
			one.Args = t.argsOf(r.Computed)
		}
		return []*Field{one}
	}
	if text == "" {
		text = "An array relationship"
	}
	args := t.rowsArgs(r.To)
	if r.Computed != nil {
		args = append(t.argsOf(r.Computed), args...)
	}
	return []*Field{
		{Name: name, Description: text, Type: required(listOf(r.To.Type)), Args: args, Is: RelationRows, Relation: r},
		{
			Name: name + "_aggregate", Description: "An aggregate relationship", Type: required(named(r.To.Type + "_aggregate")), Args: args,
			Is: RelationSummary, Relation: r,
		},
	}
}

// rowsArgs are the arguments that pick, order and cut rows.
func (t *Types) rowsArgs(x *schema.Table) []*Field {
	return []*Field{
		{Name: "distinct_on", Description: "distinct select on columns", Type: listOf(x.Type + "_select_column"), Is: ArgDistinctOn, Table: x},
		argLimit, argOffset,
		{Name: "order_by", Description: "sort the rows by one or more columns", Type: listOf(x.Type + "_order_by"), Is: ArgOrderBy, Table: x},
		{Name: "where", Description: "filter the rows returned", Type: named(x.Type + "_bool_exp"), Is: ArgWhere, Table: x},
	}
}

var (
	argLimit  = &Field{Name: "limit", Description: "limit the number of rows returned", Type: named("Int"), Is: ArgLimit}
	argOffset = &Field{Name: "offset", Description: "skip the first n rows. Use only with order_by", Type: named("Int"), Is: ArgOffset}
)

func (t *Types) selectColumn(name string, x *schema.Table) *Type {
	out := &Type{Name: name, Description: "select columns of table " + quoted(x), Kind: ast.Enum, Is: SelectColumn, Table: x}
	for _, c := range x.Columns {
		out.Values = append(out.Values, EnumValue{Name: c.Field, Description: "column name", Column: c})
	}
	return out
}

// aggregateNames are the functions of t_aggregate_fields besides count, as Hasura lists them.
var aggregateNames = []query.Aggregate{
	query.Avg, query.Max, query.Min, query.Stddev, query.StddevPop, query.StddevSamp, query.Sum, query.VarPop, query.VarSamp, query.Variance,
}

// aggregated gives the columns of which an aggregate can be taken.
func aggregated(x *schema.Table, a query.Aggregate) []*schema.Column {
	var out []*schema.Column
	for _, c := range x.Columns {
		if aggregates(c.Type.Underlying(), a) {
			out = append(out, c)
		}
	}
	return out
}

// aggregates follows Hasura (isNumType, isComparableType) where PostgreSQL has the aggregate: it has no least uuid.
func aggregates(of schema.Type, a query.Aggregate) bool {
	switch a {
	case query.Min, query.Max:
		switch of.Base {
		case schema.Bool, schema.JSON, schema.JSONB, schema.UUID, schema.Bytea, schema.CompositeBase:
			return of.Array && of.Base != schema.JSON && of.Base != schema.CompositeBase
		case schema.Unknown:
			return money(of)
		}
		return true
	case query.BoolAnd, query.BoolOr:
		return of.Base == schema.Bool && !of.Array
	}
	return numeric(of) || a == query.Sum && money(of)
}

// money is PostgreSQL's, which Pintail only passes through; it can be added and compared.
func money(of schema.Type) bool {
	return of.Name == "money" && of.Base == schema.Unknown && of.Schema == "" && !of.Array
}

func addable(of schema.Type) bool { return numeric(of) || money(of) }

func numeric(of schema.Type) bool {
	switch of.Base {
	case schema.Int2, schema.Int4, schema.Int8, schema.Float4, schema.Float8, schema.Numeric:
		return !of.Array
	}
	return false
}

func (t *Types) summary(name string, x *schema.Table) *Type {
	return &Type{
		Name: name, Description: "aggregated selection of " + quoted(x), Kind: ast.Object, Is: SummaryType, Table: x,
		Fields: []*Field{
			{Name: "aggregate", Type: named(x.Type + "_aggregate_fields"), Is: AggregateOf, Table: x},
			{Name: "nodes", Type: required(listOf(x.Type)), Is: AggregateNodes, Table: x},
		},
	}
}

func (t *Types) aggregateFields(name string, x *schema.Table) *Type {
	out := &Type{Name: name, Description: "aggregate fields of " + quoted(x), Kind: ast.Object, Is: AggregatesType, Table: x}
	count := &Field{
		Name: "count", Type: required(named("Int")), Is: AggregateCount, Aggregate: query.Count, Table: x,
		Args: []*Field{
			{Name: "columns", Type: listOf(x.Type + "_select_column"), Is: ArgColumns, Table: x},
			{Name: "distinct", Type: named("Boolean"), Is: ArgDistinct},
		},
	}
	for _, a := range aggregateNames {
		if a == query.Max {
			out.Fields = append(out.Fields, count)
		}
		if len(aggregated(x, a)) > 0 {
			out.Fields = append(out.Fields, &Field{
				Name: string(a), Type: named(x.Type + "_" + string(a) + "_fields"), Is: AggregateFields, Aggregate: a, Table: x,
			})
		}
	}
	return out
}

// aggregateOf makes t_sum_fields and the like. Averages and their kin are Float, all else is of the column's type.
func (t *Types) aggregateOf(name string, x *schema.Table, a query.Aggregate) *Type {
	out := &Type{Name: name, Description: "aggregate " + string(a) + " on columns", Kind: ast.Object, Is: AggregateOfType, Table: x, Aggregate: a}
	for _, c := range aggregated(x, a) {
		of := named("Float")
		if a == query.Min || a == query.Max || a == query.Sum {
			of = t.columnType(c)
		}
		out.Fields = append(out.Fields, &Field{Name: c.Field, Description: c.Comment, Type: of, Is: AggregateValue, Aggregate: a, Column: c})
	}
	return out
}

func (t *Types) group(name string, x *schema.Table) *Type {
	return &Type{
		Name: name, Description: "rows of " + quoted(x) + " that have the same values of some columns", Kind: ast.Object, Is: GroupType, Table: x,
		Fields: []*Field{
			{Name: "key", Description: "what the rows are grouped by; every other column is null", Type: required(named(name + "_key")), Is: GroupKey, Table: x},
			{Name: "aggregate", Type: required(named(x.Type + "_aggregate_fields")), Is: AggregateOf, Table: x},
		},
	}
}

func (t *Types) groupKey(name string, x *schema.Table) *Type {
	out := &Type{Name: name, Description: "columns that rows of " + quoted(x) + " are grouped by", Kind: ast.Object, Is: GroupKeyType, Table: x}
	for _, c := range x.Columns {
		f := t.column(c)
		f.Type, f.Args = t.columnType(c), nil
		out.Fields = append(out.Fields, f)
	}
	return out
}

// groupArgs are the arguments of t_group.
func (t *Types) groupArgs(x *schema.Table) []*Field {
	group := t.grouped[x]
	return []*Field{
		{Name: "by", Description: "the columns to group by", Type: required(listOf(x.Type + "_select_column")), Is: ArgBy, Table: x},
		{Name: "having", Description: "filter the groups returned", Type: named(group + "_having"), Is: ArgHaving, Table: x},
		argLimit, argOffset,
		{Name: "order_by", Description: "sort the groups", Type: listOf(group + "_order_by"), Is: ArgOrderBy, Table: x},
		{Name: "where", Description: "filter the rows that are grouped", Type: named(x.Type + "_bool_exp"), Is: ArgWhere, Table: x},
	}
}

// quoted names a table in a description.
func quoted(x *schema.Table) string { return `"` + x.Name.String() + `"` }

// indexFunctions finds what functions add: computed columns, and types of arguments and results.
func (t *Types) indexFunctions() {
	for _, f := range t.schema.Functions {
		if x := t.rowArgument(f); x != nil {
			if r := f.Returns; r.Table == nil && !r.SetOf && !r.Void && !r.Record && len(r.Out) == 0 {
				t.computed[x] = append(t.computed[x], f)
			}
			if takesMore(f) {
				t.nameArgs(f)
			}
			continue
		}
		if !t.calls(f) {
			continue
		}
		if len(f.Args) > 0 {
			t.nameArgs(f)
		}
		if len(f.Returns.Out) > 0 {
			t.results[f.Returns.Field] = f
		}
	}
}

// calls says whether a function is a root field. One of a row is a field of the row.
func (t *Types) calls(f *schema.Function) bool {
	if !t.served(f.Name) || t.rowArgument(f) != nil {
		return false
	}
	return f.Returns.Table == nil || t.servesTable(f.Returns.Table)
}

func (t *Types) resultType(f *schema.Function) *Type {
	out := &Type{Name: f.Returns.Field, Description: "result of " + f.Name.String(), Kind: ast.Object, Is: ResultType, Function: f}
	for _, c := range f.Returns.Out {
		out.Fields = append(out.Fields, &Field{
			Name: c.Field, Description: c.Comment, Type: nullUnless(c.NotNull, t.typeOf(c.Type)), Args: pathArg(c.Type), Is: ResultColumn, Column: c,
		})
	}
	return out
}

func (t *Types) argumentsType(f *schema.Function) *Type {
	out := &Type{Name: t.argsOn[f], Description: "arguments of " + f.Name.String(), Kind: ast.InputObject, Is: ArgumentsInput, Function: f}
	for i := t.firstArg(f); i < len(f.Args); i++ {
		a := &f.Args[i]
		key := &Field{Name: a.Field, Description: a.Comment, Type: t.typeOf(a.Type), Is: KeyColumn, Function: f, Argument: a}
		key.Default = t.literal(a)
		key.Type = nullUnless(a.NotNull && (!a.Optional || key.Default != nil), key.Type)
		out.Fields = append(out.Fields, key)
	}
	return out
}

// literal writes the value that a named query takes where none is given; nil where that is null, or a list.
func (t *Types) literal(a *schema.Arg) *ast.Value {
	if a.Default == nil || a.Type.Array {
		return nil
	}
	v := &ast.Value{Kind: ast.StringValue, Raw: *a.Default}
	switch a.Type.Underlying().Base {
	case schema.Int2, schema.Int4, schema.Int8:
		v.Kind = ast.IntValue
	case schema.Bool:
		v.Kind = ast.BooleanValue
	case schema.Float4, schema.Float8, schema.Numeric:
		if v.Kind = ast.FloatValue; strings.Trim(v.Raw, "0123456789.-") != "" {
			return nil // NaN
		}
	case schema.EnumBase:
		if spelled(a.Type.Enum) {
			v.Kind = ast.EnumValue
		}
	}
	return v
}

// argsOf is the argument args, which is needed where one of the function's is.
func (t *Types) argsOf(f *schema.Function) []*Field {
	args := f.Args[t.firstArg(f):]
	if len(args) == 0 {
		return nil
	}
	must := slices.ContainsFunc(args, func(a schema.Arg) bool { return !a.Optional && !a.Variadic })
	return []*Field{{
		Name: "args", Description: "input parameters for function " + f.Name.String(), Type: nullUnless(must, named(t.argsOn[f])),
		Is: ArgCall, Function: f,
	}}
}

// nameArgs gives the type of a function's arguments its name, Hasura's (Hasura/RQL/Types/SourceCustomization.hs,
// mkFunctionArgsTypeName): that of a computed field has its table in it.
func (t *Types) nameArgs(f *schema.Function) {
	name := f.Field
	if x := t.rowArgument(f); x != nil {
		name = f.ComputedField() + "_" + x.Type
	}
	name = t.free(name + "_args")
	t.args[name], t.argsOn[f] = f, name
}

// firstArg is the place of the first argument that a client gives: a function of the row takes the row before it.
func (t *Types) firstArg(f *schema.Function) int {
	if t.rowArgument(f) != nil {
		return 1
	}
	return 0
}

// rowArgument gives the table of which a function is a field; nil where it is none.
func (t *Types) rowArgument(f *schema.Function) *schema.Table {
	if f.Query != nil {
		return nil
	}
	return t.schema.RowArgument(f)
}

// takesMore says whether a function of the row has arguments besides it. Conditions and orders have no place for them.
func takesMore(f *schema.Function) bool { return f != nil && len(f.Args) > 1 }
