package rest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/fault"
)

// Each limit holds at its value, and refuses one past it.
func TestLimits(t *testing.T) {
	embeds := func(n int) string {
		return "select=" + strings.Repeat("a(", n) + "x" + strings.Repeat(")", n)
	}
	filters := func(n int) string { // each parameter is one node
		return "or=(" + strings.TrimSuffix(strings.Repeat("a.eq.1,", n-1), ",") + ")" // and or is one
	}
	negated := func(n int) string { return "or=(" + strings.TrimSuffix(strings.Repeat("a.not.eq.1,", n), ",") + ")" }
	nested := func(n int) string { return "or=" + strings.Repeat("(and", n-2) + "(a.eq.1)" + strings.Repeat(")", n-2) }
	values := func(n int) string { return "a=in.(" + strings.TrimSuffix(strings.Repeat("1,", n), ",") + ")" }
	any := func(n int) string { return "a=eq(any).{" + strings.TrimSuffix(strings.Repeat("1,", n), ",") + "}" }
	params := func(n int) string { return strings.TrimSuffix(strings.Repeat("offset=1&", n), "&") }
	deepJSON := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	deepRow := func(n int) string {
		return strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n)
	}
	form := func(n int) string { return strings.TrimSuffix(strings.Repeat("a=1&", n), "&") }
	for _, c := range []struct {
		name  string
		max   int
		query func(int) string
		body  func(int) string
		kind  string
		code  fault.Code
	}{
		{name: "embeds", max: 5, query: embeds, code: fault.TooDeep},
		{name: "filter nodes", max: 200, query: filters, code: fault.TooMany},
		{name: "negations are nodes", max: 99, query: func(n int) string { return negated(n) + "&b=eq.1" }, code: fault.TooMany},
		{name: "nested filters", max: 200, query: nested, code: fault.TooMany},
		{name: "select", max: 1000, query: func(n int) string { return "select=" + strings.Repeat("a,", n-3) + "b(c,d)" }, code: fault.TooMany},
		{name: "order", max: 500, query: func(n int) string { return "order=a" + strings.Repeat(",b.desc", n-1) }, code: fault.TooMany},
		{name: "path of a column", max: 64, query: func(n int) string { return "select=a" + strings.Repeat("->1", n) }, code: fault.TooDeep},
		{name: "path of a filter", max: 64, query: func(n int) string { return "a" + strings.Repeat("->b", n) + "=eq.1" }, code: fault.TooDeep},
		{name: "path of an order", max: 64, query: func(n int) string { return "order=a" + strings.Repeat("->b", n) }, code: fault.TooDeep},
		{name: "path in a tree", max: 64, query: func(n int) string { return "or=(a" + strings.Repeat("->b", n) + ".eq.1,b.eq.1)" }, code: fault.TooDeep},
		{name: "in", max: 1000, query: values, code: fault.TooMany},
		{name: "any", max: 1000, query: any, code: fault.TooMany},
		{name: "parameters", max: 256, query: params, code: fault.TooMany},
		{name: "JSON arrays", max: 64, body: func(n int) string { return `[{"a":` + deepJSON(n-2) + `}]` }, code: fault.TooDeep},
		{name: "JSON objects", max: 64, body: deepRow, code: fault.TooDeep},
		{name: "form fields", max: 256, body: form, kind: "application/x-www-form-urlencoded", code: fault.TooMany},
	} {
		t.Run(c.name, func(t *testing.T) {
			try := func(n int) error {
				raw, body, method := "", "", "GET"
				if c.query != nil {
					raw = c.query(n)
				}
				if c.body != nil {
					body, method = c.body(n), "POST"
				}
				headers := map[string][]string{}
				if c.kind != "" {
					headers["Content-Type"] = []string{c.kind}
				}
				_, err := Parse(request(method, "/t", "", raw, headers, body), Options{})
				return err
			}
			if err := try(c.max); err != nil {
				t.Errorf("%d: %v", c.max, err)
			}
			var f *fault.Fault
			if err := try(c.max + 1); !errors.As(err, &f) || f.Code != c.code || f.HTTPStatus() != 400 {
				t.Errorf("%d: %v, want %s and 400", c.max+1, err, c.code)
			}
		})
	}
}

// Limits can be set.
func TestLimitsSet(t *testing.T) {
	o := Options{Limits: Limits{EmbedDepthMax: 1, FilterNodesMax: 1, InValuesMax: 1, ParamsMax: 3, NestingMax: 1}}
	for raw, ok := range map[string]bool{
		"select=a(x)": true, "select=a(b(x))": false, "a=eq.1": true, "a=not.eq.1": false,
		"a=in.(1)": true, "a=in.(1,2)": false, "a&b&c": true, "a&b&c&d": false,
	} {
		_, err := Parse(request("GET", "/t", "", raw, nil, ""), o)
		if (err == nil) != ok {
			t.Errorf("%s: %v", raw, err)
		}
	}
	for body, ok := range map[string]bool{`{"a":1}`: true, `{"a":{}}`: false} {
		_, err := Parse(request("POST", "/t", "", "", nil, body), o)
		if (err == nil) != ok {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func ExampleParse() {
	r := request("GET", "/order", "/order", "select=id,customer(name)&status=eq.open&limit=5", nil, "")
	ask, err := Parse(r, Options{Prefix: "/rest/v1"})
	if err != nil {
		fmt.Println(err)
		return
	}
	response, err := ask.Answer(Outcome{Body: []byte(`[{"id":1,"customer":{"name":"Ada"}}]`), Rows: 1, Total: -1})
	fmt.Println(response.Status, response.Get("Content-Range"), response.Get("Content-Location"), err)
	// Output: 200 0-0/* /rest/v1/order?limit=5&select=id%2Ccustomer%28name%29&status=eq.open <nil>
}
