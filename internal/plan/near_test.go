package plan

import "testing"

func TestNear(t *testing.T) {
	related := []string{"directors", "roles", "actors"}
	for _, c := range []struct {
		names []string
		word  string
		least float64
		want  string
		exact bool
	}{
		{[]string{"films"}, "film", 0.33, "films", false},
		{related, "role", 0.33, "roles", false},
		{related, "Actors", 0.33, "actors", true},
		{related, "noclosealternative", 0.33, "", false},
		{[]string{"test", "another"}, "testt", 0.75, "test", false},
		{[]string{"projects", "clients"}, "projecxx", 0.75, "projects", false}, // 2 edits of 8 letters
		{[]string{"projects", "clients"}, "projxxxx", 0.75, "", false},
		{[]string{"(name, param, val)", "(attr, id)"}, "(nam, pqaram, vall)", 0.33, "(name, param, val)", false},
		{[]string{"(name, param, val)", "(attr, id)"}, "(id)", 0.33, "(attr, id)", false},
		{[]string{"(name, param, val)", "(attr, id)"}, "(noclosealternative)", 0.33, "", false},
		{[]string{"ab"}, "", 0.33, "", false},
		{nil, "a", 0.33, "", false},
		{[]string{"größe"}, "größen", 0.75, "größe", false},
	} {
		if got, exact := near(c.names, c.word, c.least); got != c.want || exact != c.exact {
			t.Errorf("near(%q, %q) = %q, %v; want %q", c.names, c.word, got, exact, c.want)
		}
	}
}

func TestEdits(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"kitten", "sitting", 3}, {"flaw", "lawn", 2}, {"same", "same", 0}} {
		if got := edits([]byte(c.a), []byte(c.b)); got != c.want {
			t.Errorf("edits(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestHintsOfColumns(t *testing.T) {
	s := testSchema()
	w := func(names ...string) row {
		r := row{name: "t"}
		c := s.Tables[0].Columns[0]
		for _, n := range names {
			named := *c
			named.Name = n
			r.columns = append(r.columns, &named)
		}
		return r
	}
	for _, c := range []struct {
		columns []string
		name    string
		want    string
	}{
		{[]string{"name"}, "nam", `Perhaps you meant to reference the column "t.name".`},
		{[]string{"nama", "namb"}, "namc", `Perhaps you meant to reference the column "t.nama" or the column "t.namb".`},
		{[]string{"nama", "namb", "namd"}, "namc", ""},
		{[]string{"nama", "namb", "namd", "name"}, "namec", `Perhaps you meant to reference the column "t.name".`},
		{[]string{"id"}, "foo", ""}, // more than half is different
		{[]string{"abcdefghijkl"}, "abcdefghXXXX", ""},
	} {
		if got := toldHint(noColumn(w(c.columns...), "t", c.name)); got != c.want {
			t.Errorf("%s among %v: %q, want %q", c.name, c.columns, got, c.want)
		}
	}
}
