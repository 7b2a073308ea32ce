// Package openapi writes the description of the REST API in OpenAPI 3.1 (spec.openapis.org/oas/v3.1.1), from the schema
// alone: a path for each table, view and function that is exposed, a JSON Schema for each row.
package openapi

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/pintail-dev/pintail/schema"
)

// Options say what the description is written for.
type Options struct {
	Schema  string // PostgreSQL schema to describe; empty for the default one
	Server  string // the API's base, such as "/rest/v1"
	Version string // the program's
	Secured bool   // callers send a key
}

// object is a JSON object; encoding/json sorts its keys, so that equal schemas give equal bytes.
type object = map[string]any

// Write gives the description of s as JSON.
func Write(s *schema.Schema, o Options) ([]byte, error) {
	w := &writer{s: s, o: o, schemas: object{}, paths: object{}}
	for _, t := range s.Tables {
		if w.shown(t.Name) {
			w.table(t)
		}
	}
	for _, f := range s.Functions {
		if w.shown(f.Name) {
			w.function(f)
		}
	}
	title := s.Title
	if title == "" {
		title = "Pintail API"
	}
	doc := object{
		"openapi":           "3.1.1",
		"jsonSchemaDialect": "https://spec.openapis.org/oas/3.1/dialect/base",
		"info":              object{"title": title, "description": describe(s.Comment, "REST in PostgREST's dialect, served by Pintail."), "version": o.Version},
		"servers":           []any{object{"url": o.Server}},
		"paths":             w.paths,
		"components": object{
			"schemas":    w.schemas,
			"parameters": parameters,
			"responses":  responses,
		},
	}
	w.schemas["Error"] = errorSchema
	if o.Secured {
		doc["components"].(object)["securitySchemes"] = object{
			"apikey": object{"type": "apiKey", "in": "header", "name": "apikey"},
			"bearer": object{"type": "http", "scheme": "bearer"},
		}
		doc["security"] = []any{object{"apikey": []any{}}, object{"bearer": []any{}}}
	}
	return json.Marshal(doc)
}

type writer struct {
	s       *schema.Schema
	o       Options
	schemas object
	paths   object
}

// shown says whether a name stands in the described schema.
func (w *writer) shown(n schema.Name) bool {
	in, want := n.Schema, w.o.Schema
	if in == w.s.Default {
		in = ""
	}
	if want == w.s.Default {
		want = ""
	}
	return in == want
}

func (w *writer) table(t *schema.Table) {
	name := t.Name.Name
	w.schemas[component(name)] = w.row(t.Columns, t.Comment, true)
	w.schemas[component(name)+".write"] = w.row(t.Columns, "", false)
	tag := []string{name}
	rows := object{"type": "array", "items": object{"anyOf": []any{
		ref("schemas", component(name)),
		object{"type": "object", "description": "what select asked for"},
	}}}
	item := object{
		"summary": describe(first(t.Comment), "Rows of "+name),
		"get": object{
			"tags": tag, "summary": "Read rows of " + name, "description": t.Comment, "operationId": "get_" + component(name),
			"parameters": append(w.filters(t), params("select", "order", "limit", "offset", "or", "Range", "Prefer.read")...),
			"responses":  answers(object{"200": answer("the rows", rows), "206": answer("a part of the rows, with a count", rows), "304": object{"description": "not modified since the ETag of If-None-Match"}, "416": fail("the range lies past the end")}),
		},
	}
	w.handled(t, item["get"].(object))
	insertable, updatable, deletable := writable(t)
	body := object{"required": true, "content": object{
		"application/json":                  object{"schema": object{"anyOf": []any{ref("schemas", component(name)+".write"), object{"type": "array", "items": ref("schemas", component(name)+".write")}}}},
		"text/csv":                          object{"schema": object{"type": "string"}},
		"application/x-www-form-urlencoded": object{"schema": object{"type": "object", "additionalProperties": object{"type": "string"}}},
	}}
	if insertable {
		item["post"] = object{
			"tags": tag, "summary": "Insert rows into " + name, "operationId": "post_" + component(name),
			"parameters": params("select", "columns", "on_conflict", "Prefer.write"), "requestBody": body,
			"responses": answers(object{"200": answer("rows that were there and were updated", rows), "201": answer("inserted; the rows where return=representation", rows)}),
		}
	}
	if updatable {
		item["patch"] = object{
			"tags": tag, "summary": "Update rows of " + name, "operationId": "patch_" + component(name),
			"parameters": append(w.filters(t), params("select", "columns", "or", "Prefer.write")...), "requestBody": body,
			"responses": answers(object{"200": answer("the updated rows", rows), "204": object{"description": "updated"}}),
		}
		if t.Primary != nil && insertable {
			item["put"] = object{
				"tags": tag, "summary": "Insert or replace the row of " + name + " with the primary key in the URL", "operationId": "put_" + component(name),
				"parameters": append(w.filters(t), params("select", "Prefer.write")...), "requestBody": body,
				"responses": answers(object{"200": answer("the row that was replaced", rows), "201": answer("the row that was inserted", rows), "204": object{"description": "replaced"}}),
			}
		}
	}
	if deletable {
		item["delete"] = object{
			"tags": tag, "summary": "Delete rows of " + name, "operationId": "delete_" + component(name),
			"parameters": append(w.filters(t), params("select", "or", "Prefer.write")...),
			"responses":  answers(object{"200": answer("the deleted rows", rows), "204": object{"description": "deleted"}}),
		}
	}
	w.paths["/"+escapePath(name)] = item
}

// handled adds the media types in which the database writes a table's rows itself.
func (w *writer) handled(t *schema.Table, get object) {
	content := get["responses"].(object)["200"].(object)["content"].(object)
	for _, h := range w.s.Handlers {
		if h.Of == t {
			content[h.Media.Name.Name] = object{"schema": object{}}
		}
	}
}

func writable(t *schema.Table) (insert, update, remove bool) {
	if t.View == nil {
		return true, true, true
	}
	return t.View.Insertable, t.View.Updatable, t.View.Deletable
}

// filters gives one parameter for each column.
func (w *writer) filters(t *schema.Table) []any {
	list := make([]any, 0, len(t.Columns))
	for _, c := range t.Columns {
		if reserved[c.Name] {
			continue
		}
		list = append(list, object{
			"name": c.Name, "in": "query", "schema": object{"type": "string"},
			"description": "an operator and a value, such as eq." + example(c) + "; see docs/rest.md",
		})
	}
	return list
}

var reserved = map[string]bool{"select": true, "order": true, "limit": true, "offset": true, "or": true, "and": true, "columns": true, "on_conflict": true}

func example(c *schema.Column) string {
	switch {
	case c.Type.Enum != nil && len(c.Type.Enum.Values) > 0:
		return c.Type.Enum.Values[0].Value
	case c.Type.Base == schema.Bool:
		return "true"
	case c.Type.Base >= schema.Int2 && c.Type.Base <= schema.Numeric:
		return "5"
	}
	return "x"
}

// row is the JSON Schema of a row: read where all its columns are there, written where some may be left out.
func (w *writer) row(columns []*schema.Column, comment string, read bool) object {
	props, required := object{}, []string{}
	for _, c := range columns {
		p := w.value(c.Type)
		if !c.NotNull {
			p = nullable(p)
		}
		if c.Comment != "" {
			p["description"] = c.Comment
		}
		if c.Generated != nil || c.Identity == schema.Always {
			if !read {
				continue
			}
			p["readOnly"] = true
		}
		if c.Default != nil && c.Default.Value != nil && !read {
			p["description"] = strings.TrimSpace(describe(c.Comment, "") + " The default is " + *c.Default.Value + ".")
		}
		props[c.Name] = p
		if read {
			required = append(required, c.Name)
		}
	}
	o := object{"type": "object", "properties": props}
	if comment != "" {
		o["description"] = comment
	}
	if len(required) > 0 {
		slices.Sort(required)
		o["required"] = required
	}
	if !read {
		o["additionalProperties"] = false
	}
	return o
}

// nullable allows null beside what a schema says.
func nullable(p object) object {
	if kind, ok := p["type"].(string); ok {
		p["type"] = []string{kind, "null"}
		if list, ok := p["enum"].([]any); ok {
			p["enum"] = append(list, nil)
		}
		return p
	}
	if len(p) == 0 {
		return p // anything, null too
	}
	return object{"anyOf": []any{p, object{"type": "null"}}}
}

// value is the JSON Schema of a type's values, as row_to_json writes them.
func (w *writer) value(t schema.Type) object {
	if t.Array {
		t.Array = false
		return object{"type": "array", "items": array(nullable(w.value(t)))}
	}
	switch {
	case t.Enum != nil:
		list := make([]any, len(t.Enum.Values))
		for i, v := range t.Enum.Values {
			list[i] = v.Value
		}
		return object{"type": "string", "enum": list}
	case t.Composite != nil:
		return w.row(t.Composite.Columns, "", true)
	case t.Domain != nil:
		if t.Domain.ToJSON != "" {
			return object{}
		}
		return w.value(t.Domain.Base)
	}
	switch t.Base {
	case schema.Bool:
		return object{"type": "boolean"}
	case schema.Int2, schema.Int4:
		return object{"type": "integer", "format": "int32"}
	case schema.Int8:
		return object{"type": "integer", "format": "int64"}
	case schema.Float4, schema.Float8, schema.Numeric:
		// NaN and the infinities come as strings.
		return object{"anyOf": []any{object{"type": "number"}, object{"type": "string", "enum": []any{"NaN", "Infinity", "-Infinity"}}}}
	case schema.Text, schema.Interval, schema.Time, schema.TimeTZ, schema.Timestamp, schema.Date, schema.Bytea:
		return object{"type": "string"}
	case schema.UUID:
		return object{"type": "string", "format": "uuid"}
	case schema.TimestampTZ:
		return object{"type": "string", "description": "a moment, such as 2026-01-02T03:04:05+00:00, or infinity"}
	}
	return object{}
}

// array allows arrays within arrays: PostgreSQL's array types don't say how deep they are.
func array(items object) object {
	if len(items) == 0 {
		return items
	}
	return object{"anyOf": []any{items, object{"type": "array"}}}
}

func (w *writer) function(f *schema.Function) {
	path := "/rpc/" + escapePath(f.Name.Name)
	if w.paths[path] != nil {
		return // an overload: the first one describes them
	}
	tag := []string{"rpc"}
	props, required, query := object{}, []string{}, []any{}
	for _, a := range f.Args {
		if a.Name == "" {
			continue
		}
		p := w.value(a.Type)
		props[a.Name] = nullable(p)
		query = append(query, object{"name": a.Name, "in": "query", "required": !a.Optional && !a.Variadic, "schema": object{"type": "string"}})
		if !a.Optional && !a.Variadic {
			required = append(required, a.Name)
		}
	}
	args := object{"type": "object", "properties": props}
	if len(required) > 0 {
		args["required"] = required
	}
	gives := answer("what the function gives", w.returned(f))
	if m := f.Media(); m != "" { // the function writes it itself
		gives["content"].(object)[m] = object{"schema": object{}}
	}
	ok := answers(object{"200": gives, "204": object{"description": "the function gives nothing"}})
	item := object{"post": object{
		"tags": tag, "summary": describe(first(f.Comment), "Call "+f.Name.Name), "description": f.Comment, "operationId": "post_rpc_" + component(f.Name.Name),
		"parameters":  params("select", "order", "limit", "offset", "Prefer.write"),
		"requestBody": object{"required": len(required) > 0, "content": object{"application/json": object{"schema": args}}},
		"responses":   ok,
	}}
	if !f.Volatile {
		item["get"] = object{
			"tags": tag, "summary": describe(first(f.Comment), "Call "+f.Name.Name), "description": f.Comment, "operationId": "get_rpc_" + component(f.Name.Name),
			"parameters": append(query, params("select", "order", "limit", "offset", "Prefer.read")...), "responses": ok,
		}
	}
	w.paths[path] = item
}

func (w *writer) returned(f *schema.Function) object {
	var one object
	switch r := f.Returns; {
	case r.Table != nil, len(r.Out) > 0, r.Record, r.Type.Composite != nil:
		one = object{"type": "object"}
	default:
		one = nullable(w.value(r.Type))
	}
	if f.Returns.SetOf {
		return object{"type": "array", "items": one}
	}
	return one
}

func describe(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// first is a comment's first line.
func first(comment string) string {
	line, _, _ := strings.Cut(comment, "\n")
	return line
}

// component makes a name of components from any name: they are [A-Za-z0-9._-]+.
func component(name string) string {
	var b strings.Builder
	for _, c := range []byte(name) {
		if c == '_' || c == '-' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' {
			b.WriteByte(c)
		} else {
			b.WriteString(".")
			b.WriteString(hex(c))
		}
	}
	return b.String()
}

func hex(c byte) string { return string([]byte{"0123456789abcdef"[c>>4], "0123456789abcdef"[c&15]}) }

// escapePath percent-encodes what has a meaning in a path or a path template.
func escapePath(name string) string {
	var b strings.Builder
	for _, c := range []byte(name) {
		if c == '_' || c == '-' || c == '.' || c == '~' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' {
			b.WriteByte(c)
		} else {
			b.WriteString("%" + strings.ToUpper(hex(c)))
		}
	}
	return b.String()
}

func ref(kind, name string) object { return object{"$ref": "#/components/" + kind + "/" + name} }

func params(names ...string) []any {
	list := make([]any, len(names))
	for i, n := range names {
		list[i] = ref("parameters", n)
	}
	return list
}

func answer(what string, rows object) object {
	return object{"description": what, "content": object{
		"application/json":                  object{"schema": rows},
		"application/vnd.pgrst.object+json": object{"schema": object{}},
		"application/vnd.pgrst.array+json":  object{"schema": object{"type": "array"}},
		"text/csv":                          object{"schema": object{"type": "string"}},
	}}
}

func fail(what string) object {
	return object{"description": what, "content": object{"application/json": object{"schema": ref("schemas", "Error")}}}
}

// answers adds what every operation may answer.
func answers(o object) object {
	o["default"] = ref("responses", "Error")
	return o
}
