package schema

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// lineMax is where a type's directives are put on lines of their own.
const lineMax = 120

// Print writes a schema as the file that Parse reads: canonical, and only what differs from the defaults. Named queries stay
// in their own files. It calls Spell.
func Print(s *Schema) string {
	s.Spell()
	w := &printer{s: s, taken: map[string]bool{}}
	for _, t := range s.Tables {
		w.taken[t.Type] = true
	}
	for _, e := range s.Enums {
		w.taken[e.Type] = true
	}
	for _, c := range s.Composites {
		w.taken[c.Type] = true
	}
	for _, d := range s.Domains {
		w.taken[d.Type] = true
	}
	w.settings()
	for _, x := range s.Scalars {
		w.head(x.Comment, "scalar "+x.Type, w.named("type", x.Name, x.Type))
		w.b.WriteString("\n")
	}
	for _, d := range s.Domains {
		w.domain(d)
	}
	for _, e := range s.Enums {
		w.enum(e)
	}
	for _, c := range s.Composites {
		d := w.named("composite", c.Name, c.Type)
		if d == "" {
			d = "@composite"
		}
		w.head(c.Comment, "type "+c.Type, d)
		w.columns(c.Columns)
	}
	for _, t := range s.Tables {
		w.table(t)
	}
	w.functions()
	return strings.TrimPrefix(w.b.String(), "\n")
}

// hash is a version of the schema: of its file, and of its named queries.
func (s *Schema) hash() string {
	h := sha256.New()
	h.Write([]byte(Print(s)))
	for _, f := range s.Functions {
		if f.Query != nil {
			fmt.Fprintf(h, "\x00%s\x00%s\x00%s", f.signature(), f.Query.Postgres, f.Query.SQLite)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

type printer struct {
	b     strings.Builder
	s     *Schema
	taken map[string]bool // names of the file, which shadow PostgreSQL's own
}

// head writes a definition's description, and its first line with the directives, on lines of their own where they are long.
func (w *printer) head(comment, what string, directives ...string) {
	directives = slices.DeleteFunc(directives, func(d string) bool { return d == "" })
	w.b.WriteString("\n")
	w.comment("", comment)
	line := strings.Join(append([]string{what}, directives...), " ")
	if utf8.RuneCountInString(line) <= lineMax && !strings.Contains(line, "\n") {
		w.b.WriteString(line)
		return
	}
	w.b.WriteString(what)
	if len(directives) > 0 && !strings.Contains(directives[0], "\n") {
		w.b.WriteString(" " + directives[0])
		directives = directives[1:]
	}
	for _, d := range directives {
		w.b.WriteString("\n  " + d)
	}
	w.b.WriteString("\n")
}

// open begins a definition's fields.
func (w *printer) open() {
	if !strings.HasSuffix(w.b.String(), "\n") {
		w.b.WriteString(" ")
	}
	w.b.WriteString("{\n")
}

// end closes a definition without fields.
func (w *printer) end() {
	if !strings.HasSuffix(w.b.String(), "\n") {
		w.b.WriteString("\n")
	}
}

func (w *printer) comment(indent, text string) {
	switch {
	case text == "":
	case strings.Contains(text, "\n") && blockSafe(text):
		w.b.WriteString(indent + `"""` + "\n" + indented(indent, text) + "\n" + indent + `"""` + "\n")
	default:
		w.b.WriteString(indent + quote(text) + "\n")
	}
}

func (w *printer) settings() {
	s := w.s
	var d args
	d.text("title", s.Title)
	d.string("comment", s.Comment, "  ")
	if len(s.Exposed) > 0 && s.Exposed[0] == s.Default {
		if s.Default != "public" && len(s.Exposed) == 1 {
			d.text("default", s.Default)
		}
	} else {
		d.text("default", s.Default)
	}
	if len(s.Exposed) != 1 || s.Exposed[0] != s.Default {
		d.texts("exposed", s.Exposed)
	}
	d.texts("search_path", s.SearchPath)
	d.word("engine", s.Engine)
	if len(d) > 0 {
		w.head("", "extend schema", d.directive("database"))
		w.end()
	}
}

// named writes @type(name:, schema:) and its like; nothing where the name is the file's.
func (w *printer) named(directive string, n Name, typ string) string {
	d := w.nameArgs(n, typ)
	if len(d) == 0 {
		return ""
	}
	return d.directive(directive)
}

func (w *printer) nameArgs(n Name, typ string) args {
	n = w.s.qualify(n)
	var d args
	if n.Name != typ {
		d.text("name", n.Name)
	}
	d.text("schema", n.Schema)
	return d
}

func (w *printer) domain(x *Domain) {
	d := w.nameArgs(x.Name, x.Type)
	text := typeText(x.Base)
	if x.Base.Array {
		text += "[]"
	}
	d.text("type", text)
	d.flag("not_null", x.NotNull)
	d.string("default", x.Default, "  ")
	var checks []string
	for _, c := range x.Checks {
		var o args
		o.text("name", c.Name)
		o.string("postgres", c.Postgres, "")
		checks = append(checks, "{"+strings.Join(o, ", ")+"}")
	}
	d.list("checks", checks)
	d.text("to_json", x.ToJSON)
	d.text("from_json", x.FromJSON)
	d.text("from_text", x.FromText)
	w.head(x.Comment, "scalar "+x.Type, append([]string{d.directive("domain")}, w.handlers(x)...)...)
	w.end()
}

func (w *printer) enum(e *Enum) {
	w.head(e.Comment, "enum "+e.Type, w.named("type", e.Name, e.Type), renamed(e.RenamedFrom))
	if len(e.Values) == 0 {
		w.end()
		return
	}
	w.open()
	for _, v := range e.Values {
		w.comment("  ", v.Comment)
		var d args
		if v.Value != v.Field {
			d = append(d, "name: "+quote(v.Value))
		}
		line := []string{"  " + v.Field}
		if len(d) > 0 {
			line = append(line, d.directive("value"))
		}
		if v.RenamedFrom != "" {
			line = append(line, renamed(v.RenamedFrom))
		}
		w.b.WriteString(strings.Join(line, " ") + "\n")
	}
	w.b.WriteString("}\n")
}

func renamed(from string) string {
	if from == "" {
		return ""
	}
	return "@renamed(from: " + quote(from) + ")"
}

// columns writes the fields of a composite type or a result.
func (w *printer) columns(columns []*Column) {
	if len(columns) == 0 {
		w.end()
		return
	}
	w.open()
	for _, c := range columns {
		w.comment("  ", c.Comment)
		w.b.WriteString("  " + c.Field + ": " + w.typeOf(c.Type, c.NotNull))
		if d := w.columnArgs(c); len(d) > 0 {
			w.b.WriteString(" " + d.directive("column"))
		}
		w.b.WriteString("\n")
	}
	w.b.WriteString("}\n")
}

// typeOf writes a type for a field.
func (w *printer) typeOf(t Type, notNull bool) string {
	name, ok := w.s.scalarName(t, w.taken)
	if !ok {
		panic("schema: type " + t.String() + " has no name; Spell gives it one")
	}
	if t.Array {
		name = "[" + name + "!]"
	}
	if notNull {
		name += "!"
	}
	return name
}

// saidType gives what a scalar's name can't say of a type; empty for nothing.
func (w *printer) saidType(t Type) string {
	if t.Domain != nil || t.Enum != nil || t.Composite != nil {
		return ""
	}
	scalar, isCore := scalarOf(t)
	if t.Modifier != "" || isCore && scalar == "String" && t.Name != "text" {
		return typeText(t)
	}
	return ""
}

func (w *printer) functions() {
	results := map[string]bool{}
	roots := map[bool][]*Function{}
	for _, f := range w.s.Functions {
		if f.Query != nil {
			continue
		}
		roots[f.Volatile] = append(roots[f.Volatile], f)
		if r := f.Returns; len(r.Out) > 0 && !results[r.Field] {
			results[r.Field] = true
			w.head("", "type "+r.Field, "@result")
			w.columns(r.Out)
		}
	}
	for _, volatile := range []bool{false, true} {
		if len(roots[volatile]) == 0 {
			continue
		}
		w.head("", map[bool]string{false: "type Query", true: "type Mutation"}[volatile])
		w.open()
		for _, f := range roots[volatile] {
			w.function(f)
		}
		w.b.WriteString("}\n")
	}
}

func (w *printer) function(f *Function) {
	w.comment("  ", f.Comment)
	line := "  " + f.Field
	var list []string
	for _, a := range f.Args {
		arg := a.Field + ": " + w.typeOf(a.Type, false)
		var d args
		if a.Name != a.Field {
			d = append(d, "name: "+quote(a.Name))
		}
		d.text("type", w.saidType(a.Type))
		d.flag("optional", a.Optional)
		d.flag("variadic", a.Variadic)
		if len(d) > 0 {
			arg += " " + d.directive("arg")
		}
		if a.Comment != "" {
			arg = quote(a.Comment) + " " + arg
		}
		list = append(list, arg)
	}
	if len(list) > 0 {
		line += "(" + strings.Join(list, ", ") + ")"
	}
	r := f.Returns
	d := w.nameArgs(f.Name, f.Field)
	var gives string
	switch {
	case r.Void:
		gives = "void"
	case r.Record:
		gives = "record"
	case r.Table != nil:
		gives = r.Table.Type
	case len(r.Out) > 0:
		gives = r.Field
	default:
		gives = w.typeOf(r.Type, false)
		d.flag("array", r.Type.Array && !r.SetOf)
		d.text("type", w.saidType(r.Type))
	}
	if r.SetOf {
		gives = "[" + gives + "!]!"
	}
	d.flag("one", r.One)
	d.text("computed", f.Computed)
	d.flag("immutable", !f.Volatile && !f.Stable)
	var settings []string
	for _, k := range slices.Sorted(maps.Keys(f.Settings)) {
		settings = append(settings, k+"="+f.Settings[k])
	}
	d.texts("settings", settings)
	d.string("postgres", f.Postgres, "    ")
	line += ": " + gives + " " + d.directiveAt("function", "  ")
	for _, p := range f.Policies {
		line += " " + w.policy(nil, p)
	}
	w.b.WriteString(line + "\n")
}
