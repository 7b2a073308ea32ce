package plan

import (
	"bytes"
	"os"
	"testing"

	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// A question is a named query; goldenQuestions holds what becomes of each against a file.
type question struct {
	name string
	ask  query.Query
}

func goldenQuestions(t *testing.T, file string, questions []question) {
	var out bytes.Buffer
	for _, q := range questions {
		p, err := resolve(t, q.ask)
		out.WriteString("# " + q.name + "\n")
		if err != nil {
			out.WriteString(told(t, err))
		} else {
			out.WriteString(Dump(p))
		}
		out.WriteByte('\n')
	}
	if *update {
		if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if out.String() != string(want) {
		t.Errorf("plans differ from %s; -update rewrites it. Now:\n%s", file, out.String())
	}
}

func named(name string) schema.Name { return schema.Name{Name: name} }

func filter(s string) query.Expr {
	e, _ := where(tokens(s))
	return e
}

func TestWrites(t *testing.T) {
	ten := int64(10)
	merge, ignore := func() *query.Conflict { return &query.Conflict{} }, func() *query.Conflict { return &query.Conflict{Ignore: true} }
	goldenQuestions(t, "testdata/write.txt", []question{
		{"insert", &query.Insert{Into: named("client"), Columns: []string{"name", "vip", "name"}, Rows: query.Text("[]")}},
		{"insert defaults, key and end", &query.Insert{Into: named("client"), Columns: []string{"name"}, Default: true,
			End: query.End{Keys: true, Single: true, Rollback: true, MaxAffected: &ten}}},
		{"insert nothing", &query.Insert{Into: named("client")}},
		{"insert into nowhere", &query.Insert{Into: named("nowhere")}},
		{"insert unknown column", &query.Insert{Into: named("client"), Columns: []string{"nope"}}},
		{"insert identity", &query.Insert{Into: named("counter"), Columns: []string{"id"}}},
		{"insert generated", &query.Insert{Into: named("counter"), Columns: []string{"twice"}}},
		{"insert into a view that takes none", &query.Insert{Into: named("project_view"), Columns: []string{"name"}}},
		{"insert returning", &query.Insert{Into: named("project"), Columns: []string{"name"},
			Returning: ask("id\nembed client\n  name")}},
		{"insert returning in an order", &query.Insert{Into: named("project"), Columns: []string{"name"},
			Returning: ask("id\norder name")}},
		{"insert returning unknown", &query.Insert{Into: named("project"), Columns: []string{"name"}, Returning: ask("nope")}},
		{"merge by primary key", &query.Insert{Into: named("client"), Columns: []string{"id", "name"}, Conflict: merge()}},
		{"ignore by primary key", &query.Insert{Into: named("client"), Columns: []string{"id", "name"}, Conflict: ignore()}},
		{"merge by columns", &query.Insert{Into: named("counter"), Columns: []string{"code"}, Conflict: &query.Conflict{Columns: []string{"code"}}}},
		{"merge by unknown column", &query.Insert{Into: named("counter"), Columns: []string{"code"}, Conflict: &query.Conflict{Columns: []string{"cod"}}}},
		{"merge by constraint", &query.Insert{Into: named("counter"), Columns: []string{"code"},
			Conflict: &query.Conflict{Constraint: "counter_code_key", Update: []string{}}}},
		{"merge by unknown constraint", &query.Insert{Into: named("counter"), Columns: []string{"code"}, Conflict: &query.Conflict{Constraint: "x"}}},
		{"merge without a key", &query.Insert{Into: named("log"), Columns: []string{"line"}, Conflict: merge()}},
		{"merge of nothing", &query.Insert{Into: named("client"), Conflict: merge()}},
		{"put", &query.Insert{Into: named("client"), Columns: []string{"id", "name"}, Put: filter("(id eq 1)")}},
		{"put composite", &query.Insert{Into: named("assignment"), Columns: []string{"task_id", "worker_id"},
			Put: filter("(and (worker_id eq 1) (task_id eq 2))")}},
		{"put of a row without its key", &query.Insert{Into: named("client"), Columns: []string{"name"}, Put: filter("(id eq 1)")}},
		{"put by half the key", &query.Insert{Into: named("assignment"), Put: filter("(worker_id eq 1)")}},
		{"put by another column", &query.Insert{Into: named("client"), Put: filter("(name eq x)")}},
		{"put by too much", &query.Insert{Into: named("client"), Put: filter("(and (id eq 1) (name eq x))")}},
		{"put by in", &query.Insert{Into: named("client"), Put: filter("(id in 1)")}},
		{"put by a tree", &query.Insert{Into: named("client"), Put: filter("(and (or (id eq 1)))")}},
		{"put without a key", &query.Insert{Into: named("log"), Put: filter("(line eq 1)")}},
		{"update", &query.Update{Table: named("client"), Columns: []string{"name"}, Where: filter("(id eq 1)")}},
		{"update everything returning", &query.Update{Table: named("project"), Columns: []string{"name"}, Returning: ask("*")}},
		{"update nothing", &query.Update{Table: named("client")}},
		{"update unknown column", &query.Update{Table: named("client"), Columns: []string{"nope"}}},
		{"update generated", &query.Update{Table: named("counter"), Columns: []string{"twice"}}},
		{"update by unknown column", &query.Update{Table: named("client"), Columns: []string{"name"}, Where: filter("(nope eq 1)")}},
		{"update a view that takes none", &query.Update{Table: named("project_view")}},
		{"delete", &query.Delete{From: named("counter"), Where: filter("(code eq x)"), Returning: ask("id"), End: query.End{Keys: true}}},
		{"delete everything", &query.Delete{From: named("log")}},
		{"delete by list", &query.Delete{From: named("client"), Where: filter("(id in 1,2)")}},
		{"delete from a view that takes none", &query.Delete{From: named("project_view")}},
	})
}

func TestCalls(t *testing.T) {
	ten := int64(10)
	body := func(s string) *query.Value { return &query.Value{Text: s} }
	arg := func(name, v string) query.Arg { return query.Arg{Name: name, Value: query.Text(v)} }
	at := func(place int, v string) query.Arg { return query.Arg{Place: place, Value: query.Text(v)} }
	computed := func(table, column string, args ...query.Arg) query.Query {
		return &query.Select{From: named(table), Items: []query.Item{&query.Output{Field: query.Field{Column: column}, Args: args}}}
	}
	related := func(target string, args ...query.Arg) query.Query {
		list := &query.Embed{Target: target, Args: args, Select: &query.Select{Summary: true, Items: []query.Item{
			&query.Output{Aggregate: query.Count}, &query.Nodes{Key: "nodes", Items: []query.Item{&query.Output{Field: query.Field{Column: "id"}}}},
		}}}
		return &query.Select{From: named("project"), Items: []query.Item{list}}
	}
	goldenQuestions(t, "testdata/call.txt", []question{
		{"by URL", &query.Call{Function: named("add"), Args: []query.Arg{arg("a", "1"), arg("b", "2")}, ReadOnly: true}},
		{"with a default", &query.Call{Function: named("add"), Args: []query.Arg{arg("a", "1")}, ReadOnly: true}},
		{"said twice", &query.Call{Function: named("add"), Args: []query.Arg{arg("a", "1"), arg("a", "2")}, ReadOnly: true}},
		{"by body", &query.Call{Function: named("add"), Body: body("{}"), BodyType: "application/json", Columns: []string{"b", "a"}}},
		{"without what is required", &query.Call{Function: named("add"), Args: []query.Arg{arg("b", "2")}, ReadOnly: true}},
		{"with too much, by body", &query.Call{Function: named("add"), Body: body("{}"), BodyType: "application/json", Columns: []string{"a", "c"}}},
		{"without parameters", &query.Call{Function: named("add"), ReadOnly: true}},
		{"unknown", &query.Call{Function: named("projects_off"), ReadOnly: true}},
		{"unknown, nothing like it", &query.Call{Function: named("zzz"), ReadOnly: true}},
		{"in an unknown schema", &query.Call{Function: schema.Name{Schema: "private", Name: "add"}, ReadOnly: true}},
		{"ambiguous", &query.Call{Function: named("over"), Args: []query.Arg{arg("a", "1")}, ReadOnly: true}},
		{"raw JSON", &query.Call{Function: named("raw"), Body: body("{}"), BodyType: "application/json", Columns: []string{"x"}}},
		{"raw text where JSON is wanted", &query.Call{Function: named("raw"), Body: body("x"), BodyType: "text/plain"}},
		{"variadic", &query.Call{Function: named("sum_all"), Args: []query.Arg{arg("v", "1"), arg("v", "2")}, ReadOnly: true}},
		{"by place", &query.Call{Function: named("placed"), Args: []query.Arg{arg("b", "1"), arg("a", "2"), at(2, "3")}, ReadOnly: true}},
		{"a gap before a place", &query.Call{Function: named("placed"), Args: []query.Arg{arg("a", "1"), at(3, "2")}, ReadOnly: true}},
		{"a place that isn't there", &query.Call{Function: named("placed"), Args: []query.Arg{arg("a", "1"), at(5, "2")}, ReadOnly: true}},
		{"no name is no name", &query.Call{Function: named("placed"), Args: []query.Arg{arg("a", "1"), arg("", "2")}, ReadOnly: true}},
		{"rows of a table", &query.Call{Function: named("projects_of"), Args: []query.Arg{arg("client", "1")}, ReadOnly: true,
			Result: ask("id\nembed client\n  name\nwhere (budget gt 3)\norder name\nlimit 2")}},
		{"rows of a table, unknown column", &query.Call{Function: named("projects_of"), Args: []query.Arg{arg("client", "1")}, ReadOnly: true,
			Result: ask("nope")}},
		{"rows of columns", &query.Call{Function: named("stats"), Result: ask("*\nwhere (n gt 1)")}},
		{"rows of columns, one", &query.Call{Function: named("stats"), Result: ask("label\norder n desc")}},
		{"rows of columns relate to nothing", &query.Call{Function: named("stats"), Result: ask("label\nembed client\n  id")}},
		{"void", &query.Call{Function: named("wipe")}},
		{"at most so many of one", &query.Call{Function: named("wipe"), End: query.End{MaxAffected: &ten}}},
		{"a function of the row", computed("client", "greeting", arg("mark", "!"), arg("word", "Hi"))},
		{"a function of the row without what it needs", computed("client", "greeting", arg("mark", "!"))},
		{"a column takes nothing", computed("client", "name", arg("word", "Hi"))},
		{"a relation that is a function", related("tasks_like", at(2, "x"), at(3, "7"))},
		{"a relation that is a function, without what it needs", related("tasks_like")},
		{"a relation that is a function, by the row's place", related("tasks_like", at(1, "x"))},
		{"a relation takes nothing", related("task", at(2, "x"))},
		{"aggregate", &query.Call{Function: named("projects_of"), Args: []query.Arg{arg("client", "1")}, ReadOnly: true, Result: ask("id.max()")}},
	})
}
