package schema

import (
	"fmt"
	"strings"
	"testing"
)

// kin is a schema made by hand: table(name, columns) with the first column as key, and key(from, column, to).
type kin struct{ s *Schema }

func (k *kin) table(name string, columns ...string) *Table {
	t := &Table{Name: Name{Name: name}}
	for _, c := range columns {
		t.Columns = append(t.Columns, &Column{Table: t, Name: c, NotNull: true})
	}
	t.Primary = &Key{Columns: t.Columns[:1]}
	k.s.Tables = append(k.s.Tables, t)
	return t
}

func (k *kin) key(t *Table, column int, to *Table) *ForeignKey {
	f := &ForeignKey{Name: t.Name.Name + "_" + t.Columns[column].Name + "_fkey", Table: t,
		Columns: t.Columns[column : column+1], To: to, References: to.Columns[:1]}
	t.Foreign = append(t.Foreign, f)
	return f
}

func (k *kin) function(name string, arg string, returns Returns) *Function {
	f := &Function{Name: Name{Name: name}, Args: []Arg{{Type: Type{Base: CompositeBase, Name: arg}}}, Returns: returns}
	k.s.Functions = append(k.s.Functions, f)
	return f
}

// tell writes a table's relations, one a line.
func tell(t *Table) string {
	var all []string
	for _, r := range t.Relations {
		s := strings.TrimSpace(fmt.Sprintf("%s %s %s by %s", r.Name, r.Cardinality(), r.To.Name.Name, r.Constraint))
		if r.Through != nil {
			s += fmt.Sprintf(" through %s (%s, %s)", r.Through.Table.Name.Name, r.Through.FromConstraint, r.Through.ToConstraint)
		}
		if r.Computed != nil {
			s = fmt.Sprintf("%s() %s many=%v", r.Computed.Name.Name, r.To.Name.Name, r.Many)
		}
		if r.Optional {
			s += " optional"
		}
		all = append(all, s)
	}
	return strings.Join(all, "\n")
}

func expect(t *testing.T, table *Table, want ...string) {
	t.Helper()
	if got := tell(table); got != strings.Join(want, "\n") {
		t.Errorf("%s:\n%s\nwant:\n%s", table.Name, got, strings.Join(want, "\n"))
	}
}

func TestRelationsOfForeignKeys(t *testing.T) {
	k := &kin{&Schema{}}
	client, project := k.table("client", "id"), k.table("project", "id", "client_id", "owner_id")
	plan := k.table("plan", "project_id", "code")
	k.key(project, 1, client)
	k.key(project, 2, client)
	project.Columns[2].NotNull = false
	k.key(plan, 0, project)
	for range 2 { // again changes nothing
		k.s.Link()
		expect(t, client, "one-to-many project by project_client_id_fkey optional", "one-to-many project by project_owner_id_fkey optional")
		expect(t, project, "many-to-one client by project_client_id_fkey", "many-to-one client by project_owner_id_fkey optional",
			"one-to-one plan by plan_project_id_fkey optional")
		expect(t, plan, "one-to-one project by plan_project_id_fkey")
	}
}

func TestRelationsByUniqueConstraint(t *testing.T) {
	k := &kin{&Schema{}}
	a, b := k.table("a", "id"), k.table("b", "id", "a_id")
	k.key(b, 1, a)
	b.Uniques = []*Key{{Columns: b.Columns[1:]}}
	k.s.Link()
	expect(t, a, "one-to-one b by b_a_id_fkey optional")
}

func TestRelationsThroughJunctions(t *testing.T) {
	k := &kin{&Schema{}}
	user, task := k.table("user", "id"), k.table("task", "id")
	both, not := k.table("both", "user_id", "task_id"), k.table("not", "id", "user_id", "task_id")
	both.Primary.Columns = both.Columns
	for _, j := range []*Table{both, not} {
		n := len(j.Columns)
		k.key(j, n-2, user)
		k.key(j, n-1, task)
	}
	k.s.Link()
	expect(t, user, "one-to-many both by both_user_id_fkey optional", "one-to-many not by not_user_id_fkey optional",
		"many-to-many task by through both (both_user_id_fkey, both_task_id_fkey) optional")
	r := user.Relations[2]
	if r.Columns[0] != user.Columns[0] || r.References[0] != both.Columns[0] ||
		r.Through.Columns[0] != both.Columns[1] || r.Through.References[0] != task.Columns[0] {
		t.Error("the pairs of columns are crossed")
	}
}

func TestRelationsToItself(t *testing.T) {
	k := &kin{&Schema{}}
	node := k.table("node", "id", "parent_id")
	k.key(node, 1, node)
	k.s.Link()
	expect(t, node, "one-to-many node by node_parent_id_fkey optional", "many-to-one node by node_parent_id_fkey")
	if !node.Relations[0].Self() {
		t.Error("a relation to itself doesn't know")
	}
}

func TestDeclaredRelationsTakeTheImpliedOnesPlace(t *testing.T) {
	k := &kin{&Schema{}}
	client, project := k.table("client", "id"), k.table("project", "id", "client_id")
	f := k.key(project, 1, client)
	project.Relations = []*Relation{{Name: "buyer", From: project, To: client, Columns: f.Columns, References: f.References,
		Constraint: f.Name, Foreign: f}}
	client.Relations = []*Relation{{Name: "orders", From: client, To: project, Columns: f.References, References: f.Columns,
		Constraint: f.Name, Foreign: f, Inverse: true, Many: true}}
	k.s.Link()
	expect(t, project, "buyer many-to-one client by project_client_id_fkey")
	expect(t, client, "orders one-to-many project by project_client_id_fkey")
}

func TestDeclaredRelationWithoutConstraintHasAnotherEnd(t *testing.T) {
	k := &kin{&Schema{}}
	client, view := k.table("client", "id"), k.table("view", "id", "client_id")
	view.Primary, view.View = nil, &View{}
	view.Relations = []*Relation{{Name: "client", From: view, To: client, Columns: view.Columns[1:], References: client.Columns}}
	k.s.Link()
	expect(t, client, "one-to-many view by client optional")
}

func TestComputedRelations(t *testing.T) {
	k := &kin{&Schema{}}
	client, project := k.table("client", "id"), k.table("project", "id", "client_id")
	k.key(project, 1, client)
	k.function("newest", "client", Returns{Table: project, SetOf: true, One: true})
	k.function("all_of", "client", Returns{Table: project, SetOf: true})
	k.function("client", "project", Returns{Table: client}) // in place of the foreign key's
	initials := k.function("initials", "client", Returns{Type: Type{Base: Text, Name: "text"}})
	k.s.Link()
	expect(t, client, "one-to-many project by project_client_id_fkey optional", "newest() project many=false optional",
		"all_of() project many=true optional")
	expect(t, project, "client() client many=false optional")
	if k.s.RowArgument(initials) != client {
		t.Error("a function of a row is not known as one")
	}
	if k.s.RowArgument(&Function{Args: []Arg{{Type: Type{Base: Text, Name: "client"}}}}) != nil {
		t.Error("a text is a row")
	}
}

func TestKeyNamed(t *testing.T) {
	k := &kin{&Schema{}}
	a := k.table("a", "id")
	a.Primary.Name = "a_pkey"
	a.Uniques = []*Key{{Name: "a_key"}}
	if a.KeyNamed("a_pkey") != a.Primary || a.KeyNamed("a_key") != a.Uniques[0] || a.KeyNamed("x") != nil {
		t.Error("keys by name")
	}
}
