package schema_test

import (
	"testing"

	"github.com/pintail-dev/pintail/schema"
)

func TestRootNames(t *testing.T) {
	s := parse(t, `
type user @table @root(select: "users", insert_one: "addUser", update: "update_user") {
  id: Int! @id
}`)
	user := s.Tables[0]
	for kind, want := range map[schema.RootKind]string{
		schema.SelectRoot: "users", schema.SelectByPKRoot: "user_by_pk", schema.SelectAggregateRoot: "user_aggregate",
		schema.SelectGroupRoot: "user_group", schema.SelectStreamRoot: "user_stream", schema.InsertRoot: "insert_user",
		schema.InsertOneRoot: "addUser", schema.UpdateRoot: "update_user", schema.UpdateByPKRoot: "update_user_by_pk",
		schema.UpdateManyRoot: "update_user_many", schema.DeleteRoot: "delete_user", schema.DeleteByPKRoot: "delete_user_by_pk",
	} {
		if got := user.RootName(kind); got != want {
			t.Errorf("%s is %s, want %s", kind, got, want)
		}
		if kind.Writes() != (kind[0] != 's') {
			t.Errorf("%s writes: %v", kind, kind.Writes())
		}
	}
	if user.Roots.Update != "" {
		t.Errorf("a default is kept as a name: %q", user.Roots.Update)
	}
}

// Tables of a database that are called like what the API makes of others keep their own names.
func TestSpellMakesRoomForTablesNames(t *testing.T) {
	s := &schema.Schema{}
	for _, n := range []string{"user", "user_group", "user_by_pk", "insert_user", "user_aggregate"} {
		id := &schema.Column{Name: "id", Type: schema.Type{Base: schema.Int4, Name: "integer"}, NotNull: true}
		s.Tables = append(s.Tables, &schema.Table{Name: schema.Name{Name: n}, Columns: []*schema.Column{id}, Primary: &schema.Key{Columns: []*schema.Column{id}}, Strict: true})
	}
	f := &schema.Function{Name: schema.Name{Name: "taken"}, Field: "user_stream", Stable: true, Returns: schema.Returns{Void: true}}
	s.Functions = []*schema.Function{f}
	s.Link()
	got := parse(t, schema.Print(s))
	user, _ := got.TableNamed(schema.Name{Name: "user"})
	if want := (schema.Roots{SelectGroup: "user_group_2", SelectByPK: "user_by_pk_2", SelectStream: "user_stream_2"}); user.Roots != want {
		t.Errorf("got %+v, want %+v", user.Roots, want)
	}
	for i, want := range []string{"user", "user_group", "user_by_pk", "insert_user", "user_aggregate_2"} {
		if got := got.Tables[i]; got.Type != want || got.RootName(schema.SelectRoot) != want {
			t.Errorf("table %s became %s", got.Name, got.Type)
		}
	}
}

func TestEnumTableOfAColumn(t *testing.T) {
	s := parse(t, `
type color @table(enum: true) {
  value: String! @id
  comment: String
}
type shape @table @foreign(to: "color", columns: ["edge"]) @foreign(to: "paint", columns: ["fill", "coat"]) {
  id: Int! @id
  fill: String!
  coat: Int
  edge: String
}
type paint @table {
  color_value: String! @id
  coat: Int! @id
  color: color! @relation(columns: ["color_value"])
}`)
	want := map[string]bool{"edge": true, "color_value": true}
	color, _ := s.TableNamed(schema.Name{Name: "color"})
	if !color.Enum || !color.FitsEnum() {
		t.Error("color is no enum")
	}
	for _, table := range s.Tables {
		for _, c := range table.Columns {
			if got := c.EnumTable(); (got == color) != want[c.Name] || got != nil && got != color {
				t.Errorf("%s.%s is of the enum %v", table.Type, c.Name, got)
			}
		}
		if table != color && table.FitsEnum() {
			t.Errorf("%s fits as an enum", table.Type)
		}
	}
}
