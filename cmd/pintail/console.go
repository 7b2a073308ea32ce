package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A console is where a verb reads and writes.
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

// harmless is visible on one line, without colours.
func harmless(text string) string {
	return strings.NewReplacer("\n", "·", "\t", "·").Replace(visible(text, false))
}

// print writes a value to standard output as JSON that people can read too.
func (c console) print(v any) error {
	e := json.NewEncoder(c.out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
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

// table writes rows in columns, each as wide as its widest cell; the first row is the heading. Columns whose heading begins
// with ">" stand to the right.
func table(w io.Writer, rows [][]string) error {
	if len(rows) == 0 {
		return nil
	}
	right := make([]bool, len(rows[0]))
	width := make([]int, len(rows[0]))
	for i, head := range rows[0] {
		if rest, ok := strings.CutPrefix(head, ">"); ok {
			right[i], rows[0][i] = true, rest
		}
	}
	for _, row := range rows {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	p := painter(w)
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
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

// counted is "1 row" or "2 rows".
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(int64(n)) + " " + many
}

// joined lists at most so many names.
func joined(names []string, most int) string {
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + " and " + counted(len(names)-most, "other", "others")
}
