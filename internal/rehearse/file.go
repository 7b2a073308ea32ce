package rehearse

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/shape"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// Write writes a capture as JSON with one line for each table, column, foreign key, shape and argument, so that Git shows what
// changed. Two captures that hold the same are the same bytes.
func Write(c *Capture) ([]byte, error) {
	w := &fileWriter{}
	head := *c
	head.Tables, head.Shapes, head.Notes = nil, nil, nil
	w.open("", head, "tables", "shapes")
	w.list("tables", len(c.Tables), func(i int) {
		t := c.Tables[i]
		columns, fans := t.Columns, t.FanOuts
		t.Columns, t.FanOuts = nil, nil
		w.open(" ", t)
		if len(columns) > 0 {
			w.list("columns", len(columns), func(i int) { w.line("  ", columns[i]) })
		}
		if len(fans) > 0 {
			w.list("fan_outs", len(fans), func(i int) { w.line("  ", fans[i]) })
		}
		w.b.WriteString("}")
	})
	w.list("shapes", len(c.Shapes), func(i int) {
		s := c.Shapes[i]
		arguments := s.Arguments
		s.Arguments = nil
		w.open(" ", s)
		if len(arguments) > 0 {
			w.list("arguments", len(arguments), func(i int) { w.line("  ", arguments[i]) })
		}
		w.b.WriteString("}")
	})
	if len(c.Notes) > 0 {
		w.list("notes", len(c.Notes), func(i int) { w.line(" ", c.Notes[i]) })
	}
	w.b.WriteString("\n}\n")
	if w.err != nil {
		return nil, fmt.Errorf("write a capture: %w", w.err)
	}
	if w.b.Len() > CaptureBytesMax {
		return nil, fmt.Errorf("write a capture: it has %d bytes, more than %d", w.b.Len(), CaptureBytesMax)
	}
	return w.b.Bytes(), nil
}

type fileWriter struct {
	b   bytes.Buffer
	err error
}

func (w *fileWriter) json(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil && w.err == nil {
		w.err = err
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// line writes a value on a line of its own.
func (w *fileWriter) line(indent string, v any) { w.b.WriteString(indent + w.json(v)) }

// open writes an object without its end, and without the keys that are named.
func (w *fileWriter) open(indent string, v any, without ...string) {
	text := w.json(v)
	for _, key := range without {
		text = strings.Replace(text, `,"`+key+`":null`, "", 1)
	}
	text = strings.TrimSuffix(text, "}")
	if indent == "" { // the whole capture: one line a key
		text = "{\n" + strings.ReplaceAll(text[1:], `,"`, ",\n\"")
	}
	w.b.WriteString(indent + text)
}

// list writes a key whose value is a list, one element a line.
func (w *fileWriter) list(key string, n int, each func(i int)) {
	w.b.WriteString(",\n\"" + key + "\":[")
	for i := range n {
		if i > 0 {
			w.b.WriteByte(',')
		}
		w.b.WriteByte('\n')
		each(i)
	}
	w.b.WriteByte(']')
}

// Read reads a capture and checks it: what comes back holds what the types promise. An error says what is wrong with the file, and
// what to do.
func Read(from io.Reader) (*Capture, error) {
	text, err := io.ReadAll(io.LimitReader(from, CaptureBytesMax+1))
	if err != nil {
		return nil, err
	}
	if len(text) > CaptureBytesMax {
		return nil, fmt.Errorf("it has more than %d MiB: no capture of Pintail's is so large", CaptureBytesMax>>20)
	}
	var head struct {
		Format *int `json:"pintail_capture"`
	}
	err = json.Unmarshal(text, &head)
	var kind *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case len(bytes.TrimSpace(text)) == 0:
		return nil, errors.New("it is empty; `pintail rehearse --capture FILE` writes one")
	case errors.As(err, &syntax) && syntax.Offset >= int64(len(text)):
		return nil, errors.New("it is cut short: copy it again, or take it anew with `pintail rehearse --capture FILE`")
	case errors.As(err, &syntax):
		return nil, fmt.Errorf("it is no JSON (line %d): a capture is written by `pintail rehearse --capture FILE`", 1+bytes.Count(text[:syntax.Offset], []byte("\n")))
	case errors.As(err, &kind), err == nil && head.Format == nil:
		return nil, errors.New("it is no capture of Pintail's, but some other JSON: `pintail rehearse --capture FILE` writes one")
	case err != nil:
		return nil, err
	case *head.Format > Format:
		return nil, fmt.Errorf("its format is %d and this Pintail reads %d: it was written by a later version; update this one", *head.Format, Format)
	case *head.Format != Format:
		return nil, fmt.Errorf("its format is %d and this Pintail reads %d: take it anew with `pintail rehearse --capture FILE`", *head.Format, Format)
	}
	c := &Capture{}
	r := json.NewDecoder(bytes.NewReader(text))
	r.DisallowUnknownFields()
	if err := r.Decode(c); err != nil {
		return nil, fmt.Errorf("it isn't as Pintail writes it: %w", plainError(err))
	}
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("it isn't as Pintail writes it: %w", err)
	}
	return c, nil
}

func plainError(err error) error {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Errorf("%s is a JSON %s", kind.Field, kind.Value)
	}
	return err
}

// Limits of what a capture that is read may hold.
const (
	tablesMax    = 20_000
	columnsMax   = 2_000
	argumentsMax = 10_000
	nameBytesMax = 1_000
	notesMax     = 1_000
)

// check holds a capture from elsewhere to what the types promise.
func (c *Capture) check() error {
	k := &checker{}
	k.text("engine", c.Engine)
	k.that(c.Engine == "sqlite" || c.Engine == "postgres", "engine %.20q is neither sqlite nor postgres", c.Engine)
	k.text("server", c.Server)
	k.text("pintail", c.Pintail)
	k.text("schema", c.Schema)
	k.that(!c.Taken.IsZero(), "it doesn't say when it was taken")
	k.that(len(c.Tables) <= tablesMax, "it has %d tables, more than %d", len(c.Tables), tablesMax)
	k.that(len(c.Shapes) <= ShapesMax, "it has %d shapes, more than %d", len(c.Shapes), ShapesMax)
	k.that(len(c.Notes) <= notesMax, "it has %d notes, more than %d", len(c.Notes), notesMax)
	for i, n := range c.Notes {
		k.text(fmt.Sprintf("note %d", i+1), n)
	}
	names := map[string]bool{}
	for i := range c.Tables {
		t := &c.Tables[i]
		k.that(!names[t.Name], "table %.80q stands in it twice", t.Name)
		names[t.Name] = true
		k.table(t)
	}
	ids := map[string]bool{}
	for i := range c.Shapes {
		s := &c.Shapes[i]
		k.that(!ids[s.ID], "shape %.20q stands in it twice", s.ID)
		ids[s.ID] = true
		k.shape(s)
	}
	return k.err
}

// A checker keeps the first thing that is wrong.
type checker struct {
	err error
	of  string // the table or shape that is looked at
}

func (k *checker) that(holds bool, format string, args ...any) {
	if !holds && k.err == nil {
		k.err = fmt.Errorf(k.of+format, args...)
	}
}

func (k *checker) text(what, s string) {
	k.that(len(s) <= nameBytesMax, "%s has %d bytes, more than %d", what, len(s), nameBytesMax)
	k.that(!strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || r == utf8.RuneError }), "%s has letters that can't be printed", what)
}

func (k *checker) name(what, s string) {
	k.that(s != "", "%s is empty", what)
	k.text(what, s)
}

// countMost is more than any database holds, and so little that sums and multiples of it are numbers still.
const countMost = 1 << 48

func (k *checker) count(what string, n int64) {
	k.that(n >= 0 && n <= countMost, "%s is %d, and must lie between 0 and %d", what, n, int64(countMost))
}

func (k *checker) share(what string, x float64) {
	k.that(x >= 0 && x <= 1, "%s is %g, and must lie between 0 and 1", what, x)
}

func (k *checker) shares(what string, list []float64, most int) {
	k.that(len(list) <= most, "%s has %d numbers, more than %d", what, len(list), most)
	for _, x := range list {
		k.share(what, x)
	}
}

func (k *checker) in(of string, f func()) {
	old := k.of
	if k.err == nil {
		k.of += strings.ReplaceAll(of, "%", "%%")
		f()
	}
	k.of = old
}

func (k *checker) lengths(what string, l *Lengths) {
	k.that(l == nil || 0 <= l.Min && l.Min <= l.P50 && l.P50 <= l.P95 && l.P95 <= l.Max, "%s don't rise", what)
}

func (k *checker) sizes(what string, s *shape.Sizes) {
	k.that(s == nil || -1 <= s.P50 && s.P50 <= s.P95 && s.P95 <= s.Max, "%s don't rise", what)
}

func (k *checker) table(t *Table) {
	k.name("a table's name", t.Name)
	k.in(fmt.Sprintf("table %.80q: ", t.Name), func() {
		k.count("rows", t.Rows)
		k.count("sampled", t.Sampled)
		k.count("bytes", t.Bytes)
		k.that(len(t.Columns) <= columnsMax, "it has %d columns, more than %d", len(t.Columns), columnsMax)
		k.that(len(t.FanOuts) <= columnsMax, "it has %d foreign keys, more than %d", len(t.FanOuts), columnsMax)
		names := map[string]bool{}
		for i := range t.Columns {
			c := &t.Columns[i]
			k.that(!names[c.Name], "column %.80q stands in it twice", c.Name)
			names[c.Name] = true
			k.name("a column's name", c.Name)
			k.in(fmt.Sprintf("column %.80q: ", c.Name), func() { k.column(c) })
		}
		for i := range t.FanOuts {
			f := &t.FanOuts[i]
			k.name("the table that is referred to", f.To)
			k.that(len(f.Columns) > 0, "a foreign key has no columns")
			for _, c := range f.Columns {
				k.that(names[c] || len(t.Columns) == 0, "a foreign key has the column %.80q, which the table hasn't", c)
			}
			k.in(fmt.Sprintf("foreign key to %.80q: ", f.To), func() { k.fanOut(f) })
		}
	})
}

func (k *checker) column(c *Column) {
	k.share("nulls", c.Nulls)
	k.count("distinct", c.Distinct)
	k.shares("grows", c.Grows[:], 3)
	k.shares("common", c.Common, CommonMax)
	sum := 0.0
	for _, x := range c.Common {
		sum += x
	}
	k.that(sum <= 1.05, "the shares of its commonest values add up to %g", sum)
	k.shares("labels", c.Labels, columnsMax)
	k.shares("spread", c.Spread, 9)
	k.that(len(c.Spread) == 0 || len(c.Spread) == 9, "spread has %d numbers, and must have 9", len(c.Spread))
	k.that(c.Order >= -1.001 && c.Order <= 1.001, "order is %g, and must lie between -1 and 1", c.Order)
	k.lengths("lengths", c.Lengths)
	k.lengths("elements", c.Elements)
}

func (k *checker) fanOut(f *FanOut) {
	k.count("parents", f.Parents)
	k.count("sampled", f.Sampled)
	k.share("childless", f.Childless)
	k.share("together", f.Together)
	k.text("unknown", f.Unknown)
	k.that(len(f.Degrees) <= 200, "it has %d bars, more than 200", len(f.Degrees))
	last := int64(0)
	for _, d := range f.Degrees {
		k.that(d.Most > last && d.Most <= countMost, "its bars don't rise")
		last = d.Most
		k.share("parents of a bar", d.Parents)
		k.share("children of a bar", d.Children)
	}
	k.that(len(f.Top) <= CommonMax, "top has %d numbers, more than %d", len(f.Top), CommonMax)
	for _, n := range f.Top {
		k.count("top", n)
	}
}

// shapeID is what shape.Shape.ID may be.
var shapeID = regexp.MustCompile(`^[0-9a-f]{1,64}$`)

func (k *checker) shape(s *Shape) {
	k.that(shapeID.MatchString(s.ID), "a shape's id is %.40q, and must be hex digits", s.ID)
	k.in(fmt.Sprintf("shape %.20q: ", s.ID), func() {
		k.name("role", s.Role)
		k.name("label", s.Label)
		k.count("calls", s.Calls)
		k.count("errors", s.Errors)
		k.count("p50", s.P50)
		k.count("p99", s.P99)
		k.that(s.Rate >= 0 && !math.IsInf(s.Rate, 0), "rate is %g", s.Rate)
		k.that(s.Rows >= 0 && !math.IsInf(s.Rows, 0), "rows is %g", s.Rows)
		if k.err == nil {
			if _, err := query.Decode(s.Query); err != nil {
				k.that(false, "%v", err)
			}
		}
		k.that(len(s.Arguments) <= argumentsMax, "it has %d arguments, more than %d", len(s.Arguments), argumentsMax)
		for i := range s.Arguments {
			k.in(fmt.Sprintf("argument %d: ", i), func() { k.argument(&s.Arguments[i]) })
		}
	})
}

func (k *checker) argument(a *Argument) {
	k.that(shape.IsKind(a.Kind), "kind %.20q is none", a.Kind)
	k.text("column", a.Column)
	k.text("op", a.Op)
	k.count("distinct", a.Distinct)
	k.shares("shares", a.Shares, sharesMax)
	k.sizes("sizes", a.Sizes)
	k.sizes("letters", a.Letters)
	k.sizes("prefix", a.Prefix)
	k.share("wild", a.Wild)
	k.that(len(a.Examples) <= 3, "it has %d examples, more than 3", len(a.Examples))
	for _, e := range a.Examples {
		k.that(e.Kind == shape.Typical || e.Kind == shape.P95 || e.Kind == shape.Hottest, "an example is %.20q", e.Kind)
		k.that(e.Rank >= 1, "an example's rank is %d", e.Rank)
		k.that(e.Size >= 0, "an example's size is %d", e.Size)
		if e.Matches != nil {
			k.count("matches", *e.Matches)
		}
		if e.Position != nil {
			k.share("position", *e.Position)
		}
		if e.Label != nil {
			k.that(*e.Label >= 0, "label is %d", *e.Label)
		}
	}
}

// Missing says what of a capture the schema no longer has: tables, columns, and shapes that can't be planned. A shape that only
// names what is missing isn't replayed; the rest is as good as before.
func (c *Capture) Missing(s *schema.Schema) []string {
	var list []string
	for i := range c.Tables {
		t := tableNamed(s, c.Tables[i].Name)
		if t == nil {
			list = append(list, "table "+c.Tables[i].Name)
			continue
		}
		for j := range c.Tables[i].Columns {
			if name := c.Tables[i].Columns[j].Name; !hasColumn(t, name) {
				list = append(list, "column "+c.Tables[i].Name+"."+name)
			}
		}
	}
	for i := range c.Shapes {
		if _, err := c.Shapes[i].Plan(s); err != nil {
			list = append(list, "shape "+c.Shapes[i].ID+" ("+c.Shapes[i].Label+")")
		}
	}
	return list
}

// Plan builds the shape's query and resolves it against a schema. Its arguments are empty, in the order of Arguments.
func (s *Shape) Plan(on *schema.Schema) (*plan.Plan, error) {
	q, err := query.Decode(s.Query)
	if err != nil {
		return nil, err
	}
	query.Parameterize(q, nil)
	return plan.Resolve(q, on, planOptions)
}

// tableNamed finds a table by its name in a capture; nil where there is none.
func tableNamed(s *schema.Schema, name string) *schema.Table {
	for _, t := range s.Tables {
		if t.View == nil && tableName(s, t) == name {
			return t
		}
	}
	return nil
}

func hasColumn(t *schema.Table, name string) bool {
	_, ok := t.Column(name)
	return ok
}
