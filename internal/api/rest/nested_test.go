package rest

import (
	"errors"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/api"
	"github.com/pintail-dev/pintail/query"
)

// family is a table of parents with many children, each child with one parent and children of its own.
func family(table query.Name, key string) (Related, bool) {
	switch key {
	case "children":
		return Related{To: query.Name{Name: "child"}, Many: true}, true
	case "parent":
		return Related{To: query.Name{Name: "parent"}}, table.Name == "child"
	}
	return Related{}, false
}

func TestNestedRows(t *testing.T) {
	for _, c := range []struct {
		target, body string
		want         string // of the dump, or of the fault
	}{
		{"/parent", `{"a":1,"children":[{"b":2},{"b":3}]}`, `
insert into parent
  set (a) from [{"a":1}]
  nested children of rows [0,0]
    set (b) from [{"b":2},{"b":3}]`},
		{"/parent", `[{"a":1,"children":null},{"a":2,"children":[]},{"a":3,"children":[{"b":4}]}]`, `
insert into parent
  set (a) from [{"a":1},{"a":2},{"a":3}]
  nested children of rows [2]
    set (b) from [{"b":4}]`},
		{"/child", `{"b":1,"parent":{"a":2}}`, `
insert into child
  set (b) from [{"b":1}]
  nested parent of rows [0]
    set (a) from [{"a":2}]`},
		{"/parent", `{"a":1,"children":[{"b":1,"children":[{"b":2}]},{"b":3}]}`, `
insert into parent
  set (a) from [{"a":1}]
  nested children of rows [0,0]
    set (b) from [{"b":1},{"b":3}]
    nested children of rows [0]
      set (b) from [{"b":2}]`},
		{"/parent?columns=a,children", `[{"a":1,"c":9,"children":[{"b":2}]},{"a":5}]`, `
insert into parent
  set (a) from [{"a":1,"c":9},{"a":5}]
  nested children of rows [0]
    set (b) from [{"b":2}]`},
		{"/parent?columns=a", `{"a":1,"children":[{"b":2}]}`, `
insert into parent
  set (a) from [{"a":1,"children":[{"b":2}]}]`},
		{"/parent", `{"a":1,"children":{"b":2}}`, "PGRST102 'children' is a relation: its value must be an array of objects"},
		{"/child", `{"b":1,"parent":[{"a":2}]}`, "PGRST102 'parent' is a relation: its value must be an object"},
		{"/parent", `{"a":1,"children":[1]}`, "PGRST102 'children' is a relation: its value must be an array of objects"},
		{"/parent", `{"a":1,"children":[{"b":2},{"c":3}]}`, "PGRST102 All object keys must match"},
	} {
		got := ""
		path, raw, _ := strings.Cut(c.target, "?")
		header := func(name string) string { return "" }
		ask, err := Parse(&api.Request{Method: "POST", Path: path, RawPath: path, RawQuery: raw, Header: header, Values: func(string) []string { return nil },
			Body: strings.NewReader(c.body), BodyLen: int64(len(c.body))}, Options{Related: family})
		var f *fault.Fault
		switch {
		case errors.As(err, &f):
			got = string(f.Code) + " " + f.Message
		case err != nil:
			t.Fatal(err)
		default:
			got = query.Dump(ask.Query)
		}
		if strings.TrimSpace(got) != strings.TrimSpace(c.want) {
			t.Errorf("%s %s\ngot\n%s\nwant\n%s", c.target, c.body, got, c.want)
		}
	}
}

// TestNestedRowsDepth tries the deepest body that is taken, and one deeper.
func TestNestedRowsDepth(t *testing.T) {
	for _, depth := range []int{5, 6} {
		body := strings.Repeat(`{"b":1,"children":[`, depth) + `{"b":1}` + strings.Repeat(`]}`, depth)
		_, err := Parse(&api.Request{Method: "POST", Path: "/child", RawPath: "/child", Header: func(string) string { return "" },
			Values: func(string) []string { return nil }, Body: strings.NewReader(body), BodyLen: int64(len(body))}, Options{Related: family})
		var f *fault.Fault
		if refused := errors.As(err, &f) && f.Code == fault.TooDeep; refused != (depth > 5) {
			t.Errorf("%d levels: %v", depth, err)
		}
	}
}
