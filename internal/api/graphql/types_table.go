package graphql

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// fromTable makes one of the types that a table has besides its rows', by the suffix of its name. The schema file has no
// table whose name is another's with such a suffix.
func (t *Types) fromTable(name string) *Type {
	for _, m := range fromTables {
		if base, ok := strings.CutSuffix(name, m.suffix); ok {
			if x := t.tables[base]; x != nil {
				return m.make(t, name, x)
			}
		}
	}
	if x, a := t.ofAggregate(name, "_fields", aggregateNames); x != nil && len(aggregated(x, a)) > 0 {
		return t.aggregateOf(name, x, a)
	}
	if x, a := t.ofAggregate(name, "_order_by", aggregateNames); x != nil && len(aggregated(x, a)) > 0 {
		return t.summaryOrderByOf(name, x, a)
	}
	if strings.Contains(name, "_aggregate_bool_exp_") {
		return t.fromSummaryBoolExp(name)
	}
	if strings.HasSuffix(name, "_input") {
		for i := range alterations {
			a := &alterations[i]
			if base, ok := strings.CutSuffix(name[:len(name)-len("_input")], a.name); ok && t.tables[base] != nil {
				return t.alterInput(name, t.tables[base], a)
			}
		}
	}
	return t.fromGroup(name)
}

// ofAggregate finds the table and the aggregate in a name: t, _sum, and a suffix behind it.
func (t *Types) ofAggregate(name, suffix string, of []query.Aggregate) (*schema.Table, query.Aggregate) {
	rest, ok := strings.CutSuffix(name, suffix)
	if !ok {
		return nil, ""
	}
	for _, a := range of {
		if base, ok := strings.CutSuffix(rest, string(a)); ok && strings.HasSuffix(base, "_") {
			if x := t.tables[base[:len(base)-1]]; x != nil {
				return x, a
			}
		}
	}
	return nil, ""
}

// fromSummaryBoolExp makes what is below t_aggregate_bool_exp.
func (t *Types) fromSummaryBoolExp(name string) *Type {
	for _, a := range predicates {
		middle := "_aggregate_bool_exp_" + string(a)
		if base, ok := strings.CutSuffix(name, middle); ok {
			if x := t.tables[base]; x != nil && (a == query.Count || len(predicated(x, a)) > 0) {
				return t.summaryBoolExpOf(name, x, a)
			}
		}
		if rest, ok := strings.CutSuffix(name, middle+"_arguments_columns"); ok {
			base, again, ok := strings.Cut(rest, "_select_column_")
			if x := t.tables[base]; ok && base == again && x != nil && len(predicated(x, a)) > 0 {
				return argumentColumns(name, x, a)
			}
		}
	}
	return nil
}

// A maker makes a type of a table.
type maker struct {
	suffix string
	make   func(t *Types, name string, x *schema.Table) *Type
}

var fromTables = []maker{
	{"_aggregate", (*Types).summary},
	{"_aggregate_fields", (*Types).aggregateFields},
	{"_bool_exp", (*Types).boolExp},
	{"_aggregate_bool_exp", (*Types).summaryBoolExp},
	{"_order_by", (*Types).orderBy},
	{"_aggregate_order_by", (*Types).summaryOrderBy},
	{"_select_column", (*Types).selectColumn},
	{"_update_column", (*Types).updateColumn},
	{"_constraint", (*Types).constraints},
	{"_insert_input", (*Types).insertInput},
	{"_set_input", (*Types).setInput},
	{"_pk_columns_input", (*Types).keyInput},
	{"_on_conflict", (*Types).onConflict},
	{"_mutation_response", (*Types).mutationResponse},
	{"_updates", (*Types).updates},
	{"_obj_rel_insert_input", func(t *Types, name string, x *schema.Table) *Type { return t.nested(name, x, false) }},
	{"_arr_rel_insert_input", func(t *Types, name string, x *schema.Table) *Type { return t.nested(name, x, true) }},
	{"_enum", (*Types).tableEnum},
	{"_enum_comparison_exp", (*Types).enumComparison},
}

var fromGroups = []maker{
	{"", (*Types).group},
	{"_key", (*Types).groupKey},
	{"_order_by", (*Types).groupOrderBy},
	{"_key_order_by", (*Types).groupKeyOrderBy},
	{"_having", (*Types).having},
	{"_having_key", func(t *Types, name string, x *schema.Table) *Type { return t.havingOf(name, x, "") }},
}

// fromGroup makes one of the types of a table's groups.
func (t *Types) fromGroup(name string) *Type {
	for _, m := range fromGroups {
		if base, ok := strings.CutSuffix(name, m.suffix); ok && t.groups[base] != nil {
			return m.make(t, name, t.groups[base])
		}
	}
	for _, a := range havings {
		if base, ok := strings.CutSuffix(name, string(a)); ok {
			if base, ok = strings.CutSuffix(base, "_having_"); ok && t.groups[base] != nil && len(aggregated(t.groups[base], a)) > 0 {
				return t.havingOf(name, t.groups[base], a)
			}
		}
	}
	return nil
}

// groupSuffix says whether a table's group types have this behind the name of t_group.
func groupSuffix(s string) bool {
	switch s {
	case "", "_key", "_order_by", "_key_order_by", "_having", "_having_key":
		return true
	}
	of, ok := strings.CutPrefix(s, "_having_")
	return ok && slices.Contains(havings, query.Aggregate(of))
}

// tableEnum makes the enum of an enum table's rows.
func (t *Types) tableEnum(name string, x *schema.Table) *Type {
	values := t.enumValues(x)
	if len(values) == 0 {
		return nil
	}
	return &Type{Name: name, Description: x.Comment, Kind: ast.Enum, Is: TableEnum, Table: x, Of: x.Primary.Columns[0].Type, Values: values}
}

func (t *Types) enumComparison(name string, x *schema.Table) *Type {
	if len(t.enumValues(x)) == 0 {
		return nil
	}
	return &Type{
		Name: name, Kind: ast.InputObject, Is: Comparison, Table: x, Of: x.Primary.Columns[0].Type, Fields: equality(named(x.Type + "_enum")),
		Description: "Boolean expression to compare columns of type " + x.Type + "_enum. All fields are combined with logical AND.",
	}
}
