package schema

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// args collects a directive's arguments as text.
type args []string

// text adds a string unless it is empty.
func (a *args) text(name, value string) {
	if value != "" {
		*a = append(*a, name+": "+quote(value))
	}
}

// string adds a text that may have several lines; indent is where they stand.
func (a *args) string(name, value, indent string) {
	switch {
	case value == "":
	case strings.Contains(value, "\n") && blockSafe(value):
		indent += "  "
		*a = append(*a, name+`: """`+"\n"+indented(indent, value)+"\n"+indent+`"""`)
	default:
		a.text(name, value)
	}
}

func (a *args) texts(name string, values []string) {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = quote(v)
	}
	a.list(name, quoted)
}

// list adds a list of values that are written already, unless it is empty.
func (a *args) list(name string, values []string) {
	if len(values) > 0 {
		*a = append(*a, name+": ["+strings.Join(values, ", ")+"]")
	}
}

// word adds SQL's words as one: SET NULL is SET_NULL.
func (a *args) word(name, value string) {
	if value != "" {
		*a = append(*a, name+": "+strings.ReplaceAll(strings.ToUpper(value), " ", "_"))
	}
}

func (a *args) flag(name string, set bool) {
	if set {
		*a = append(*a, name+": true")
	}
}

// directive writes @name(…); where that is long or has several lines, every argument gets a line of its own.
func (a args) directive(name string) string { return a.directiveAt(name, "  ") }

func (a args) directiveAt(name, indent string) string {
	if len(a) == 0 {
		return "@" + name
	}
	line := "@" + name + "(" + strings.Join(a, ", ") + ")"
	if !strings.Contains(line, "\n") && utf8.RuneCountInString(line) < lineMax {
		return line
	}
	return "@" + name + "(\n" + indent + "  " + strings.Join(a, "\n"+indent+"  ") + "\n" + indent + ")"
}

// quote writes a GraphQL string.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case r < 0x20 || r == 0x7f || r == 0xfeff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// blockSafe says whether a text comes back from a block string as it went in, indented by any amount.
func blockSafe(s string) bool {
	if strings.Contains(s, `"""`) || strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 && r != '\n' && r != '\t' || r == 0x7f || r == 0xfeff }) {
		return false
	}
	lines := strings.Split(s, "\n")
	flush := false // a line that isn't indented
	for i, line := range lines {
		blank := strings.Trim(line, " \t") == ""
		if blank && (line != "" || i == 0 || i == len(lines)-1) {
			return false
		}
		flush = flush || !blank && line[0] != ' ' && line[0] != '\t'
	}
	return flush
}

// indented puts an indent before every line that isn't empty.
func indented(indent, s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		if line != "" {
			lines[i] = indent + line
		}
	}
	return strings.Join(lines, "\n")
}

var bareNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)

// literal writes a constant of a type: numbers and truth values as they are, all else in quotes.
func literal(text string, t Type) string {
	t = t.Underlying()
	if t.Array {
		return quote(text)
	}
	switch t.Base {
	case Bool:
		if text == "true" || text == "false" {
			return text
		}
	case Int2, Int4, Int8, Float4, Float8, Numeric:
		if bareNumber.MatchString(text) {
			return text
		}
	}
	return quote(text)
}
