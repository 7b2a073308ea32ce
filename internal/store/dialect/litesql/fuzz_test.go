package litesql

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// FuzzCompile puts anything where a name or a value can stand. The SQL may hold the names as whole quoted identifiers only, and no
// value at all: every other word is one of the dialect's own.
func FuzzCompile(f *testing.F) {
	for _, s := range []string{"t", `a"b`, `x"; DROP TABLE t; --`, "select", "'", "\x00", "a.b", "ü/*", `\`, "?1", ":x", "rowid", ""} {
		f.Add(s, "c", "v", "k")
		f.Add("t", s, "v", "k")
		f.Add("t", "c", s, s)
	}
	f.Fuzz(func(t *testing.T, table, column, value, key string) {
		for _, q := range ask(table, column, value, key) {
			_, args := query.Parameterize(q, nil)
			p, err := plan.Resolve(q, world(table, column), plan.Options{Aggregates: true})
			if err != nil {
				continue
			}
			l, err := Compile(p)
			if err != nil {
				continue
			}
			for _, step := range l.Steps {
				l.Rows = step.Rows // for its arguments below
				for _, sql := range texts(step) {
					if bad := foreign(sql, table, column); bad != "" {
						t.Fatalf("%q stands in %s", bad, sql)
					}
				}
			}
			for _, sql := range texts(l) {
				if bad := foreign(sql, table, column); bad != "" {
					t.Fatalf("%q stands in %s", bad, sql)
				}
			}
			if l.Rows != nil {
				for _, b := range l.Rows.Binds {
					if b.As != Spec && b.As != Keys && (b.Arg < 0 || b.Arg >= len(args)) {
						t.Fatalf("argument %d of %d", b.Arg, len(args))
					}
				}
			}
		}
	})
}

// What the fuzzer asks can be answered, with ordinary names.
func TestAsk(t *testing.T) {
	for i, q := range ask("t", "c", "v", "k") {
		query.Parameterize(q, nil)
		p, err := plan.Resolve(q, world("t", "c"), plan.Options{Aggregates: true})
		if err != nil {
			t.Fatalf("query %d: %v", i, err)
		}
		if _, err := Compile(p); err != nil {
			t.Fatalf("query %d: %v", i, err)
		}
	}
}

func world(table, column string) *schema.Schema {
	text := schema.Type{Base: schema.Text, Name: "text"}
	one := &schema.Table{Name: schema.Name{Name: table}, Columns: []*schema.Column{
		{Name: column, Type: text, NotNull: true}, {Name: "j", Type: schema.Type{Base: schema.JSONB, Name: "jsonb"}},
		{Name: "n", Type: schema.Type{Base: schema.Numeric, Name: "numeric"}}, {Name: "up", Type: text}}}
	one.Primary = &schema.Key{Name: "pk", Columns: one.Columns[:1]}
	many := &schema.Table{Name: schema.Name{Name: "many"}, Columns: []*schema.Column{{Name: "id", Type: text, NotNull: true}, {Name: column + "x", Type: text}}}
	many.Primary = &schema.Key{Name: "pk2", Columns: many.Columns[:1]}
	many.Foreign = []*schema.ForeignKey{{Name: "fk", Table: many, Columns: many.Columns[1:], To: one, References: one.Columns[:1]}}
	s := &schema.Schema{Default: "public", Exposed: []string{"public"}, Tables: []*schema.Table{one, many}}
	s.Link()
	return s
}

func ask(table, column, value, key string) []query.Query {
	name := query.Name{Name: table}
	col := query.Field{Column: column}
	path := query.Field{Column: "j", Path: []query.Step{{Key: key}, {Key: value, Text: true}}}
	var all []query.Expr
	for _, op := range []query.Op{query.Eq, query.Gt, query.Like, query.IMatch, query.IsDistinct} {
		all = append(all, &query.Compare{Field: col, Op: op, Value: query.Text(value)}, &query.Compare{Field: path, Op: op, Value: query.Text(value)})
	}
	all = append(all, &query.Compare{Field: col, Op: query.In, Value: query.List([]string{value})},
		&query.Compare{Field: col, Op: query.Gt, Any: query.All, Value: query.List([]string{value})},
		&query.Compare{Field: query.Field{Column: "j"}, Op: query.Contains, Value: query.Text(value)})
	where := &query.Or{Of: all}
	sel := &query.Select{From: name, Where: where, Order: []query.Order{{Field: col}, {Field: path, Direction: query.Desc}}, Count: query.ExactCount,
		Page: query.Page{Limit: &query.Value{Text: value}, Offset: &query.Value{Text: value}},
		Items: []query.Item{&query.Output{Star: true}, &query.Output{Field: path, Alias: key}, &query.Output{Field: col, Alias: value, Cast: "integer"},
			&query.Embed{Target: "many", Alias: key, Select: &query.Select{Items: []query.Item{&query.Output{Star: true, Alias: value}}}}}}
	group := &query.Select{From: name, Items: []query.Item{&query.Output{Field: query.Field{Column: "n"}, Aggregate: query.Sum, Alias: value}, &query.Output{Field: col}}}
	c := query.Field{Column: column}
	num := query.Field{Column: "n"}
	count := &query.Measure{Relation: "many", Aggregate: query.Count, Fields: []query.Field{{Column: "id"}, {Column: column + "x"}}, Distinct: true, Op: query.In,
		Value: query.List([]string{value}), Where: &query.Compare{Field: query.Field{Column: "id"}, Op: query.Similar, Value: query.Text(value)}}
	odd := &query.And{Of: []query.Expr{count, &query.Measure{Relation: "many", Aggregate: query.Max, Fields: []query.Field{{Column: column + "x"}}, Op: query.Eq, Value: query.Text(value)},
		&query.Compare{Field: num, Op: query.Eq, AsText: true, Value: query.Text(value)}, &query.Compare{Field: path, Op: query.ILike, AsText: true, Value: query.Text(value)},
		&query.Compare{Field: query.Field{Column: "j"}, Op: query.HasKeysAll, Value: query.List([]string{key, value})}}}
	page := query.Page{Limit: &query.Value{Text: value}, Offset: &query.Value{Text: value}}
	about := func(from query.Name, distinct []query.Field, page query.Page) *query.Select {
		return &query.Select{From: from, Summary: true, Where: odd, Distinct: distinct, Page: page,
			Order: []query.Order{{Field: col}, {Via: []query.Hop{{Relation: "many"}}, Aggregate: query.Min, Field: query.Field{Column: column + "x"}, Direction: query.Desc},
				{Via: []query.Hop{{Relation: "many"}}, Aggregate: query.Count}},
			Items: []query.Item{&query.Literal{Key: key, Text: value}, &query.Nest{Key: value, Items: []query.Item{
				&query.Output{Field: num, Aggregate: query.StddevSamp, Alias: key}, &query.Output{Field: num, Aggregate: query.VarPop, Distinct: true, Alias: value},
				&query.Output{Field: c, Aggregate: query.Count, Distinct: true, More: []query.Field{num, {Column: "j"}}, Alias: "a"}, &query.Output{Aggregate: query.Count, Alias: "b"}}},
				&query.Nodes{Key: key, Items: []query.Item{&query.Output{Star: true}, &query.Nest{Key: key, Items: []query.Item{&query.Literal{Key: value, Text: key}, &query.Output{Field: path, Alias: value}}},
					&query.Embed{Target: "many", Alias: key, Select: &query.Select{Summary: true, Page: page, Items: []query.Item{&query.Output{Aggregate: query.Count, Alias: value},
						&query.Nodes{Key: key, Items: []query.Item{&query.Output{Star: true}}}}}}}}}}
	}
	groups := &query.Select{From: name, Group: []query.Field{c, num}, Items: []query.Item{&query.Output{Aggregate: query.Count, Alias: key}, &query.Nest{Key: value, Items: []query.Item{&query.Output{Field: c, Alias: key}}}},
		Having: &query.Or{Of: []query.Expr{&query.Measure{Aggregate: query.Sum, Fields: []query.Field{num}, Distinct: true, Op: query.Gt, Value: query.Text(value)}, &query.Compare{Field: c, Op: query.Eq, Value: query.Text(value)}}},
		Order:  []query.Order{{Aggregate: query.Avg, Field: num, Direction: query.Desc}, {Aggregate: query.Count}}, Page: page, Count: query.ExactCount}
	first := &query.Select{From: name, Distinct: []query.Field{c, {Column: "j"}}, Page: page, Count: query.ExactCount, Order: []query.Order{{Field: c, Direction: query.Desc}},
		Items: []query.Item{&query.Output{Star: true}, &query.Embed{Target: "many", Alias: key, Select: &query.Select{Distinct: []query.Field{{Column: column + "x"}}, Items: []query.Item{&query.Output{Star: true}}}}}}
	returning := &query.Select{Items: []query.Item{&query.Output{Star: true}}}
	return []query.Query{sel, group, about(name, nil, query.Page{}), about(name, nil, page), about(name, []query.Field{c}, page), groups, first,
		&query.Sequence{Of: []query.Query{sel, about(name, nil, page), first}},
		&query.Sequence{Of: []query.Query{sel, &query.Update{Table: name, Where: odd, Returning: returning, Row: query.Text(value), Alter: []query.Alter{
			{Column: "n", How: query.Increment, Value: query.Text(value)}, {Column: "j", How: query.DeleteAtPath, Value: query.List([]string{key, value})}}},
			&query.Delete{From: name, Where: odd}}},
		&query.Update{Table: name, Columns: []string{column}, Row: query.Text(value), Where: count, Alter: []query.Alter{{Column: "j", How: query.Append, Value: query.Text(value)}}},
		&query.Insert{Into: name, Columns: []string{column, "n"}, Rows: query.Text(value), Returning: returning,
			Conflict: &query.Conflict{Update: []string{"n"}, Where: &query.And{Of: []query.Expr{where, count}}},
			Nested:   []query.Nested{{Relation: "many", Parents: query.Text(key), Insert: &query.Insert{Columns: []string{"id"}, Rows: query.Text(value), Conflict: &query.Conflict{Update: []string{"id"}, Where: &query.Compare{Field: query.Field{Column: "id"}, Op: query.Eq, Value: query.Text(value)}}}}}},
		&query.Insert{Into: query.Name{Name: "many"}, Columns: []string{"id"}, Rows: query.Text(value),
			Nested: []query.Nested{{Relation: table, Parents: query.Text(key), Insert: &query.Insert{Columns: []string{column}, Rows: query.Text(value)}}}},
		&query.Insert{Into: name, Columns: []string{column, "j"}, Rows: query.Text(value), Returning: returning, Conflict: &query.Conflict{}, End: query.End{Keys: true}},
		&query.Update{Table: name, Columns: []string{column}, Row: query.Text(value), Where: where, Returning: returning},
		&query.Delete{From: name, Where: where, Returning: returning},
	}
}

func texts(l *Plan) (all []string) {
	for _, q := range []*Query{l.Rows, l.Count} {
		if q != nil {
			all = append(all, q.SQL)
		}
	}
	if w := l.Write; w != nil {
		switch w.Op {
		case plan.Insert:
			all = inserts(all, w)
		case plan.Update:
			all = append(all, w.Update(true), w.First().SQL)
		case plan.Delete:
			all = append(all, w.Change.SQL, w.Picked.SQL)
		}
		if w.Keyed != nil {
			all = append(all, w.Keyed.SQL)
		}
	}
	return all
}

func inserts(all []string, w *Write) []string {
	set := make([]bool, len(w.Columns))
	for i := range set {
		set[i] = true
	}
	all = append(all, w.Insert(set, true), w.Insert(make([]bool, len(set)), false))
	for _, n := range w.Nested {
		all = inserts(all, n)
	}
	return all
}

// own are the words that the dialect itself writes.
var own = strings.Fields(`SELECT FROM AS WHERE AND OR NOT NULL IS IN EXISTS CASE WHEN THEN ELSE END ORDER BY GROUP LIMIT OFFSET DESC LAST FIRST NULLS COLLATE
	JOIN LEFT CROSS ON INSERT INTO VALUES DEFAULT CONFLICT DO UPDATE SET NOTHING RETURNING DELETE count sum excluded rowid _rowid_ oid value v pk key json_each
	json_array json_array_length jsonb hex TRUE FALSE pt_get pt_get_text pt_get_jsonb pt_json pt_match pt_test pt_rows pt_row pt_cast pt_own pt_rank pt_sum
	pt_avg pt_spread pt_once pt_key pt_place pt_alter row_number OVER PARTITION HAVING DISTINCT min max avg BINARY pt_numeric pt_jsonb pt_array`)

// foreign gives the first part of sql that is neither a word of the dialect's, a small number, a parameter, an alias nor a known name.
func foreign(sql, table, column string) string {
	names := []string{table, column, column + "x", "many", "id", "j", "n", "up"}
	for i, n := range names {
		names[i] = strings.ReplaceAll(n, "\x00", "\uFFFD")
	}
	for i := 0; i < len(sql); {
		c := sql[i]
		switch {
		case strings.IndexByte(" ,.()*=<>?-", c) >= 0:
			if strings.HasPrefix(sql[i:], "--") {
				return "--"
			}
			i++
		case c == '"':
			end := i + 1
			for end < len(sql) && (sql[end] != '"' || end+1 < len(sql) && sql[end+1] == '"') {
				if sql[end] == '"' {
					end++
				}
				end++
			}
			if end >= len(sql) {
				return sql[i:]
			}
			if name := strings.ReplaceAll(sql[i+1:end], `""`, `"`); !slices.Contains(names, name) {
				return name
			}
			i = end + 1
		default:
			end := i
			for end < len(sql) && (sql[end] == '_' || sql[end] >= '0' && sql[end] <= '9' || sql[end]|0x20 >= 'a' && sql[end]|0x20 <= 'z') {
				end++
			}
			word := sql[i:end]
			if word == "" {
				_, n := utf8.DecodeRuneInString(sql[i:])
				return sql[i : i+n]
			}
			if !slices.Contains(own, word) && strings.Trim(strings.TrimLeft(word, "tcj"), "0123456789") != "" {
				return word
			}
			i = end
		}
	}
	return ""
}

func TestIdent(t *testing.T) {
	for name, want := range map[string]string{"a": `"a"`, `a"b`: `"a""b"`, `""`: `""""""`, "a\x00b": "\"a\uFFFDb\"", "": `""`} {
		if got := Ident(name); got != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
	}
}
