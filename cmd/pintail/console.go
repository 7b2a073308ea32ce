package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// A console is where a verb reads and writes. What it writes goes by the methods below, none of which lets a name from a database drive the
// terminal: say and put for people, print and event for programs that read JSON, data for those that read anything else.
type console struct {
	in       io.Reader
	out, err io.Writer
}

// terminal says whether w is a person's screen.
func terminal(w io.Writer) bool {
	f, ok := fileOf(w)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// say writes a line for people to standard error.
func (c console) say(format string, args ...any) {
	fmt.Fprintln(c.err, visible(fmt.Sprintf(format, args...), painter(c.err)))
}

// put writes a text for people to standard output.
func (c console) put(text string) error {
	_, err := io.WriteString(c.out, visible(text, painter(c.out)))
	return err
}

// data writes to standard output what another program reads, as it is; to a terminal only what is visible of it.
func (c console) data(text string) error {
	if terminal(c.out) {
		return c.put(text)
	}
	_, err := io.WriteString(c.out, text)
	return err
}

// visible takes out of a text for people what would move a terminal's cursor, drive it, or turn the order of letters: names come from
// schema files, databases and captures. What is painted stays so.
func visible(text string, p paint) string {
	var b strings.Builder
	b.Grow(len(text))
	for i := 0; i < len(text); {
		if n := p.code(text[i:]); n > 0 {
			b.WriteString(text[i : i+n])
			i += n
			continue
		}
		r, n := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == '\n', r == '\t', unicode.IsPrint(r) && (r != utf8.RuneError || n > 1):
			b.WriteString(text[i : i+n])
		default:
			b.WriteString("·")
		}
		i += n
	}
	return b.String()
}

// onOneLine is visible on one line, so that nothing looks like another line.
func onOneLine(text string, p paint) string {
	return strings.NewReplacer("\n", "·", "\t", "·").Replace(visible(text, p))
}

// harmless is onOneLine without colours: for a name, which is painted afterwards if at all.
func harmless(text string) string { return onOneLine(text, false) }

// print writes a value to standard output as JSON that people can read too.
func (c console) print(v any) error { return c.encode(v, "  ") }

// event writes a value as a line of JSON.
func (c console) event(v any) error { return c.encode(v, "") }

func (c console) encode(v any, indent string) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	if err := e.Encode(v); err != nil {
		return err
	}
	_, err := io.WriteString(c.out, escaped(b.String()))
	return err
}

// escaped writes in JSON, of what stands in its strings, by its number what visible takes out: the value is the same.
func escaped(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	for _, r := range text {
		if r == '\n' || unicode.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}

// A paint colours text for one writer: not at all unless that is a terminal that wants it (no-color.org).
type paint bool

func painter(w io.Writer) paint {
	return paint(terminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb")
}

func (p paint) with(code, s string) string {
	if !p || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// code is the length of the colour that a text begins with, of those that a paint has; 0 for none.
func (p paint) code(text string) int {
	if !bool(p) || !strings.HasPrefix(text, "\x1b[") {
		return 0
	}
	for _, code := range []string{"0", "1", "2", "31", "32", "33"} {
		if strings.HasPrefix(text[2:], code+"m") {
			return len("\x1b[m") + len(code)
		}
	}
	return 0
}

func (p paint) bold(s string) string   { return p.with("1", s) }
func (p paint) dim(s string) string    { return p.with("2", s) }
func (p paint) red(s string) string    { return p.with("31", s) }
func (p paint) green(s string) string  { return p.with("32", s) }
func (p paint) yellow(s string) string { return p.with("33", s) }

// table gives rows in columns, each as wide as its widest cell; the first row is the heading. Columns whose heading begins
// with ">" stand to the right.
func table(p paint, rows [][]string) string {
	if len(rows) == 0 {
		return ""
	}
	var out strings.Builder
	right := make([]bool, len(rows[0]))
	width := make([]int, len(rows[0]))
	for i, head := range rows[0] {
		if rest, ok := strings.CutPrefix(head, ">"); ok {
			right[i], rows[0][i] = true, rest
		}
	}
	for _, row := range rows {
		for i, cell := range row {
			row[i] = harmless(cell)
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	for n, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			gap := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
			if i > 0 {
				b.WriteString("  ")
			}
			if right[i] {
				b.WriteString(gap + cell)
			} else {
				b.WriteString(cell + gap)
			}
		}
		line := strings.TrimRight(b.String(), " ")
		if n == 0 {
			line = p.dim(line)
		}
		out.WriteString(line + "\n")
	}
	return out.String()
}

// counted is "1 row" or "2 rows".
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(int64(n)) + " " + many
}

// joined lists at most so many names, on one line.
func joined(names []string, most int) string {
	list := harmless(strings.Join(names[:min(len(names), most)], ", "))
	if len(names) <= most {
		return list
	}
	return list + " and " + counted(len(names)-most, "other", "others")
}
