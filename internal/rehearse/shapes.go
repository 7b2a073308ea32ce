package rehearse

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/shape"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// sharesMax is how many values of an argument have their shares in a capture.
const sharesMax = 10

// Limits of looking arguments up in the live database. docs/limits.md has them.
const (
	lookTime  = 300 * time.Millisecond // for one question
	looksTime = 5 * time.Second        // for all of them
)

// TakeShapes gives the shapes' half of a capture: what a process was asked, without any value. Where st isn't nil it is asked
// how the examples' values lie in the data: how many rows they match, where an index leads with their column, and where they
// stand between the least and the greatest value. Of more than ShapesMax shapes those that took most time are kept.
func TakeShapes(ctx context.Context, book *shape.Book, s *schema.Schema, st store.Store) ([]Shape, []string) {
	var notes []string
	all := book.All()
	if over := slices.IndexFunc(all, func(sh *shape.Shape) bool { return sh.ID == "" }); over >= 0 {
		notes = append(notes, fmt.Sprintf("calls of shapes that came when the process knew as many as it keeps (%d): %d", shape.ShapesMax, all[over].Calls.Load()))
	}
	all = slices.DeleteFunc(all, func(sh *shape.Shape) bool { return sh.ID == "" || sh.Calls.Load() == 0 })
	slices.SortFunc(all, func(a, b *shape.Shape) int {
		return cmp.Or(cmp.Compare(b.Took.Load(), a.Took.Load()), cmp.Compare(a.ID, b.ID))
	})
	if n := len(all) - ShapesMax; n > 0 {
		notes = append(notes, fmt.Sprintf("shapes left out because they took least time: %d", n))
		all = all[:ShapesMax]
	}
	var look *looker
	if st != nil {
		look = &looker{store: st, schema: s, until: time.Now().Add(looksTime), spans: map[*schema.Column]span{}, counts: map[string]*int64{}}
	}
	list := make([]Shape, 0, len(all))
	left, large := 0, 0
	for _, sh := range all {
		if sh.Query == nil {
			large++
			continue
		}
		out, err := takeShape(ctx, sh, s, look)
		if err != nil { // the schema was reloaded since
			left++
			continue
		}
		list = append(list, out)
	}
	if left > 0 {
		notes = append(notes, fmt.Sprintf("shapes left out because the schema no longer has their tables or columns: %d", left))
	}
	if large > 0 {
		notes = append(notes, fmt.Sprintf("shapes left out because each is longer than %d bytes or deeper than %d, or came when all had used up %d MiB: %d", query.TemplateBytesMax, query.TemplateDepthMax, shape.TemplatesBytesMax>>20, large))
	}
	if look != nil && look.gaveUp > 0 {
		notes = append(notes, fmt.Sprintf("examples of which it isn't known how many rows they match, because that took too long: %d", look.gaveUp))
	}
	sortShapes(list)
	return list, notes
}

func sortShapes(list []Shape) {
	slices.SortFunc(list, func(a, b Shape) int {
		return cmp.Or(cmp.Compare(a.Role, b.Role), cmp.Compare(a.Label, b.Label), cmp.Compare(a.ID, b.ID))
	})
}

func takeShape(ctx context.Context, sh *shape.Shape, s *schema.Schema, look *looker) (Shape, error) {
	q, err := query.Decode(sh.Query)
	if err != nil {
		return Shape{}, err
	}
	query.Parameterize(q, nil)
	p, err := plan.Resolve(q, s, planOptions)
	if err != nil {
		return Shape{}, err
	}
	anonymous(q)
	template, err := query.Encode(q)
	if err != nil {
		return Shape{}, err
	}
	calls := max(sh.Calls.Load(), 1)
	out := Shape{
		ID: sh.ID, Role: sh.Role, Label: sh.Label, Query: template, Opaque: sh.Opaque, Calls: calls, Errors: sh.Errors.Load(),
		Rate: round(float64(calls) / max(time.Since(sh.Since).Seconds(), 1)), Rows: round(float64(sh.Rows.Load()) / float64(calls)),
		P50: sh.Quantile(0.5).Microseconds(), P99: sh.Quantile(0.99).Microseconds(),
	}
	compared := plan.Comparisons(p)
	examples, sampled := sh.Examples(), sh.Sampled()
	for i, a := range sh.Arguments() {
		arg := Argument{Kind: a.Kind.String(), Distinct: a.Distinct, Sizes: a.Sizes, Letters: a.Letters, Prefix: a.Prefix, Wild: round(a.Wild)}
		for _, share := range a.Shares[:min(len(a.Shares), sharesMax)] {
			arg.Shares = append(arg.Shares, round(share))
		}
		var with *plan.Compared
		if i < len(compared) {
			with = compared[i]
		}
		if with != nil {
			arg.Op = string(with.Op)
			if c := with.Left.Column; c != nil {
				arg.Column = tableOf(s, c) + "." + c.Name
				if len(with.Left.Path) > 0 {
					arg.Column += "->"
				}
			}
		}
		for _, e := range examples {
			if i < len(e.Args) {
				v := exampleValue(ctx, e, i, a.Kind, with, look)
				if v.Matches != nil && e.Kind != shape.Hottest {
					v.Matches = look.usual(ctx, sampled, i, with, map[string]float64{shape.Typical: 0.5, shape.P95: 0.95}[e.Kind])
				}
				arg.Examples = append(arg.Examples, v)
			}
		}
		out.Arguments = append(out.Arguments, arg)
	}
	return out, nil
}

// planOptions allow whatever a node's options could have allowed.
var planOptions = plan.Options{Aggregates: true, EmbedDepthMax: query.TemplateDepthMax}

func tableOf(s *schema.Schema, c *schema.Column) string {
	for _, t := range s.Tables {
		if own, ok := t.Column(c.Name); ok && own == c {
			return tableName(s, t)
		}
	}
	return ""
}

func exampleValue(ctx context.Context, e shape.Example, i int, kind shape.Kind, with *plan.Compared, look *looker) ExampleValue {
	v := &e.Args[i]
	out := ExampleValue{Kind: e.Kind, Rank: e.Rank}
	if i < len(e.Ranks) {
		out.Rank = e.Ranks[i]
	}
	switch kind {
	case shape.Items:
		out.Size = int64(len(v.List))
	case shape.Number:
		out.Size = max(shape.NumberOf(v.Text), 0)
	case shape.Data:
		out.Size = int64(len(v.Text))
	default:
		out.Size = int64(utf8.RuneCountInString(v.Text))
	}
	if with == nil || with.Left.Column == nil || len(with.Left.Path) > 0 {
		return out
	}
	c := with.Left.Column
	if labelCount(c) > 0 && kind == shape.Literal {
		if l := labelOf(c, v.Text); l >= 0 {
			out.Label = &l
		}
	}
	if look != nil {
		out.Matches = look.matches(ctx, c, with, *v)
		out.Position = look.position(ctx, c, kind, *v)
	}
	return out
}

// usualOf is of how many values the matches are counted, to know those of the one in the middle.
const usualOf = 32

// usual is how many rows match at a quantile of the values that were asked for in a place: an example that is in the middle by how
// often it is asked for may have any number of rows.
func (l *looker) usual(ctx context.Context, sampled []query.Args, i int, with *plan.Compared, q float64) *int64 {
	var list []int64
	for _, args := range sampled[:min(len(sampled), usualOf)] {
		if i < len(args) {
			if n := l.matches(ctx, with.Left.Column, with, args[i]); n != nil {
				list = append(list, *n)
			}
		}
	}
	if len(list) == 0 {
		return nil
	}
	slices.Sort(list)
	return &list[min(int(q*float64(len(list))), len(list)-1)]
}

var knownBody = map[string]bool{"": true, "application/json": true, "text/plain": true, "text/xml": true, "application/octet-stream": true}

var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,62}$`)

// anonymous takes out of a template what a client may have written freely and no plan looks at: the keys in the answer that name
// places in documents, the configuration of a text search where it is no plain name, media types of calls.
func anonymous(q query.Query) {
	n := 0
	query.Walk(q, func(node any) {
		switch node := node.(type) {
		case *query.Output:
			if len(node.Field.Path) > 0 && node.Aggregate == "" {
				n++
				node.Alias = fmt.Sprintf("key%d", n)
			}
		case *query.Compare:
			if !plainName.MatchString(node.Lang) {
				node.Lang = ""
			}
		case *query.Call:
			if !knownBody[node.BodyType] {
				node.BodyType = "application/octet-stream"
			}
		}
	})
}

// A looker asks the live database where values lie in it. Answers are counts and shares, never values.
type looker struct {
	store  store.Store
	schema *schema.Schema
	until  time.Time
	spans  map[*schema.Column]span
	counts map[string]*int64 // by question: the examples of a shape are often the same
	gaveUp int
}

// A span is a column's least and greatest value, as numbers.
type span struct {
	low, high float64
	ok        bool
}

// ask runs a query without counting it among the shapes; false where it fails or takes too long.
func (l *looker) ask(ctx context.Context, q query.Query) (store.Result, bool) {
	ctx, cancel := context.WithDeadline(ctx, earlier(time.Now().Add(lookTime), l.until))
	defer cancel()
	_, args := query.Parameterize(q, nil)
	p, err := plan.Resolve(q, l.schema, planOptions)
	if err != nil {
		return store.Result{}, false
	}
	r, err := l.store.Read(ctx, p, args)
	return r, err == nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// matches counts the rows for which a comparison holds, where an index makes that cheap.
func (l *looker) matches(ctx context.Context, c *schema.Column, with *plan.Compared, v query.Value) *int64 {
	t := l.leads(c)
	switch with.Op {
	case query.Eq, query.In, query.Gt, query.Gte, query.Lt, query.Lte:
	default:
		return nil
	}
	if t == nil || v.Claim != "" || v.Null {
		return nil
	}
	question := fmt.Sprintf("%q %q %q %q %q %q", tableName(l.schema, t), c.Name, with.Op, with.Any, v.Text, v.List)
	n, ok := l.counts[question]
	if !ok {
		n = l.count(ctx, &query.Select{From: query.Name(t.Name), Items: []query.Item{&query.Output{Aggregate: query.Count, Alias: "n"}},
			Where: &query.Compare{Field: query.Field{Column: c.Name}, Op: with.Op, Any: with.Any, Value: v}})
		l.counts[question] = n
	}
	if n == nil {
		l.gaveUp++
	}
	return n
}

// count asks a query of one count; nil where that takes too long.
func (l *looker) count(ctx context.Context, q query.Query) *int64 {
	if time.Now().After(l.until) {
		return nil
	}
	r, ok := l.ask(ctx, q)
	var rows []struct{ N *int64 }
	if !ok || json.Unmarshal(r.Body, &rows) != nil || len(rows) != 1 {
		return nil
	}
	return rows[0].N
}

// position says where a number or a time stands between the column's least and greatest value.
func (l *looker) position(ctx context.Context, c *schema.Column, kind shape.Kind, v query.Value) *float64 {
	at := numberOf(c.Type, v.Text)
	t := l.leads(c)
	if kind != shape.Literal || t == nil || math.IsNaN(at) {
		return nil
	}
	s, ok := l.spans[c]
	if !ok {
		s.low, s.high = l.end(ctx, t, c, query.Asc), l.end(ctx, t, c, query.Desc)
		s.ok = s.high > s.low
		l.spans[c] = s
	}
	if !s.ok {
		return nil
	}
	share := round(min(max((at-s.low)/(s.high-s.low), 0), 1))
	return &share
}

// end gives the least or the greatest value of a column, NaN where it can't be had quickly.
func (l *looker) end(ctx context.Context, t *schema.Table, c *schema.Column, d query.Direction) float64 {
	if time.Now().After(l.until) {
		return math.NaN()
	}
	r, ok := l.ask(ctx, &query.Select{From: query.Name(t.Name), Items: []query.Item{&query.Output{Field: query.Field{Column: c.Name}, Cast: "text", Alias: "v"}},
		Where: &query.Not{Of: &query.Compare{Field: query.Field{Column: c.Name}, Op: query.Is, Value: query.Text("null")}},
		Order: []query.Order{{Field: query.Field{Column: c.Name}, Direction: d}}, Page: query.Page{Limit: query.Int(1)}})
	var rows []struct{ V string }
	if !ok || json.Unmarshal(r.Body, &rows) != nil || len(rows) != 1 {
		return math.NaN()
	}
	return numberOf(c.Type, rows[0].V)
}

// leads gives the column's table where a key or an index of the schema file begins with the column, else nil.
func (l *looker) leads(c *schema.Column) *schema.Table {
	for _, t := range l.schema.Tables {
		own, ok := t.Column(c.Name)
		if !ok || own != c || t.View != nil {
			continue
		}
		key := func(k *schema.Key) bool { return k != nil && len(k.Columns) > 0 && k.Columns[0] == c }
		if key(t.Primary) || slices.ContainsFunc(t.Uniques, key) || slices.ContainsFunc(t.Indexes, func(x *schema.Index) bool {
			return x.Where == nil && (x.Method == "" || x.Method == "btree") && len(x.Columns) > 0 && x.Columns[0].Column == c
		}) {
			return t
		}
		return nil
	}
	return nil
}
