package schema

import (
	"slices"
	"strconv"
	"strings"
)

// nameConstraints gives constraints and indexes that have no name the one that PostgreSQL would choose (ChooseConstraintName,
// ChooseIndexName): t_pkey, t_a_b_key, t_a_check, t_a_b_fkey, t_a_b_idx, with a number where that is taken.
func (s *Schema) nameConstraints() {
	taken := map[Name]bool{} // indexes and constraints of a PostgreSQL schema
	for _, t := range s.Tables {
		take := func(n string) { taken[Name{Schema: t.Name.Schema, Name: n}] = n != "" }
		take(t.Name.Name)
		t.eachConstraint(func(name *string, _ string) { take(*name) })
	}
	for _, t := range s.Tables {
		t.eachConstraint(func(name *string, want string) {
			if *name != "" {
				return
			}
			for i := 0; ; i++ {
				n := want
				if i > 0 {
					n = shorten(want, 63-len(strconv.Itoa(i))) + strconv.Itoa(i)
				}
				if key := (Name{Schema: t.Name.Schema, Name: n}); !taken[key] {
					taken[key], *name = true, n
					return
				}
			}
		})
		for _, r := range t.Relations {
			if r.Foreign != nil && r.Constraint != r.Foreign.Name {
				r.Constraint = r.Foreign.Name
			}
		}
	}
}

// eachConstraint visits the names of everything that has one, with the name that it has by default.
func (t *Table) eachConstraint(visit func(name *string, want string)) {
	if t.Primary != nil && t.View == nil {
		visit(&t.Primary.Name, t.primaryName())
	}
	if t.View == nil {
		for _, k := range t.Uniques {
			visit(&k.Name, t.uniqueName(k))
		}
	}
	for _, c := range t.Checks {
		visit(&c.Name, t.checkName(c))
	}
	for _, f := range t.Foreign {
		visit(&f.Name, t.foreignName(f))
	}
	for _, x := range t.Indexes {
		visit(&x.Name, t.indexName(x))
	}
}

func (t *Table) primaryName() string      { return objectName(t.Name.Name, "", "pkey") }
func (t *Table) uniqueName(k *Key) string { return objectName(t.Name.Name, joined(k.Columns), "key") }
func (t *Table) foreignName(f *ForeignKey) string {
	return objectName(t.Name.Name, joined(f.Columns), "fkey")
}

func (t *Table) indexName(x *Index) string {
	var columns []*Column
	for _, c := range x.Columns {
		columns = append(columns, c.Column)
	}
	return objectName(t.Name.Name, joined(append(columns, x.Include...)), "idx")
}

// checkName is PostgreSQL's for a check: with its column's name where it is about one.
func (t *Table) checkName(c *Check) string {
	if names := exprColumns(c.Where, nil); len(names) == 1 {
		return objectName(t.Name.Name, names[0], "check")
	}
	return objectName(t.Name.Name, "", "check")
}

func joined(columns []*Column) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	return strings.Join(names, "_")
}

// objectName is PostgreSQL's makeObjectName: the longer one of the two names is cut until all fits into 63 bytes.
func objectName(table, columns, label string) string {
	over := len(label) + 1
	if columns != "" {
		over++
	}
	for len(table)+len(columns) > 63-over {
		if len(table) > len(columns) {
			table = shorten(table, len(table)-1)
		} else {
			columns = shorten(columns, len(columns)-1)
		}
	}
	if columns != "" {
		table += "_" + columns
	}
	return table + "_" + label
}

// shorten cuts a text to n bytes at most, between characters.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n]
}

// generatedSuffixes are what the GraphQL API adds to a table's name for types of its own (Hasura's dialect).
var generatedSuffixes = []string{
	"_aggregate", "_aggregate_fields", "_bool_exp", "_order_by", "_select_column", "_update_column", "_constraint", "_insert_input",
	"_set_input", "_inc_input", "_append_input", "_prepend_input", "_delete_at_path_input", "_delete_elem_input", "_delete_key_input",
	"_pk_columns_input", "_on_conflict", "_obj_rel_insert_input", "_arr_rel_insert_input", "_mutation_response", "_updates",
	"_aggregate_order_by", "_aggregate_bool_exp", "_stream_cursor_input", "_stream_cursor_value_input", "_avg_fields", "_max_fields",
	"_min_fields", "_sum_fields", "_stddev_fields", "_stddev_pop_fields", "_stddev_samp_fields", "_var_pop_fields", "_var_samp_fields",
	"_variance_fields", "_comparison_exp", "_avg_order_by", "_max_order_by", "_min_order_by", "_sum_order_by", "_stddev_order_by",
	"_stddev_pop_order_by", "_stddev_samp_order_by", "_var_pop_order_by", "_var_samp_order_by", "_variance_order_by",
	"_aggregate_bool_exp_count", "_aggregate_bool_exp_bool_and", "_aggregate_bool_exp_bool_or", "_aggregate_bool_exp_avg",
	"_aggregate_bool_exp_max", "_aggregate_bool_exp_min", "_aggregate_bool_exp_stddev_samp", "_aggregate_bool_exp_sum",
	"_aggregate_bool_exp_var_samp",
}

// enumSuffixes are what it adds to an enum table's name.
var enumSuffixes = []string{"_enum", "_enum_comparison_exp"}

// generatedFrom gives the table from which the API makes the type name; empty where there is none.
func generatedFrom(name string, tables map[string]*Table) string {
	for _, suffix := range generatedSuffixes {
		if base, ok := strings.CutSuffix(name, suffix); ok && tables[base] != nil {
			return base
		}
	}
	for _, suffix := range enumSuffixes {
		if base, ok := strings.CutSuffix(name, suffix); ok && tables[base] != nil && tables[base].Enum {
			return base
		}
	}
	return ""
}

// makesTaken says whether the API would make a type of a taken name from a table called name.
func makesTaken(name string, taken map[string]bool) bool {
	return slices.ContainsFunc(generatedSuffixes, func(suffix string) bool { return taken[name+suffix] })
}

// foldClashes gives tables that SQLite, which folds case, would take for one.
func (s *Schema) foldClashes() [][2]*Table {
	seen := map[Name]*Table{}
	var out [][2]*Table
	for _, t := range s.Tables {
		n := s.qualify(t.Name)
		n.Name = strings.ToLower(n.Name)
		if first := seen[n]; first != nil && first.Name != t.Name {
			out = append(out, [2]*Table{first, t})
		}
		seen[n] = t
	}
	return out
}
