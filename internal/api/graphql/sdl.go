package graphql

import (
	"bufio"
	"io"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// WriteSDL writes all types in GraphQL's schema language, sorted by name, as introspection would tell of them.
func (t *Types) WriteSDL(to io.Writer) error {
	w := &sdl{Writer: bufio.NewWriter(to)}
	w.comment("", t.schema.Comment)
	w.WriteString("schema {\n  query: query_root\n")
	if !t.mutation.empty() {
		w.WriteString("  mutation: mutation_root\n")
	}
	w.WriteString("}\n")
	for i := range directives {
		if d := &directives[i]; d.name != "skip" && d.name != "include" { // which every schema has
			w.directive(d)
		}
	}
	for _, name := range t.Names() {
		switch {
		case strings.HasPrefix(name, "__"), name == "Int", name == "Float", name == "String", name == "Boolean":
		default:
			w.WriteByte('\n')
			w.typ(t.make(name))
		}
	}
	return w.Flush()
}

type sdl struct{ *bufio.Writer }

func (w *sdl) typ(t *Type) {
	w.comment("", t.Description)
	switch t.Kind {
	case ast.Scalar:
		w.WriteString("scalar " + t.Name + "\n")
		return
	case ast.Object:
		w.WriteString("type ")
	case ast.InputObject:
		w.WriteString("input ")
	case ast.Enum:
		w.WriteString("enum ")
	}
	w.WriteString(t.Name + " {\n")
	for f := range t.All() {
		w.comment("  ", f.Description)
		w.WriteString("  " + f.Name)
		w.args(f.Args, "  ")
		w.WriteString(": " + f.Type.String())
		w.byDefault(f)
		w.WriteByte('\n')
	}
	for _, v := range t.Values {
		w.comment("  ", v.Description)
		w.WriteString("  " + v.Name + "\n")
	}
	w.WriteString("}\n")
}

func (w *sdl) directive(d *directive) {
	w.WriteByte('\n')
	w.comment("", d.text)
	w.WriteString("directive @" + d.name)
	w.args(d.args, "")
	w.WriteString(" on")
	for i, on := range d.on {
		if i > 0 {
			w.WriteString(" |")
		}
		w.WriteString(" " + string(on))
	}
	w.WriteByte('\n')
}

// args writes arguments, one a line.
func (w *sdl) args(list []*Field, indent string) {
	if len(list) == 0 {
		return
	}
	w.WriteString("(\n")
	for _, a := range list {
		w.comment(indent+"  ", a.Description)
		w.WriteString(indent + "  " + a.Name + ": " + a.Type.String())
		w.byDefault(a)
		w.WriteByte('\n')
	}
	w.WriteString(indent + ")")
}

func (w *sdl) byDefault(f *Field) {
	if f.Default != nil {
		w.WriteString(" = " + f.Default.String())
	}
}

// comment writes a description: on one line as a string, else as a block string. A block string can't hold every text: its
// indentation is taken away, and of control characters it has only tabs and line ends.
func (w *sdl) comment(indent, text string) {
	if text == "" {
		return
	}
	lines := strings.Split(text, "\n")
	block := len(lines) > 1 && !strings.HasPrefix(text, " ") && strings.TrimSpace(text) == text
	for _, line := range lines {
		block = block && !strings.HasPrefix(line, " ") && !strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r == 0x7F || r == 0xFFFD })
	}
	if !block {
		w.WriteString(indent + string(appendJSONString(nil, text)) + "\n")
		return
	}
	w.WriteString(indent + `"""` + "\n")
	for _, line := range lines {
		if line != "" {
			line = indent + strings.ReplaceAll(line, `"""`, `\"""`)
		}
		w.WriteString(line + "\n")
	}
	w.WriteString(indent + `"""` + "\n")
}
