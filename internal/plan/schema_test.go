package plan

import (
	"strings"

	"github.com/pintail-dev/pintail/schema"
)

// The tests' schema, made by hand: a shop of projects with every kind of relation between tables.
//
//	client 1─* project 1─* task *─* worker (junction assignment), project 1─1 plan_of, task *─1 task (parent),
//	agent *─1 department and department *─1 agent (two ways), project_view over project.
func testSchema() *schema.Schema {
	b := &builder{s: &schema.Schema{Default: "test", Exposed: []string{"test"}, SearchPath: []string{"ext"}}}
	b.s.Enums = []*schema.Enum{{Name: schema.Name{Name: "mood"}, Values: []schema.EnumValue{{Value: "sad"}, {Value: "happy"}}}}
	client := b.table("client", "id bigint!", "name text", "vip boolean", "tags text[]", "born date", "doc json", "data jsonb",
		"mood mood", "balance numeric", "spot point")
	project := b.table("project", "id bigint!", "name text!", "client_id bigint", "budget double precision", "made timestamptz")
	task := b.table("task", "id bigint!", "name text", "project_id bigint!", "parent_id bigint", "hours integer")
	worker := b.table("worker", "id bigint!", "name text")
	assignment := b.table("assignment", "task_id bigint!", "worker_id bigint!", "since date")
	assignment.Primary.Columns = assignment.Columns[:2]
	planOf := b.table("plan_of", "project_id bigint!", "text text")
	planOf.Primary.Columns = planOf.Columns[:1]
	agent := b.table("agent", "id bigint!", "name text", "department_id bigint")
	department := b.table("department", "id bigint!", "name text", "head_id bigint")
	view := b.table("project_view", "id bigint", "name text", "client_id bigint")
	view.Primary, view.View = nil, &schema.View{}
	log := b.table("log", "at timestamptz", "line text")
	log.Primary = nil
	hidden := b.table("hidden", "id bigint!", "client_id bigint")
	hidden.Name.Schema = "private"
	counter := b.table("counter", "id bigint!", "twice bigint", "code text!")
	counter.Columns[0].Identity = schema.Always
	counter.Columns[1].Generated = &schema.Generated{Stored: true}
	counter.Uniques = []*schema.Key{{Name: "counter_code_key", Columns: counter.Columns[2:3]}}

	b.key(project, "client_id", client)
	b.key(task, "project_id", project)
	b.key(task, "parent_id", task)
	b.key(assignment, "task_id", task)
	b.key(assignment, "worker_id", worker)
	b.key(planOf, "project_id", project)
	b.key(agent, "department_id", department)
	b.key(department, "head_id", agent)
	b.key(hidden, "client_id", client)
	view.Relations = []*schema.Relation{{Name: "owner", From: view, To: client, Columns: view.Columns[2:3],
		References: client.Columns[:1], Constraint: "project_client_id_fkey", Optional: true}}

	row := func(t *schema.Table) []schema.Arg {
		return []schema.Arg{{Type: schema.Type{Base: schema.CompositeBase, Name: t.Name.Name}}}
	}
	b.function("initials", row(client), schema.Returns{Type: typeText})
	b.function("newest_task", row(project), schema.Returns{Table: task, SetOf: true, One: true})
	b.function("old_tasks", row(project), schema.Returns{Table: task, SetOf: true})
	b.function("greeting", append(row(client), args("word text", "mark text?")...), schema.Returns{Type: typeText}).Computed = "greeting"
	b.function("tasks_like", append(row(project), args(" text", " integer?")...), schema.Returns{Table: task, SetOf: true}).Computed = "tasks_like"
	b.function("placed", args("a integer", " integer?", " integer?", "b integer?"), schema.Returns{Type: builtin["integer"]})
	b.function("add", args("a integer", "b integer?"), schema.Returns{Type: builtin["integer"]})
	b.function("over", args("a integer"), schema.Returns{Type: builtin["integer"]})
	b.function("over", args("a text"), schema.Returns{Type: builtin["integer"]})
	b.function("raw", []schema.Arg{{Type: typeJSON}}, schema.Returns{Type: typeJSON})
	b.function("sum_all", []schema.Arg{{Name: "v", Type: schema.Type{Base: schema.Int4, Name: "integer", Array: true}, Variadic: true}},
		schema.Returns{Type: builtin["integer"]}).Variadic = true
	b.function("projects_of", args("client bigint"), schema.Returns{Table: project, SetOf: true})
	b.function("stats", nil, schema.Returns{Out: []*schema.Column{{Name: "n", Type: typeBigint}, {Name: "label", Type: typeText}}, SetOf: true})
	b.function("wipe", nil, schema.Returns{Void: true}).Volatile = true
	b.s.Link()
	return b.s
}

type builder struct{ s *schema.Schema }

// table adds a table of "name type" columns, a type with ! is NOT NULL; the first column is the primary key.
func (b *builder) table(name string, columns ...string) *schema.Table {
	t := &schema.Table{Name: schema.Name{Name: name}}
	for _, c := range columns {
		n, typ, _ := strings.Cut(c, " ")
		base, notNull := strings.CutSuffix(typ, "!")
		t.Columns = append(t.Columns, &schema.Column{Table: t, Name: n, Type: b.typeOf(base), NotNull: notNull})
	}
	t.Primary = &schema.Key{Name: name + "_pkey", Columns: t.Columns[:1]}
	b.s.Tables = append(b.s.Tables, t)
	return t
}

func (b *builder) typeOf(name string) schema.Type {
	name, array := strings.CutSuffix(name, "[]")
	t, ok := builtin[name]
	if !ok {
		t = schema.Type{Name: name}
	}
	if name == "mood" {
		t = schema.Type{Base: schema.EnumBase, Name: name, Enum: b.s.Enums[0]}
	}
	t.Array = array
	return t
}

// key adds a foreign key from a column to another table's first column.
func (b *builder) key(t *schema.Table, column string, to *schema.Table) *schema.ForeignKey {
	f := &schema.ForeignKey{Name: t.Name.Name + "_" + column + "_fkey", Table: t, To: to, References: to.Columns[:1]}
	for _, c := range t.Columns {
		if c.Name == column {
			f.Columns = []*schema.Column{c}
		}
	}
	t.Foreign = append(t.Foreign, f)
	return f
}

func (b *builder) function(name string, args []schema.Arg, returns schema.Returns) *schema.Function {
	f := &schema.Function{Name: schema.Name{Name: name}, Args: args, Returns: returns}
	b.s.Functions = append(b.s.Functions, f)
	return f
}

// args are "name type" parameters; one with ? has a default.
func args(of ...string) []schema.Arg {
	var all []schema.Arg
	for _, a := range of {
		name, typ, _ := strings.Cut(a, " ")
		typ, optional := strings.CutSuffix(typ, "?")
		all = append(all, schema.Arg{Name: name, Type: builtin[typ], Optional: optional})
	}
	return all
}
