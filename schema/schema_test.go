package schema_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

func TestLoad(t *testing.T) {
	write := func(path, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	one := t.TempDir()
	write(one+"/schema.graphql", "type t @table {\n  id: Int! @id\n}\n")
	write(one+"/queries/n.sql", "-- n: bigint!\nSELECT count(*) FROM t\n")
	s, err := schema.Load(one + "/schema.graphql")
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Tables) != 1 || len(s.FunctionsNamed(schema.Name{Name: "n"})) != 1 {
		t.Errorf("%d tables, %d functions", len(s.Tables), len(s.Functions))
	}
	many := t.TempDir()
	write(many+"/schema/a.graphql", "type t @table {\n  id: Int! @id\n  u: u @relation(columns: [\"id\"])\n}\n")
	write(many+"/schema/b.graphql", "type u @table {\n  id: Int! @id\n}\n")
	write(many+"/queries/n.sql", "-- n: bigint!\nSELECT count(*) FROM t\n")
	s, err = schema.Load(many + "/schema")
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Tables) != 2 || len(s.Functions) != 1 {
		t.Errorf("%d tables, %d functions", len(s.Tables), len(s.Functions))
	}
	if _, err := schema.Load(many + "/nothing"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if _, err := schema.Load(t.TempDir()); err == nil || !strings.Contains(err.Error(), "no *.graphql") {
		t.Errorf("got %v", err)
	}
	write(many+"/schema/b.graphql", "type u @tabel {\n  id: Int! @id\n}\n")
	_, err = schema.Load(many + "/schema")
	var mistakes schema.Mistakes
	if !errors.As(err, &mistakes) || !strings.Contains(err.Error(), "b.graphql:1:9: there is no directive @tabel") {
		t.Errorf("got %v", err)
	}
}

func TestVersionChangesWithTheMeaning(t *testing.T) {
	a := parse(t, "type t @table {\n  id: Int! @id\n  a: Int\n}")
	same := parse(t, "# a remark\ntype t @table(strict: true) { id: Int! @id a: Int }")
	other := parse(t, "type t @table {\n  id: Int! @id\n  a: bigint\n}")
	if a.Version == "" || a.Version != same.Version || a.Version == other.Version {
		t.Errorf("%q %q %q", a.Version, same.Version, other.Version)
	}
	q := func(sql string) string {
		s, _ := schema.Parse(schema.Source{Name: "f.sql", Text: "-- f: Int\n" + sql})
		return s.Version
	}
	if q("SELECT 1") == q("SELECT 2") {
		t.Error("a named query's SQL doesn't change the version")
	}
}

func TestPolicies(t *testing.T) {
	s := parse(t, `
type a @table
  @allow(role: "user", to: [SELECT, UPDATE], where: {b: {owner: {_eq: "X-Hasura-User-Id"}, n: {_gt: 5}}}, columns: ["id"], limit: 10, aggregate: true)
  @allow(role: "user", to: [INSERT], check: {id: {_cgt: "b_id"}}, set: {b_id: "x-hasura-b", id: 7})
{
  id: Int! @id
  b_id: Int
  b: b @relation(columns: ["b_id"])
}
type b @table {
  id: Int! @id
  owner: String
  n: Int
}`)
	if !s.HasPolicies() {
		t.Error("HasPolicies is false")
	}
	a, _ := s.TableNamed(schema.Name{Name: "a"})
	if len(a.Policies) != 2 {
		t.Fatalf("%d policies", len(a.Policies))
	}
	read, add := a.Policies[0], a.Policies[1]
	e, ok := read.Where.(*query.Exists)
	if !ok || e.Relation != "b" {
		t.Fatalf("%#v", read.Where)
	}
	if c := e.Where.(*query.And).Of[0].(*query.Compare); c.Value.Claim != "x-hasura-user-id" || c.Field.Column != "owner" {
		t.Errorf("%+v", c)
	}
	if len(read.Columns) != 1 || *read.Limit != 10 || !read.Aggregate || read.Role != "user" || len(read.To) != 2 {
		t.Errorf("%+v", read)
	}
	if c := add.Check.(*query.Compare); c.Other != "b_id" || c.Op != query.Gt {
		t.Errorf("%+v", c)
	}
	if len(add.Set) != 2 || add.Set[0].Value.Claim != "x-hasura-b" || add.Set[1].Value.Text != "7" {
		t.Errorf("%+v", add.Set)
	}
	again := parse(t, schema.Print(s))
	if dump(again) != dump(s) {
		t.Error(firstDifference(dump(s), dump(again)))
	}
	if parse(t, "type a @table").HasPolicies() {
		t.Error("HasPolicies is true")
	}
}

func TestExpressible(t *testing.T) {
	s := parse(t, "type t @table {\n  id: Int! @id\n  name: String\n  data: json\n}")
	table := s.Tables[0]
	field := func(c string) query.Field { return query.Field{Column: c} }
	for i, c := range []struct {
		e    query.Expr
		want bool
	}{
		{&query.Compare{Field: field("id"), Op: query.Gt, Value: query.Text("5")}, true},
		{&query.Compare{Field: field("id"), Op: query.Gt, Value: query.Text("five")}, false},
		{&query.Compare{Field: field("id"), Op: query.Like, Value: query.Text("5")}, false},
		{&query.Compare{Field: field("name"), Op: query.Like, Value: query.Text("5")}, true},
		{&query.Compare{Field: field("name"), Op: query.Like, Any: query.Any, Value: query.List([]string{"5"})}, false},
		{&query.Compare{Field: field("name"), Op: query.FTS, Value: query.Text("5")}, false},
		{&query.Compare{Field: field("data"), Op: query.Eq, Value: query.Text("{}")}, false},
		{&query.Compare{Field: field("data"), Op: query.Is, Value: query.Text("null")}, true},
		{&query.Compare{Field: field("nobody"), Op: query.Is, Value: query.Text("null")}, false},
		{&query.Compare{Field: query.Field{Column: "data", Path: []query.Step{{Key: "a"}}}, Op: query.Is, Value: query.Text("null")}, false},
		{&query.Compare{Field: field("id"), Op: query.In, Value: query.List([]string{"1", "2"})}, true},
		{&query.Compare{Field: field("id"), Op: query.In, Value: query.List([]string{"1", "x"})}, false},
		{&query.Not{Of: &query.Or{Of: []query.Expr{query.Const(true), &query.Compare{Field: field("id"), Op: query.Eq, Other: "id"}}}}, true},
		{&query.Embedded{Name: "x"}, false},
	} {
		if got := schema.Expressible(table, c.e); got != c.want {
			t.Errorf("case %d: %t", i, got)
		}
	}
}

// A parsed schema is shared: printing it changes nothing in it. The race detector would see it.
func TestPrintChangesNothing(t *testing.T) {
	text, err := os.ReadFile("testdata/files/everything.graphql")
	if err != nil {
		t.Fatal(err)
	}
	s := parse(t, string(text))
	done := make(chan string)
	for range 4 {
		go func() { done <- schema.Print(s) }()
	}
	for range 3 {
		<-done
	}
	if <-done == "" {
		t.Error("nothing was printed")
	}
}
