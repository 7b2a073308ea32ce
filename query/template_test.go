package query_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/query"
)

// everyNode are queries in which each kind of node stands at least once.
func everyNode() []query.Query {
	path := query.Field{Column: "doc", Path: []query.Step{{Key: "a"}, {Key: "0", Index: true}, {Key: "b", Text: true, Quoted: true}}}
	three := int64(3)
	rows := &query.Select{
		From: query.Name{Schema: "public", Name: "order"},
		Items: []query.Item{
			&query.Output{Star: true}, &query.Output{Field: path}, &query.Output{Field: path, Cast: "text", Alias: "x"},
			&query.Output{Aggregate: query.Count, Distinct: true, Field: query.Field{Column: "a"}, More: []query.Field{path}, AggregateCast: "text"},
			&query.Output{Field: query.Field{Column: "greet"}, Args: []query.Arg{{Name: "greeting", Value: query.Text("secret-8")}}},
			&query.Embed{Target: "found", Args: []query.Arg{{Place: 2, Value: query.Text("secret-9")}}, Select: &query.Select{}},
			&query.Embed{Target: "item", Hint: "h", Alias: "i", Join: query.JoinInner, Spread: true, Select: &query.Select{Page: query.Page{Limit: query.Int(7)}}},
			&query.Nest{Key: "n", Items: []query.Item{&query.Literal{Key: "__typename", Text: "order"}}},
			&query.Nodes{Key: "nodes"},
		},
		Where: &query.And{Of: []query.Expr{
			&query.Or{}, &query.Not{Of: query.Const(true)}, &query.Embedded{Name: "i", Null: true},
			&query.Exists{Relation: "items", Hint: "h", Where: &query.Compare{Field: path, Op: query.In, Value: query.List([]string{"secret-1", "secret-2"})}},
			&query.Exists{Table: query.Name{Name: "t"}},
			&query.Compare{Field: path, Op: query.Is, Value: query.Text("null")},
			&query.Compare{Field: path, Op: query.Eq, Any: query.All, AsText: true, Value: query.Text("secret-3")},
			&query.Compare{Field: path, Op: query.Eq, Other: "b"},
			&query.Compare{Field: path, Op: query.FTS, Lang: "english", Value: query.Value{Claim: "x<y", IsList: true, Null: true}},
			&query.Measure{Relation: "items", Aggregate: query.Sum, Fields: []query.Field{path}, Distinct: true, Op: query.Gt, Value: query.Value{Null: true}},
		}},
		Distinct: []query.Field{path}, Group: []query.Field{path}, Having: &query.Measure{Aggregate: query.Count, Op: query.Is, Value: query.Text("null")},
		Order: []query.Order{
			{Relation: "i", Field: path, Direction: query.Desc, Nulls: query.NullsFirst},
			{Via: []query.Hop{{Relation: "a", Hint: "b"}}, Aggregate: query.Max, Field: path},
		},
		Page: query.Page{Limit: query.Int(10), Offset: query.Int(20)}, Count: query.ExactCount,
		Form: query.Form{StripNulls: true, CSV: true, GeoJSON: true, Omit: true}, Summary: true,
	}
	insert := &query.Insert{
		Into: query.Name{Name: "order"}, Columns: []string{"a", "b"}, Rows: query.Text(`[{"a":"secret-4"}]`), Default: true,
		Conflict: &query.Conflict{Columns: []string{"a"}, Constraint: "k", Update: []string{}, Where: query.Const(false)}, Put: query.Const(true),
		Nested:    []query.Nested{{Relation: "items", Hint: "h", Insert: &query.Insert{Conflict: &query.Conflict{Ignore: true}}, Parents: query.Text("[0]")}},
		Returning: rows, End: query.End{Rollback: true, Single: true, Keys: true, MaxAffected: &three},
	}
	update := &query.Update{Table: query.Name{Name: "order"}, Columns: []string{"a"}, Row: query.Text("{}"), Default: true,
		Alter: []query.Alter{{Column: "n", How: query.Increment, Value: query.Text("1")}, {Column: "d", How: query.DeleteAtPath, Value: query.List([]string{"secret-5"})}},
		Where: &query.And{}, Returning: &query.Select{}}
	remove := &query.Delete{From: query.Name{Name: "order"}, Where: query.Const(true)}
	body := query.Text("secret-6")
	call := &query.Call{Function: query.Name{Name: "f"}, Args: []query.Arg{{Name: "a", Value: query.Text("secret-7")}, {Place: 2}}, Body: &body, BodyType: "text/plain", Array: true,
		ReadOnly: true, Columns: []string{}, Result: &query.Select{Form: query.Form{Media: "text/html"}}}
	return []query.Query{rows, insert, update, remove, call, &query.Call{}, &query.Sequence{}, &query.Sequence{Of: []query.Query{rows, insert}, Rollback: true}}
}

func TestDecodedTemplateHasTheShapeOfItsQuery(t *testing.T) {
	for _, q := range everyNode() {
		text, err := query.Encode(q)
		if err != nil {
			t.Fatalf("%v\n%s", err, query.Dump(q))
		}
		if bytes.Contains(text, []byte("secret")) {
			t.Errorf("a value is left in %s", text)
		}
		again, err := query.Decode(text)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		want, args := query.Parameterize(q, nil)
		got, empty := query.Parameterize(again, nil)
		if !bytes.Equal(got, want) || len(empty) != len(args) {
			t.Errorf("another shape came back:\n%s\n%s", query.Dump(q), query.Dump(again))
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	deep := strings.Repeat(`{"not":`, query.TemplateDepthMax+1) + `{"const":true}` + strings.Repeat("}", query.TemplateDepthMax+1)
	for text, want := range map[string]string{
		``:                                    "EOF",
		`{}`:                                  "of 0 kinds",
		`null`:                                "of 0 kinds",
		`[]`:                                  "array isn't expected",
		`{"select":{},"x":1}`:                 "unknown field",
		`{"select":{}}{}`:                     "something follows",
		`{"Select":{}}`:                       "as Pintail writes it",
		`{"select":{},"select":{"csv":true}}`: "as Pintail writes it",
		`{"select":{"csv":false}}`:            "as Pintail writes it",
		`{"select":{"where":null}}`:           "as Pintail writes it",
		`{"select":{},"delete":{"from":{"name":"t"}}}`:                                            "of 2 kinds",
		`{"select":{"where":{}}}`:                                                                 "of 0 kinds",
		`{"select":{"items":[{}]}}`:                                                               "of 0 kinds",
		`{"select":{"limit":"10"}}`:                                                               "isn't expected",
		`{"select":{"count":"roughly"}}`:                                                          "no mode of counting",
		`{"sequence":{"of":[{"sequence":{"of":[]}}]}}`:                                            "in a sequence",
		`{"select":{"where":{"compare":{"field":{"column":"a"},"op":"; drop"}}}}`:                 "no value",
		`{"select":{"where":{"compare":{"field":{"column":"a"},"op":"; drop","value":"?"}}}}`:     "no operator",
		`{"select":{"where":{"compare":{"field":{"column":"a"},"op":"eq"}}}}`:                     "no value",
		`{"select":{"where":{"compare":{"field":{"column":"a"},"op":"is","is":"","value":"?"}}}}`: "as Pintail writes it",
		`{"select":{"where":` + deep + `}}`:                                                       "deep",
		`{"select":{"from":{"name":"` + strings.Repeat("x", query.TemplateBytesMax) + `"}}}`:      "bytes, more than",
	} {
		if _, err := query.Decode([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80s: %v, want %q", text, err, want)
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	var deep query.Expr = query.Const(true)
	for range query.TemplateDepthMax - 1 { // the query and the constant are a level each
		deep = &query.Not{Of: deep}
	}
	for want, q := range map[string]query.Query{
		"no query":           nil,
		"deep":               &query.Select{Where: deep},
		"UTF-8":              &query.Select{From: query.Name{Name: "\xff"}},
		"bytes, more than":   &query.Select{From: query.Name{Name: strings.Repeat("x", query.TemplateBytesMax)}},
		`"median" is no`:     &query.Select{Items: []query.Item{&query.Output{Aggregate: "median"}}},
		"expression in it":   &query.Select{Where: &query.Not{}},
		`"sideways" is no d`: &query.Select{Order: []query.Order{{Direction: "sideways"}}},
	} {
		if text, err := query.Encode(q); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s, %v, want %q", text, err, want)
		}
	}
	if _, err := query.Encode(&query.Select{Where: deep.(*query.Not).Of}); err != nil {
		t.Errorf("at the limit of depth: %v", err)
	}
}

// FuzzDecode holds what comes from elsewhere against what is promised: no panic, and what is taken comes back letter for letter.
func FuzzDecode(f *testing.F) {
	for _, q := range everyNode() {
		text, err := query.Encode(q)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"select":{"where":{"and":[{"or":[]},{"const":false}]}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		q, err := query.Decode(text)
		if err != nil {
			return
		}
		again, err := query.Encode(q)
		var plain bytes.Buffer
		if err != nil || json.Compact(&plain, text) != nil || !bytes.Equal(again, plain.Bytes()) {
			t.Fatalf("%v\n%s\n%s", err, text, again)
		}
		shape, _ := query.Parameterize(q, nil)
		twice, err := query.Decode(again)
		if err != nil {
			t.Fatal(err)
		}
		if other, _ := query.Parameterize(twice, nil); !bytes.Equal(shape, other) {
			t.Fatalf("two shapes of %s", text)
		}
	})
}
