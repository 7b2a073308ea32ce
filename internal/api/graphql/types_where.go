package graphql

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// logic are the keys of every boolean expression.
func logic(name string) []*Field {
	return []*Field{
		{Name: "_and", Type: listOf(name), Is: KeyAnd},
		{Name: "_not", Type: named(name), Is: KeyNot},
		{Name: "_or", Type: listOf(name), Is: KeyOr},
	}
}

func (t *Types) boolExp(name string, x *schema.Table) *Type {
	out := &Type{
		Name: name, Kind: ast.InputObject, Is: BoolExp, Table: x, Fields: logic(name),
		Description: "Boolean expression to filter rows from the table " + quoted(x) + ". All fields are combined with a logical AND.",
	}
	taken := map[string]bool{}
	add := func(f *Field) {
		if !taken[f.Name] {
			out.Fields = append(out.Fields, f)
			taken[f.Name] = true
		}
	}
	for _, c := range x.Columns {
		add(&Field{Name: c.Field, Type: named(t.columnComparison(c)), Is: KeyColumn, Column: c})
	}
	for _, r := range x.Relations {
		if !t.reaches(r) || takesMore(r.Computed) {
			continue
		}
		add(&Field{Name: relationName(r), Type: named(r.To.Type + "_bool_exp"), Is: KeyRelation, Relation: r})
		if r.Many {
			add(&Field{Name: relationName(r) + "_aggregate", Type: named(r.To.Type + "_aggregate_bool_exp"), Is: KeySummary, Relation: r})
		}
	}
	for _, f := range t.computed[x] {
		if !takesMore(f) {
			add(&Field{Name: f.ComputedField(), Type: named(t.comparison(f.Returns.Type)), Is: KeyComputed, Function: f})
		}
	}
	return out
}

// predicates are the functions of t_aggregate_bool_exp, as Hasura lists them (Hasura/Backends/Postgres/Instances/Schema.hs,
// aggregationFunctions) but for those of two columns.
var predicates = []query.Aggregate{
	query.Avg, query.BoolAnd, query.BoolOr, query.Count, query.Max, query.Min, query.StddevSamp, query.Sum, query.VarSamp,
}

// predicated gives the columns whose aggregate a condition can be on: Hasura's are of the type that the result has too, boolean
// or double precision. Count has none of its own: it takes all columns, or none.
func predicated(x *schema.Table, a query.Aggregate) []*schema.Column {
	if a == query.Count {
		return nil
	}
	return slices.DeleteFunc(aggregated(x, a), func(c *schema.Column) bool {
		of := c.Type.Underlying()
		return of.Array || of.Base != schema.Bool && of.Base != schema.Float8
	})
}

// summaryBoolExp makes t_aggregate_bool_exp (Hasura/GraphQL/Schema/BoolExp/AggregationPredicates.hs).
func (t *Types) summaryBoolExp(name string, x *schema.Table) *Type {
	out := &Type{Name: name, Description: "conditions on aggregates of related rows of " + quoted(x), Kind: ast.InputObject, Is: SummaryBoolExp, Table: x}
	for _, a := range predicates {
		if a == query.Count || len(predicated(x, a)) > 0 {
			out.Fields = append(out.Fields, &Field{Name: string(a), Type: named(name + "_" + string(a)), Is: KeyAggregate, Aggregate: a, Table: x})
		}
	}
	return out
}

// summaryBoolExpOf makes t_aggregate_bool_exp_count and the like.
func (t *Types) summaryBoolExpOf(name string, x *schema.Table, a query.Aggregate) *Type {
	of, arguments := typeFloat8, required(named(x.Type+"_select_column_"+name+"_arguments_columns"))
	switch a {
	case query.Count:
		of, arguments = typeInt, listOf(x.Type+"_select_column")
	case query.BoolAnd, query.BoolOr:
		of = typeBoolean
	}
	return &Type{
		Name: name, Kind: ast.InputObject, Is: SummaryBoolExpOf, Table: x, Aggregate: a,
		Fields: []*Field{
			{Name: "arguments", Type: arguments, Is: KeyArguments, Aggregate: a, Table: x},
			{Name: "distinct", Type: named("Boolean"), Is: ArgDistinct},
			{Name: "filter", Type: named(x.Type + "_bool_exp"), Is: KeyFilter, Table: x},
			{Name: "predicate", Type: required(named(t.comparison(of))), Is: KeyPredicate, Aggregate: a},
		},
	}
}

// argumentColumns makes the enum of columns that a condition on an aggregate takes.
func argumentColumns(name string, x *schema.Table, a query.Aggregate) *Type {
	out := &Type{Name: name, Description: "columns of table " + quoted(x) + " that " + string(a) + " takes", Kind: ast.Enum, Is: SelectColumn, Table: x}
	for _, c := range predicated(x, a) {
		out.Values = append(out.Values, EnumValue{Name: c.Field, Description: "column name", Column: c})
	}
	return out
}

func (t *Types) orderBy(name string, x *schema.Table) *Type {
	out := &Type{Name: name, Description: "Ordering options when selecting data from " + quoted(x) + ".", Kind: ast.InputObject, Is: OrderBy, Table: x}
	taken := map[string]bool{}
	add := func(f *Field) {
		if !taken[f.Name] {
			out.Fields = append(out.Fields, f)
			taken[f.Name] = true
		}
	}
	for _, c := range x.Columns {
		add(&Field{Name: c.Field, Type: named("order_by"), Is: KeyColumn, Column: c})
	}
	for _, r := range x.Relations {
		switch {
		case !t.reaches(r), takesMore(r.Computed):
		case r.Many:
			add(&Field{Name: relationName(r) + "_aggregate", Type: named(r.To.Type + "_aggregate_order_by"), Is: KeySummary, Relation: r})
		default:
			add(&Field{Name: relationName(r), Type: named(r.To.Type + "_order_by"), Is: KeyRelation, Relation: r})
		}
	}
	for _, f := range t.computed[x] {
		if !takesMore(f) {
			add(&Field{Name: f.ComputedField(), Type: named("order_by"), Is: KeyComputed, Function: f})
		}
	}
	return out
}

// orderByEnum is order_by.
var orderByEnum = &Type{
	Name: "order_by", Description: "column ordering options", Kind: ast.Enum, Is: OrderByEnum,
	Values: []EnumValue{
		{Name: "asc", Description: "in ascending order, nulls last", Direction: query.Asc, Nulls: query.NullsLast},
		{Name: "asc_nulls_first", Description: "in ascending order, nulls first", Direction: query.Asc, Nulls: query.NullsFirst},
		{Name: "asc_nulls_last", Description: "in ascending order, nulls last", Direction: query.Asc, Nulls: query.NullsLast},
		{Name: "desc", Description: "in descending order, nulls first", Direction: query.Desc, Nulls: query.NullsFirst},
		{Name: "desc_nulls_first", Description: "in descending order, nulls first", Direction: query.Desc, Nulls: query.NullsFirst},
		{Name: "desc_nulls_last", Description: "in descending order, nulls last", Direction: query.Desc, Nulls: query.NullsLast},
	},
}

// ordersByAggregates are the keys count, sum, … of an order by.
func ordersByAggregates(x *schema.Table) []*Field {
	var out []*Field
	for _, a := range aggregateNames {
		if a == query.Max {
			out = append(out, &Field{Name: "count", Type: named("order_by"), Is: KeyAggregate, Aggregate: query.Count, Table: x})
		}
		if len(aggregated(x, a)) > 0 {
			out = append(out, &Field{Name: string(a), Type: named(x.Type + "_" + string(a) + "_order_by"), Is: KeyAggregate, Aggregate: a, Table: x})
		}
	}
	return out
}

func (t *Types) summaryOrderBy(name string, x *schema.Table) *Type {
	return &Type{
		Name: name, Description: "order by aggregate values of table " + quoted(x), Kind: ast.InputObject, Is: SummaryOrderBy, Table: x,
		Fields: ordersByAggregates(x),
	}
}

func (t *Types) summaryOrderByOf(name string, x *schema.Table, a query.Aggregate) *Type {
	out := &Type{
		Name: name, Description: "order by " + string(a) + "() on columns of table " + quoted(x), Kind: ast.InputObject,
		Is: SummaryOrderByOf, Table: x, Aggregate: a,
	}
	out.Fields = ordersByColumns(aggregated(x, a))
	return out
}

func ordersByColumns(columns []*schema.Column) []*Field {
	var out []*Field
	for _, c := range columns {
		out = append(out, &Field{Name: c.Field, Description: c.Comment, Type: named("order_by"), Is: KeyColumn, Column: c})
	}
	return out
}

// groupOrderBy makes t_group_order_by.
func (t *Types) groupOrderBy(name string, x *schema.Table) *Type {
	key := &Field{Name: "key", Description: "what is grouped by", Type: named(t.grouped[x] + "_key_order_by"), Is: KeyGroupKey, Table: x}
	return &Type{
		Name: name, Description: "Ordering options of groups of " + quoted(x) + ".", Kind: ast.InputObject, Is: GroupOrderBy, Table: x,
		Fields: append([]*Field{key}, ordersByAggregates(x)...),
	}
}

func (t *Types) groupKeyOrderBy(name string, x *schema.Table) *Type {
	return &Type{
		Name: name, Description: "order by columns that are grouped by", Kind: ast.InputObject, Is: GroupKeyOrderBy, Table: x,
		Fields: ordersByColumns(x.Columns),
	}
}

// having makes t_group_having.
func (t *Types) having(name string, x *schema.Table) *Type {
	out := &Type{
		Name: name, Kind: ast.InputObject, Is: HavingExp, Table: x, Fields: logic(name),
		Description: "Boolean expression to filter groups of " + quoted(x) + ". All fields are combined with a logical AND.",
	}
	out.Fields = append(out.Fields,
		&Field{Name: "key", Description: "what is grouped by", Type: named(name + "_key"), Is: KeyGroupKey, Table: x},
		&Field{Name: "count", Description: "the number of rows", Type: named(t.comparison(typeInt)), Is: KeyAggregate, Aggregate: query.Count, Table: x})
	for _, a := range havings {
		if len(aggregated(x, a)) > 0 {
			out.Fields = append(out.Fields, &Field{Name: string(a), Type: named(name + "_" + string(a)), Is: KeyAggregate, Aggregate: a, Table: x})
		}
	}
	return out
}

var havings = append([]query.Aggregate{query.BoolAnd, query.BoolOr}, aggregateNames...)

// havingOf makes t_group_having_sum and the like; without an aggregate, the conditions on what is grouped by.
func (t *Types) havingOf(name string, x *schema.Table, a query.Aggregate) *Type {
	out := &Type{Name: name, Kind: ast.InputObject, Is: HavingOf, Table: x, Aggregate: a}
	columns := x.Columns
	if a != "" {
		columns = aggregated(x, a)
	}
	for _, c := range columns {
		comparison := t.columnComparison(c)
		if of, ok := resultOf(a, c.Type); ok {
			comparison = t.comparison(of)
		}
		out.Fields = append(out.Fields, &Field{Name: c.Field, Type: named(comparison), Is: KeyColumn, Column: c, Aggregate: a})
	}
	return out
}

// resultOf gives the type of an aggregate's result where it isn't the column's own: PostgreSQL's (manual, 9.21).
func resultOf(a query.Aggregate, of schema.Type) (schema.Type, bool) {
	of = of.Underlying()
	floating := of.Base == schema.Float4 || of.Base == schema.Float8
	switch a {
	case "", query.Min, query.Max, query.BoolAnd, query.BoolOr:
		return of, false
	case query.Sum:
		switch of.Base {
		case schema.Int2, schema.Int4:
			return typeBigint, true
		case schema.Int8:
			return typeNumeric, true
		}
		return of, false
	}
	if floating {
		return typeFloat8, true
	}
	return typeNumeric, true
}
