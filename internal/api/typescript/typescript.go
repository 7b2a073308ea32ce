// Package typescript writes the Database type that supabase-js takes: createClient<Database>(url, key). Its form is that
// of `supabase gen types typescript` (supabase.com/docs/guides/api/rest/generating-types): per PostgreSQL schema the
// tables with Row, Insert, Update and Relationships, the views, functions, enums and composite types.
package typescript

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/pintail-dev/pintail/schema"
)

// Write gives the TypeScript text for what s exposes.
func Write(s *schema.Schema) string {
	w := &writer{s: s}
	w.line(0, "// Written by `pintail types typescript`. Don't edit: run it again after the schema changed.")
	w.line(0, "")
	w.line(0, "export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[]")
	w.line(0, "")
	w.line(0, "export type Database = {")
	w.line(1, "// lets the clients infer what this version of the dialect answers")
	w.line(1, "__InternalSupabase: { PostgrestVersion: %s }", quote("14.1"))
	for _, name := range exposed(s) {
		w.schema(name)
	}
	w.line(0, "}")
	return w.b.String()
}

type writer struct {
	s *schema.Schema
	b strings.Builder
}

func (w *writer) line(depth int, format string, args ...any) {
	if format != "" {
		w.b.WriteString(strings.Repeat("  ", depth))
	}
	fmt.Fprintf(&w.b, format, args...)
	w.b.WriteByte('\n')
}

func exposed(s *schema.Schema) []string {
	if len(s.Exposed) > 0 {
		return s.Exposed
	}
	return []string{defaultName(s)}
}

// defaultName is the name of the default schema; supabase-js asks for "public" unless told otherwise.
func defaultName(s *schema.Schema) string {
	if s.Default == "" {
		return "public"
	}
	return s.Default
}

func (w *writer) in(n schema.Name, name string) bool {
	return n.Schema == name || n.Schema == "" && name == defaultName(w.s)
}

func (w *writer) schema(name string) {
	w.line(1, "%s: {", key(name))
	var tables, views []*schema.Table
	for _, t := range w.s.Tables {
		switch {
		case !w.in(t.Name, name):
		case t.View != nil:
			views = append(views, t)
		default:
			tables = append(tables, t)
		}
	}
	w.group("Tables", tables, func(t *schema.Table) { w.table(t) })
	w.group("Views", views, func(t *schema.Table) { w.table(t) })
	w.functions(name)
	w.enums(name)
	w.composites(name)
	w.line(1, "}")
}

func (w *writer) group(title string, tables []*schema.Table, each func(*schema.Table)) {
	if len(tables) == 0 {
		w.line(2, "%s: { [_ in never]: never }", title)
		return
	}
	w.line(2, "%s: {", title)
	for _, t := range sorted(tables, func(t *schema.Table) string { return t.Name.Name }) {
		each(t)
	}
	w.line(2, "}")
}

func (w *writer) table(t *schema.Table) {
	w.line(3, "%s: {", key(t.Name.Name))
	columns := sorted(t.Columns, func(c *schema.Column) string { return c.Name })
	w.line(4, "Row: {")
	for _, c := range columns {
		w.line(5, "%s: %s", key(c.Name), w.column(c))
	}
	w.line(4, "}")
	if t.View == nil || t.View.Insertable {
		w.line(4, "Insert: {")
		for _, c := range columns {
			w.written(c, optional(c))
		}
		w.line(4, "}")
	}
	if t.View == nil || t.View.Updatable {
		w.line(4, "Update: {")
		for _, c := range columns {
			w.written(c, true)
		}
		w.line(4, "}")
	}
	w.relationships(t)
	w.line(3, "}")
}

// written writes a column as it may be sent: a generated one never.
func (w *writer) written(c *schema.Column, optional bool) {
	mark, kind := "", w.column(c)
	if optional {
		mark = "?"
	}
	if c.Generated != nil || c.Identity == schema.Always {
		mark, kind = "?", "never"
	}
	w.line(5, "%s%s: %s", key(c.Name), mark, kind)
}

func optional(c *schema.Column) bool { return !c.NotNull || c.Default != nil || c.Identity != "" }

func (w *writer) relationships(t *schema.Table) {
	var list []*schema.Relation
	for _, r := range t.Relations {
		if r.Inverse || r.Through != nil || r.Computed != nil || len(r.Columns) == 0 {
			continue
		}
		list = append(list, r)
	}
	if len(list) == 0 {
		w.line(4, "Relationships: []")
		return
	}
	w.line(4, "Relationships: [")
	for _, r := range list {
		name := r.Constraint
		if name == "" {
			name = r.Name
		}
		w.line(5, "{")
		w.line(6, "foreignKeyName: %s", quote(name))
		w.line(6, "columns: %s", names(r.Columns))
		w.line(6, "isOneToOne: %t", unique(t, r.Columns))
		w.line(6, "referencedRelation: %s", quote(r.To.Name.Name))
		w.line(6, "referencedColumns: %s", names(r.References))
		w.line(5, "},")
	}
	w.line(4, "]")
}

// unique says whether the columns hold a key of t, so that the relation is one-to-one.
func unique(t *schema.Table, columns []*schema.Column) bool {
	holds := func(k *schema.Key) bool {
		return k != nil && len(k.Columns) > 0 && !slices.ContainsFunc(k.Columns, func(c *schema.Column) bool { return !slices.Contains(columns, c) })
	}
	return holds(t.Primary) || slices.ContainsFunc(t.Uniques, holds)
}

func names(columns []*schema.Column) string {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = quote(c.Name)
	}
	return "[" + strings.Join(list, ", ") + "]"
}

func (w *writer) functions(name string) {
	byName := map[string][]*schema.Function{}
	for _, f := range w.s.Functions {
		if w.in(f.Name, name) {
			byName[f.Name.Name] = append(byName[f.Name.Name], f)
		}
	}
	if len(byName) == 0 {
		w.line(2, "Functions: { [_ in never]: never }")
		return
	}
	w.line(2, "Functions: {")
	for _, one := range sortedKeys(byName) {
		w.line(3, "%s:", key(one))
		for _, f := range byName[one] {
			w.line(4, "| { Args: %s; Returns: %s }", w.args(f), w.returns(f))
		}
	}
	w.line(2, "}")
}

func (w *writer) args(f *schema.Function) string {
	var list []string
	for _, a := range f.Args {
		name, mark := a.Name, ""
		if a.Optional {
			mark = "?"
		}
		list = append(list, key(name)+mark+": "+w.kind(a.Type))
	}
	if len(list) == 0 {
		return "Record<PropertyKey, never>"
	}
	return "{ " + strings.Join(list, "; ") + " }"
}

func (w *writer) returns(f *schema.Function) string {
	r := f.Returns
	var one string
	switch {
	case r.Void:
		return "undefined"
	case r.Table != nil:
		one = w.row(r.Table)
	case len(r.Out) > 0:
		one = w.object(r.Out)
	case r.Record:
		one = "Record<string, unknown>"
	default:
		one = w.kind(r.Type)
	}
	if r.SetOf {
		return one + "[]"
	}
	return one
}

func (w *writer) row(t *schema.Table) string {
	in := t.Name.Schema
	if in == "" {
		in = defaultName(w.s)
	}
	group := "Tables"
	if t.View != nil {
		group = "Views"
	}
	if !slices.Contains(exposed(w.s), in) {
		return w.object(t.Columns)
	}
	return fmt.Sprintf("Database[%s][%s][%s][\"Row\"]", quote(in), quote(group), quote(t.Name.Name))
}

func (w *writer) object(columns []*schema.Column) string {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = key(c.Name) + ": " + w.column(c)
	}
	return "{ " + strings.Join(list, "; ") + " }"
}

func (w *writer) enums(name string) {
	var list []*schema.Enum
	for _, e := range w.s.Enums {
		if w.in(e.Name, name) {
			list = append(list, e)
		}
	}
	if len(list) == 0 {
		w.line(2, "Enums: { [_ in never]: never }")
		return
	}
	w.line(2, "Enums: {")
	for _, e := range sorted(list, func(e *schema.Enum) string { return e.Name.Name }) {
		values := make([]string, len(e.Values))
		for i, v := range e.Values {
			values[i] = quote(v.Value)
		}
		w.line(3, "%s: %s", key(e.Name.Name), strings.Join(values, " | "))
	}
	w.line(2, "}")
}

func (w *writer) composites(name string) {
	var list []*schema.Composite
	for _, c := range w.s.Composites {
		if w.in(c.Name, name) {
			list = append(list, c)
		}
	}
	if len(list) == 0 {
		w.line(2, "CompositeTypes: { [_ in never]: never }")
		return
	}
	w.line(2, "CompositeTypes: {")
	for _, c := range sorted(list, func(c *schema.Composite) string { return c.Name.Name }) {
		w.line(3, "%s: {", key(c.Name.Name))
		for _, col := range c.Columns {
			w.line(4, "%s: %s", key(col.Name), w.column(col))
		}
		w.line(3, "}")
	}
	w.line(2, "}")
}

func (w *writer) column(c *schema.Column) string {
	if c.NotNull {
		return w.kind(c.Type)
	}
	return w.kind(c.Type) + " | null"
}

// kind is the type of a value in JSON.
func (w *writer) kind(t schema.Type) string {
	one := w.element(t)
	if !t.Array {
		return one
	}
	if strings.Contains(one, "|") {
		one = "(" + one + ")"
	}
	return one + "[]"
}

func (w *writer) element(t schema.Type) string {
	switch {
	case t.Enum != nil:
		in := t.Enum.Name.Schema
		if in == "" {
			in = defaultName(w.s)
		}
		if !slices.Contains(exposed(w.s), in) {
			return "string"
		}
		return fmt.Sprintf("Database[%s][\"Enums\"][%s]", quote(in), quote(t.Enum.Name.Name))
	case t.Composite != nil:
		return w.object(t.Composite.Columns)
	case t.Domain != nil:
		return w.kind(t.Domain.Base)
	}
	switch t.Base {
	case schema.Bool:
		return "boolean"
	case schema.Int2, schema.Int4, schema.Int8, schema.Float4, schema.Float8, schema.Numeric:
		return "number"
	case schema.JSON, schema.JSONB:
		return "Json"
	case schema.Unknown:
		return "unknown"
	}
	return "string"
}

func sorted[T any](list []T, name func(T) string) []T {
	return slices.SortedFunc(slices.Values(list), func(a, b T) int { return strings.Compare(name(a), name(b)) })
}

func sortedKeys[T any](m map[string]T) []string {
	list := make([]string, 0, len(m))
	for k := range m {
		list = append(list, k)
	}
	slices.Sort(list)
	return list
}

// key writes a property's name, quoted where it is no identifier.
func key(name string) string {
	for i, r := range name {
		if !(r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || i > 0 && '0' <= r && r <= '9') {
			return quote(name)
		}
	}
	if name == "" {
		return `""`
	}
	return name
}

// quote writes a string literal. What can't be seen, or turns the order of letters, is written by its number: U+2028 and U+2029 would end a line.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case !unicode.IsPrint(r):
			for _, unit := range utf16.AppendRune(nil, r) {
				fmt.Fprintf(&b, `\u%04x`, unit)
			}
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
