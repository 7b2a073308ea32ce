package hasura

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pintail-dev/pintail/schema"
)

// Choose finds the PostgreSQL source to import: the one of that name or, where name is empty, the only one.
func (m *Metadata) Choose(name string) (*Source, error) {
	var all, postgres []string
	var found *node
	for _, n := range m.root.objects("sources") {
		all = append(all, fmt.Sprintf("%s (%s)", n.string("name"), n.string("kind")))
		if !isPostgres(n) {
			continue
		}
		postgres = append(postgres, n.string("name"))
		if name == "" || n.string("name") == name {
			found = n
		}
	}
	if bad := m.root.doc.mistakes; len(bad) > 0 {
		return nil, Mistakes(bad)
	}
	switch {
	case len(postgres) == 0 && len(all) == 0:
		return nil, fmt.Errorf("the metadata has no source: Hasura keeps the tables of a database in one, so this is the metadata of a server without a database")
	case len(postgres) == 0:
		return nil, fmt.Errorf("the metadata has no source of PostgreSQL, only %s", strings.Join(all, ", "))
	case name == "" && len(postgres) > 1:
		return nil, fmt.Errorf("the metadata has %d sources of PostgreSQL; choose one with --source: %s", len(postgres), strings.Join(postgres, ", "))
	case found == nil:
		return nil, fmt.Errorf("the metadata has no source %q of PostgreSQL, only %s", name, strings.Join(all, ", "))
	}
	return &Source{metadata: m, node: found}, nil
}

// isPostgres says whether a source is of PostgreSQL. In the CLI's older files the kind may be missing.
func isPostgres(n *node) bool {
	return slices.Contains([]string{"postgres", "citus", ""}, n.string("kind"))
}

// A Source is what the metadata says of one database.
type Source struct {
	metadata *Metadata
	node     *node
}

// Schemas are the PostgreSQL schemas in which something is tracked, public first: Hasura names everything elsewhere with its schema.
func (s *Source) Schemas() []string {
	out := []string{"public"}
	add := func(n *node) {
		if name, ok := objectName(n); ok && !slices.Contains(out, name.Schema) {
			out = append(out, name.Schema)
		}
	}
	for _, t := range s.node.objects("tables") {
		add(t.get("table"))
		for _, c := range t.objects("computed_fields") {
			add(c.object("definition").get("function"))
		}
	}
	for _, f := range s.node.objects("functions") {
		add(f.get("function"))
	}
	return out
}

// objectName reads a table's or function's name: a text, or {schema, name}. The schema is public where none is said.
func objectName(n *node) (schema.Name, bool) {
	switch {
	case n == nil:
	case n.kind == aText && n.text != "":
		return schema.Name{Schema: "public", Name: n.text}, true
	case n.kind == aObject:
		name := schema.Name{Schema: n.string("schema"), Name: n.string("name")}
		if name.Schema == "" {
			name.Schema = "public"
		}
		return name, name.Name != ""
	}
	return schema.Name{}, false
}
