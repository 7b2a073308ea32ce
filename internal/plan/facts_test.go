package plan

import (
	"slices"
	"testing"

	"github.com/pintail-dev/pintail/query"
)

func factsOf(t *testing.T, q query.Query) Facts {
	t.Helper()
	p, err := resolve(t, q)
	if err != nil {
		t.Fatal(err)
	}
	return p.Facts
}

// TestFactsColumns checks the columns that golden plans don't list: of values, filters, orders, and of both ends of every relation.
func TestFactsColumns(t *testing.T) {
	f := factsOf(t, ask("from task\nname\nembed worker\n  name\nwhere (hours gt 1)\norder parent_id"))
	var got []string
	for _, c := range f.Columns {
		got = append(got, c.Table.Name.Name+"."+c.Name)
	}
	slices.Sort(got)
	want := []string{"assignment.task_id", "assignment.worker_id", "task.hours", "task.id", "task.name", "task.parent_id", "worker.id", "worker.name"}
	if !slices.Equal(got, want) {
		t.Errorf("columns %v, want %v", got, want)
	}
	if len(f.Relations) != 1 || f.Relations[0].To.Name.Name != "worker" {
		t.Errorf("relations %v", f.Relations)
	}
}

func TestFactsBound(t *testing.T) {
	for where, want := range map[string]int{
		"(id eq 1)":                               1,
		"(and (id eq 1) (name in a,b))":           2,
		"(and (and (id eq 1)) (and (name eq x)))": 2,
		"(id eq.any 1,2)":                         1,
		"(or (id eq 1) (id eq 2))":                1,
		"(or (id eq 1) (name eq 2))":              0,
		"(not (id eq 1))":                         0,
		"(id gt 1)":                               0,
		"(id eq.all 1,2)":                         0,
		"(id eq =balance)":                        0,
		"(data->a eq 1)":                          0,
	} {
		if f := factsOf(t, ask("from client\nid\nwhere "+where)); len(f.Bound) != want {
			t.Errorf("%s binds %d, want %d", where, len(f.Bound), want)
		}
	}
}

func TestFactsRowsMax(t *testing.T) {
	for text, want := range map[string]RowsMax{
		"from client\nid":                                                        {Unbounded: true},
		"from client\nid\nlimit 3":                                               {Fixed: 1, Args: []int{0}},
		"from client\nid\nwhere (id eq 1)":                                       {Fixed: 1},
		"from counter\nid\nwhere (code eq 1)":                                    {Fixed: 1},
		"from assignment\nsince\nwhere (task_id eq 1)":                           {Unbounded: true},
		"from assignment\nsince\nwhere (and (task_id eq 1) (worker_id eq 1))":    {Fixed: 1},
		"from project\nid\nembed client\n  id\nwhere (id eq 1)":                  {Fixed: 2},
		"from project\nid\nembed task\n  id\nwhere (id eq 1)":                    {Unbounded: true},
		"from project\nid\nembed task\n  id\n  limit 9\nwhere (id eq 1)":         {Fixed: 2, Args: []int{0}},
		"from project\nid\nembed task\n  id\n  where (id eq 2)\nwhere (id eq 1)": {Fixed: 2},
		"from task\ncount()\nlimit 1":                                            {Unbounded: true},
	} {
		f := factsOf(t, ask(text)).RowsMax
		if f.Unbounded != want.Unbounded || !f.Unbounded && (f.Fixed != want.Fixed || !slices.Equal(f.Args, want.Args)) {
			t.Errorf("%q: %+v, want %+v", text, f, want)
		}
	}
}

func TestFactsClaimsOnce(t *testing.T) {
	f := factsOf(t, ask("from client\nid\nwhere (and (id eq @b) (name eq @a) (balance eq @b))"))
	if !slices.Equal(f.Claims, []string{"a", "b"}) {
		t.Errorf("claims %v", f.Claims)
	}
}
