package hasura

import (
	"cmp"
	"slices"
	"strings"
)

// A counterpart says what a part of the metadata is, and what to do instead.
type counterpart struct{ what, instead string }

// without are the parts of the metadata that the schema file has no place for; each of what they list is reported.
var without = map[string]counterpart{
	"remote_schemas":               {"remote schema", "Pintail serves one database and joins no other GraphQL server: ask it from the client, or put a gateway before both"},
	"actions":                      {"action", "Pintail calls no handlers from GraphQL: serve the handler at an address of its own, write a named query (queries/*.sql), or a route in Go"},
	"custom_types":                 {"types of actions", "they are needed for actions only"},
	"cron_triggers":                {"cron trigger", "Pintail runs nothing by the clock: use cron or pg_cron"},
	"rest_endpoints":               {"REST endpoint of a query", "every table has REST already; for a query of your own write queries/NAME.sql, which is served at /rest/v1/rpc/NAME"},
	"query_collections":            {"collection of queries", "Pintail keeps no lists of GraphQL documents; persisted queries need none"},
	"allowlist":                    {"allow list", "every query is held to limits instead, see docs/limits.md"},
	"allow_list":                   {"allow list", "every query is held to limits instead, see docs/limits.md"},
	"inherited_roles":              {"inherited role", "write its policies out, one @allow(role: …) each"},
	"api_limits":                   {"limits of the API", "limits stand in pintail.yaml, see docs/limits.md"},
	"graphql_schema_introspection": {"closed introspection", "a role sees just what its policies open"},
	"metrics_config":               {"metrics", "metrics stand at /metrics of the admin address"},
	"network":                      {"network settings", "Pintail opens no connection but to its database"},
	"opentelemetry":                {"OpenTelemetry", "there are logs, /metrics and Server-Timing"},
	"backend_configs":              {"data connectors", "Pintail serves PostgreSQL and SQLite"},
}

// withoutIn are those of a source, and withoutTable those of a table.
var withoutIn = map[string]counterpart{
	"native_queries":    {"native query", "write it as a named query, queries/NAME.sql"},
	"logical_models":    {"logical model", "a named query says its result in its head"},
	"stored_procedures": {"stored procedure", "Pintail calls functions: make it one"},
	"query_tags":        {"query tags", "statements have no tags"},
	"read_replicas":     {"read replicas", "Pintail asks one address"},
}

var withoutTable = map[string]counterpart{
	"event_triggers":           {"event trigger", "Pintail calls no webhooks: read changes by logical replication, or write a trigger of the database that queues them. Triggers and functions that Hasura made in the schema hdb_catalog go with it"},
	"remote_relationships":     {"remote relationship", "Pintail joins no other server and no other database"},
	"apollo_federation_config": {"Apollo Federation", "Pintail is no subgraph"},
	"logical_model":            {"logical model", "a named query says its result in its head"},
}

// outside reports everything that has no counterpart, at last what nobody asked for.
func (l *layer) outside(root *node) {
	root.get("version")
	root.get("resource_version")
	l.otherSources(root)
	l.customization()
	conf := l.source.object("configuration")
	conf.object("connection_info").get("database_url").take() // --database is in its place
	conf.object("connection_info").get("use_prepared_statements")
	if level := conf.object("connection_info").get("isolation_level"); level != nil && level.text != "read-committed" {
		l.report(level.at, "source "+l.source.string("name"), "isolation_level "+level.json(), "reads see one snapshot, writes are READ COMMITTED")
	}
	l.counterparts(root, without, "")
	l.counterparts(l.source, withoutIn, "")
	for _, t := range l.tracked {
		l.counterparts(t.entry, withoutTable, " of "+described(t.Table))
	}
	root.unasked(nil, func(path []string, f *field) {
		value := f.value.json()
		if r := []rune(value); len(r) > 60 {
			value = string(r[:59]) + "…"
		}
		f.value.take()
		l.report(f.at, strings.Join(path, " › "), value, "the schema file has no place for it")
	})
}

// otherSources reports the sources that aren't imported.
func (l *layer) otherSources(root *node) {
	for _, s := range root.objects("sources") {
		if s != l.source {
			s.take()
			l.report(s.at, "source "+s.string("name"), "another database ("+cmp.Or(s.string("kind"), "postgres")+")", "a schema file is about one database: import it as a project of its own, with --source, if it is PostgreSQL's")
		}
	}
}

// customization reports what a source does to the names of types; prefix and suffix of root fields are done.
func (l *layer) customization() {
	c := l.source.object("customization")
	object := "customization of the source " + l.source.string("name")
	if n := c.get("naming_convention"); n != nil && n.text != "hasura-default" {
		l.report(n.at, object, "naming_convention "+n.json(), "Pintail has Hasura's default names: say others with @root, and with the names of fields")
	}
	if n := c.object("root_fields").get("namespace"); n != nil && !n.empty() {
		l.report(n.at, object, "namespace "+n.json(), "root fields stand in no namespace: take it out of your queries")
	}
	for _, key := range []string{"prefix", "suffix"} {
		if n := c.object("type_names").get(key); n != nil && !n.empty() {
			l.report(n.at, object, key+" "+n.json()+" of type names", "types are called as without it; fragments and variables of such types must say so")
		}
	}
}

// counterparts reports each of what the keys of an object list.
func (l *layer) counterparts(n *node, of map[string]counterpart, where string) {
	for _, f := range n.fields {
		c, ok := of[f.key]
		if !ok || f.asked || f.value.empty() {
			continue
		}
		f.asked = true
		f.value.take()
		each := []*node{f.value}
		if f.value.kind == aList {
			each = slices.DeleteFunc(slices.Clone(f.value.items), func(v *node) bool { return v.empty() })
		}
		for _, v := range each {
			object := c.what
			if v.label() != "" {
				object += " " + v.label()
			}
			l.report(v.at, object+where, "no counterpart", c.instead)
		}
	}
}
