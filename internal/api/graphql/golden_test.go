package graphql

import (
	"bytes"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/schema"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// strange is a schema with everything that names and types can be.
func strange(t testing.TB) *Types {
	s := parse(t, file(t, "testdata/strange.graphql"), schema.Source{
		Name: "queries/top.sql", Text: "-- top(most: Int! = 5, since: timestamptz, mood: mood!): [{id: bigint!, mood: mood}!]!\nSELECT 1 AS id, :mood AS mood WHERE :since IS NULL LIMIT :most",
	})
	return NewTypes(s, TypesOptions{EnumValues: func(x *schema.Table) []EnumValue {
		if x.Type == "shape" {
			return nil
		}
		return colors(x)
	}})
}

// The types of the demo, and of everything strange, as the schema language has them.
func TestGoldenTypes(t *testing.T) {
	for name, types := range map[string]*Types{"demo": NewTypes(demo(t), TypesOptions{}), "strange": strange(t)} {
		var got bytes.Buffer
		if err := types.WriteSDL(&got); err != nil {
			t.Fatal(err)
		}
		path := "testdata/" + name + ".types.graphql"
		if *update {
			if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want := file(t, path)
		if got.String() == want {
			continue
		}
		a, b := strings.Split(want, "\n"), strings.Split(got.String(), "\n")
		for i := range min(len(a), len(b)) {
			if a[i] != b[i] {
				t.Errorf("%s:%d: want %q, got %q; `go test ./internal/api/graphql -run Golden -update` if it is meant", path, i+1, a[i], b[i])
				break
			}
		}
		if len(a) != len(b) {
			t.Errorf("%s: %d lines, want %d", path, len(b), len(a))
		}
	}
}

func TestStrangeTypesAreWhole(t *testing.T) {
	types := strange(t)
	checkWhole(t, types)
	names := types.Names()
	for _, name := range []string{
		"color_enum", "color_enum_comparison_exp", "employee_group_2", "employee_group_2_having_bool_and", "employee_group_group", "stage_array_comparison_exp",
		"found", "search_args", "top_args", "top_result", "money_comparison_exp", "cents", "address", "employee_select_column_employee_aggregate_bool_exp_bool_or_arguments_columns",
	} {
		if !slices.Contains(names, name) {
			t.Errorf("there is no type %s", name)
		}
	}
	for _, name := range []string{"shape_enum", "ticket_insert_input", "ticket_set_input", "summary_insert_input", "summary_pk_columns_input", "employee_args", "editable_on_conflict", "ID"} {
		if slices.Contains(names, name) || name != "ticket_set_input" && name != "ticket_insert_input" && name != "summary_insert_input" && types.Type(name) != nil {
			t.Errorf("there is a type %s", name)
		}
	}
	for field, there := range map[string]bool{
		"staff": true, "employee": false, "hire": true, "insert_employee_one": false, "employee_aggregate": true, "employee_by_pk": true,
		"insert_summary": false, "delete_summary": false, "summary_by_pk": false, "insert_editable": true, "update_editable_by_pk": true,
		"insert_ticket": false, "update_ticket": false, "delete_ticket": true, "full_name": false, "search": true, "staff_of_aggregate": true,
		"chief_aggregate": false, "fire": true, "promote_aggregate": true, "top": true,
	} {
		if got := types.Type("query_root").Field(field) != nil || types.Type("mutation_root").Field(field) != nil; got != there {
			t.Errorf("the root field %s: %t, want %t", field, got, there)
		}
	}
}

// A table can't be called like a type that the API makes of another, or else that one gives way.
func TestMadeNamesAreTaken(t *testing.T) {
	one := `
type t @table {
  id: bigint! @id
  flag: Boolean
  doc: jsonb
  up_id: bigint
  up: t @relation(columns: ["up_id"])
  downs: [t!]! @inverse(of: "up")
}
`
	refused, aside := 0, 0
	for _, name := range NewTypes(parse(t, one), TypesOptions{}).Names() {
		if !strings.HasPrefix(name, "t_") || strings.HasSuffix(name, "_arguments_columns") {
			continue
		}
		s, _ := schema.Parse(schema.Source{Name: "schema.graphql", Text: one + "type " + name + ` @table(name: "other") @root(select: "x1", select_group: "x2", select_aggregate: "x3") { id: bigint! @id }`})
		if s == nil {
			refused++
			continue
		}
		aside++
		types := NewTypes(s, TypesOptions{})
		checkWhole(t, types)
		if types.Type(name).Is != RowType {
			t.Errorf("%s isn't the table's own type", name)
		}
		group := types.Type("query_root").Field("t_group").Type.Name()
		if of := types.Type(group); of.Is != GroupType || types.Type(of.Field("key").Type.Name()).Is != GroupKeyType || types.Type(group+"_having").Is != HavingExp {
			t.Errorf("beside %s, t_group is a list of %s", name, group)
		}
	}
	if refused < 40 || aside < 15 {
		t.Errorf("%d names were refused, %d got along", refused, aside)
	}
}
