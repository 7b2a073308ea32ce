package rest

import "testing"

// The messages are those that PostgREST's own documentation in QueryParams.hs gives for each parser, and those of
// real answers.
func TestWhy(t *testing.T) {
	g := grammar{}
	order, field := g.order(), fieldSelect()
	operation := operationRule(many(anyChar))
	for _, c := range []struct {
		name string
		rule rule
		text string
		want string
	}{
		{"forest", g.forest(), "id,clients(name[])", `(line 1, column 16) unexpected '[' expecting letter, digit, "-", "->>", "->", "::", ".", ")", "," or end of input`},
		{"forest", g.forest(), "data->>-78xy", `(line 1, column 11) unexpected 'x' expecting digit, "->", "::", ".", "," or end of input`},
		{"forest", g.forest(), "data->(!@#$%^&*_d->>!@#$%^&*_e::integer", `(line 1, column 7) unexpected "(" expecting "-", digit or any non reserved character different from: .,>()`},
		{"name", fieldName(), ":", `(line 1, column 1) unexpected ":" expecting field name (* or [a..z0..9_$])`},
		{"path", jsonPath(), "->>-78xy", `(line 1, column 7) unexpected 'x' expecting digit, "->", "::", ".", "," or end of input`},
		{"path", jsonPath(), "->>--34", `(line 1, column 5) unexpected "-" expecting digit`},
		{"path", jsonPath(), "->>-xy-4", `(line 1, column 5) unexpected "x" expecting digit`},
		{"relation", relationSelect(), "rel->jsonpath(*)", `(line 1, column 6) unexpected '>'`},
		{"relation", relationSelect(), "rel->jsonpath!hint(*)", `(line 1, column 6) unexpected '>'`},
		{"field", field, "name!hint", `(line 1, column 5) unexpected '!' expecting letter, digit, "-", "->>", "->", "::", ".", ")", "," or end of input`},
		{"field", field, "*!hint", `(line 1, column 2) unexpected '!' expecting ")", "," or end of input`},
		{"field", field, "name::", `(line 1, column 7) unexpected end of input expecting letter or digit`},
		{"spread", spreadSelect(), "rel(*)", `(line 1, column 1) unexpected "r" expecting "..."`},
		{"spread", spreadSelect(), "alias:...rel(*)", `(line 1, column 1) unexpected "a" expecting "..."`},
		{"spread", spreadSelect(), "...rel->jsonpath(*)", `(line 1, column 9) unexpected '>'`},
		{"operation", operation, "fts().value", `(line 1, column 5) unexpected ")" expecting operator (eq, gt, ...)`},
		{"operation", operation, "eq().value", `(line 1, column 4) unexpected ")" expecting operator (eq, gt, ...)`},
		{"operation", operation, "is().value", `(line 1, column 3) unexpected "(" expecting operator (eq, gt, ...)`},
		{"operation", operation, "in().value", `(line 1, column 3) unexpected "(" expecting operator (eq, gt, ...)`},
		{"filter", g.filter(), "noop.0", `(line 1, column 1) unexpected "o" expecting "not" or operator (eq, gt, ...)`},
		{"filter", g.filter(), "val", `(line 1, column 1) unexpected "v" expecting "not" or operator (eq, gt, ...)`},
		{"order", order, "clients(name,id)", `(line 1, column 8) unexpected '(' expecting letter, digit, "-", "->>", "->", delimiter (.), "," or end of input`},
		{"order", order, "id.ac", `(line 1, column 4) unexpected "c" expecting "asc", "desc", "nullsfirst" or "nullslast"`},
		{"order", order, "id.descc", `(line 1, column 8) unexpected 'c' expecting delimiter (.), "," or end of input`},
		{"order", order, "id.nulsfist", `(line 1, column 4) unexpected "n" expecting "asc", "desc", "nullsfirst" or "nullslast"`},
		{"order", order, "id.nullslasttt", `(line 1, column 13) unexpected 't' expecting "," or end of input`},
		{"order", order, "id.smth34", `(line 1, column 4) unexpected "s" expecting "asc", "desc", "nullsfirst" or "nullslast"`},
		{"order", order, "id.asc.nlsfst", `(line 1, column 8) unexpected "l" expecting "nullsfirst" or "nullslast"`},
		{"order", order, "id.asc.nullslasttt", `(line 1, column 17) unexpected 't' expecting "," or end of input`},
		{"order", order, "id.asc.smth34", `(line 1, column 8) unexpected "s" expecting "nullsfirst" or "nullslast"`},
		{"tree", g.logicTree(), "or()", `(line 1, column 4) unexpected ")" expecting field name (* or [a..z0..9_$]), negation operator (not) or logic operator (and, or)`},
		{"tree", g.logicTree(), "or(id.in.1,2,id.eq.3)", `(line 1, column 10) unexpected "1" expecting "("`},
		{"tree", g.logicNode(), "or)(", `(line 1, column 3) unexpected ")" expecting "("`},
		{"tree", g.logicTree(), "and(ord(id.eq.1,id.eq.1),id.eq.2)", `(line 1, column 7) unexpected "d" expecting "("`},
		{"tree", g.logicTree(), "or(id.eq.1,not.xor(id.eq.2,id.eq.3))", `(line 1, column 16) unexpected "x" expecting logic operator (and, or)`},
		{"columns", g.columns(), "", `(line 1, column 1) unexpected end of input expecting field name (* or [a..z0..9_$])`},
	} {
		place, details := explain(c.rule, c.text)
		if got := place + " " + details; got != c.want {
			t.Errorf("%s %q:\n got %s\nwant %s", c.name, c.text, got, c.want)
		}
	}
}

func TestShowString(t *testing.T) {
	for in, want := range map[string]string{
		"a": `"a"`, `"`: `"\""`, `\`: `"\\"`, "\n": `"\n"`, "é": `"\233"`, "é1": `"\233\&1"`, "\x01": `"\SOH"`, "\x7f": `"\DEL"`,
	} {
		if got := showString(in); got != want {
			t.Errorf("showString(%q) = %s, want %s", in, got, want)
		}
	}
}
