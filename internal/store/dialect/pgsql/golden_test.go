package pgsql_test

import (
	"flag"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/internal/api"
	"github.com/pintail-dev/pintail/internal/api/rest"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/store/dialect/pgsql"
	"github.com/pintail-dev/pintail/internal/store/storetest"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

var update = flag.Bool("update", false, "write the SQL of today to testdata/golden.txt")

// requests are what the golden file holds the SQL of: method and path, then headers and body by " | ".
var requests = []string{
	`GET /book?select=id,title&id=eq.1`,
	`GET /book?select=id&title=ilike.*x*&or=(n4.gt.1,and(mood.eq.sad,price.is.null))&not.and=(n2.lt.1,n2.gt.2)`,
	`GET /book?select=id&id=in.(1,2)&title=like(any).{a*,b*}&n4=gt(all).{1,2}&uid=not.is.null`,
	`GET /author?select=id&active=is.true&name=isdistinct.x`,
	`GET /book?select=id&title=fts(english).cat&meta=plfts.dog&tags=cs.{a}&nums=cd.{1,2}&nums=ov.{3}`,
	`GET /book?select=meta->a->>x,second:raw->0,tags->0,price::text&meta->a->>s=eq.x&order=meta->b.desc.nullslast`,
	`GET /book?select=id&order=mood.desc,title.asc.nullsfirst&limit=5&offset=10 | Prefer: count=exact`,
	`GET /book?select=id&limit=5 | Prefer: count=planned`,
	`GET /book?select=id&limit=5 | Prefer: count=estimated`,
	`GET /author?select=name,book(title,label(name))&book.order=title&book.limit=2&book.mood=eq.ok`,
	`GET /book?select=title,author!inner(name)&author.name=eq.Ana | Prefer: count=exact`,
	`GET /book?select=title,author(name)&order=author(name).desc&author=not.is.null`,
	`GET /book?select=title,author()&author=is.null`,
	`GET /book?select=title,...author(name,profile(bio))`,
	`GET /author?select=name,...book!inner(title,price)&book.order=price`,
	`GET /book?select=title,label(name)&label.order=name`,
	`GET /author?select=name,mentor_id(name),author(name)`,
	`GET /book?select=mood,price.sum(),count(),n4.avg()::int&order=mood`,
	`GET /book?select=...author(name,score.max()),count()&order=author(name)`,
	`GET /author?select=active,profile(bio),count()`,
	`GET /author?select=name,book(count())`,
	`GET /author?select=name,initials,books(title)&initials=eq.A&order=initials`,
	`GET /book?select=id,title | Accept: text/csv`,
	`GET /book | Accept: application/vnd.pgrst.array+json;nulls=stripped`,
	`GET /paint?select=id,color&color=eq.%23ff0000&order=color`,
	`GET /paint?color=in.(%23ff0000,%2300ff00)`,
	`POST /book?select=id,author(name) | Prefer: return=representation | [{"title":"x","author_id":1}]`,
	`POST /book | Prefer: return=headers-only | {"title":"x"}`,
	`POST /book?columns=title,mood,published,id | Prefer: missing=default, return=representation | [{"title":"x"}]`,
	`POST /book | - | {}`,
	`POST /author?on_conflict=name | Prefer: resolution=merge-duplicates, return=representation | [{"id":1,"name":"x"}]`,
	`POST /pair | Prefer: resolution=ignore-duplicates | [{"x":1,"y":"a"}]`,
	`POST /paint | - | {"id":1,"color":"#fff"}`,
	`PUT /pair?x=eq.1&y=eq.a | - | {"x":1,"y":"a","v":3}`,
	`PATCH /book?id=eq.1&select=title,label(name) | Prefer: return=representation | {"title":"x","tags":["a"]}`,
	`PATCH /author?id=eq.1&select=name,initials,books(title) | Prefer: return=representation | {"name":"x"}`,
	`PATCH /book?id=eq.1 | Prefer: missing=default | {"mood":"ok"}`,
	`PATCH /book?id=eq.1 | - | {}`,
	`DELETE /book?id=lt.5&select=id | Prefer: return=representation`,
	`GET /rpc/add?a=1&b=2`,
	`POST /rpc/add?columns=a,b | - | {"a":1,"b":2}`,
	`GET /rpc/find?q=x&select=title,author(name)&mood=eq.ok&order=title&limit=3 | Prefer: count=exact`,
	`GET /rpc/all_of?ids=1&ids=2`,
	`POST /rpc/reset | - | {}`,
	`POST /rpc/echo | - | {"any":"thing"}`,
	`GET /rpc/stats?select=n`,
	`GET /rpc/cheap?below=3`,
	`GET /we%22ird%20ta.ble?select=%22a b%22,%22q\"q%22&%22select%22=eq.x`,
}

// full is storetest's schema with what only PostgreSQL has.
func full() *schema.Schema {
	s := storetest.New().Schema
	named := func(n string) query.Name { return query.Name{Name: n} }
	author, _ := s.TableNamed(named("author"))
	book, _ := s.TableNamed(named("book"))
	integer, text := schema.Type{Base: schema.Int4, Name: "integer"}, schema.Type{Base: schema.Text, Name: "text"}
	row := schema.Type{Base: schema.CompositeBase, Name: "author"}
	color := &schema.Domain{Name: named("color"), Base: integer, ToJSON: "public.color_json", FromJSON: `"odd schema".color_of_json`, FromText: "public.color_of_text"}
	s.Domains = append(s.Domains, color)
	paint := &schema.Table{Name: named("paint"), Type: "paint", Columns: []*schema.Column{
		{Name: "id", Field: "id", Type: integer}, {Name: "color", Field: "color", Type: schema.Type{Base: schema.Int4, Name: "color", Domain: color}},
	}}
	paint.Primary = &schema.Key{Columns: paint.Columns[:1]}
	s.Tables = append(s.Tables, paint)
	out := []*schema.Column{{Name: "n", Type: integer}, {Name: "what", Type: text}}
	cheap := &schema.NamedQuery{Postgres: "SELECT id, title FROM book WHERE price < :below::numeric -- :below\n  AND title <> ':below';\n"}
	s.Functions = append(s.Functions,
		&schema.Function{Name: named("initials"), Args: []schema.Arg{{Type: row}}, Returns: schema.Returns{Type: text}},
		&schema.Function{Name: named("books"), Args: []schema.Arg{{Type: row}}, Returns: schema.Returns{Table: book, SetOf: true}},
		&schema.Function{Name: named("add"), Args: []schema.Arg{{Name: "a", Type: integer}, {Name: "b", Type: integer}}, Returns: schema.Returns{Type: integer}},
		&schema.Function{Name: named("find"), Args: []schema.Arg{{Name: "q", Type: text}}, Returns: schema.Returns{Table: book, SetOf: true}},
		&schema.Function{Name: named("all_of"), Variadic: true, Args: []schema.Arg{{Name: "ids", Type: schema.Type{Base: schema.Int4, Name: "integer", Array: true}, Variadic: true}},
			Returns: schema.Returns{Type: integer, SetOf: true}},
		&schema.Function{Name: named("reset"), Volatile: true, Returns: schema.Returns{Void: true}, Settings: map[string]string{"statement_timeout": "1s"}},
		&schema.Function{Name: named("echo"), Volatile: true, Args: []schema.Arg{{Type: schema.Type{Base: schema.JSON, Name: "json"}}}, Returns: schema.Returns{Type: schema.Type{Base: schema.JSON, Name: "json"}}},
		&schema.Function{Name: named("stats"), Returns: schema.Returns{Out: out, SetOf: true}},
		&schema.Function{Name: named("cheap"), Args: []schema.Arg{{Name: "below", Type: integer}}, Query: cheap,
			Returns: schema.Returns{SetOf: true, Out: []*schema.Column{book.Columns[0], book.Columns[2]}}},
	)
	s.Link()
	_ = author
	return s
}

// ask plans a request of the short form above.
func ask(s *schema.Schema, request string) (*plan.Plan, error) {
	parts := strings.Split(request, " | ")
	method, target, _ := strings.Cut(parts[0], " ")
	path, raw, _ := strings.Cut(target, "?")
	decoded, err := url.PathUnescape(path)
	if err != nil {
		return nil, err
	}
	headers := map[string]string{}
	if len(parts) > 1 {
		name, value, _ := strings.Cut(parts[1], ": ")
		headers[name] = value // "-" is none
	}
	r := &api.Request{Method: method, Path: decoded, RawPath: path, RawQuery: raw, Header: func(n string) string { return headers[n] },
		Values: func(n string) []string {
			if v, ok := headers[n]; ok {
				return []string{v}
			}
			return nil
		}}
	if len(parts) > 2 {
		r.Body, r.BodyLen = strings.NewReader(parts[2]), int64(len(parts[2]))
	}
	a, err := rest.Parse(r, rest.Options{Default: s.Default, Exposed: s.Exposed})
	if err != nil {
		return nil, err
	}
	query.Parameterize(a.Query, nil)
	return plan.Resolve(a.Query, s, plan.Options{Aggregates: true})
}

// sql is a statement as the golden file has it: clauses on lines of their own would hide nothing and cost a parser, so it
// is one line, then what the parameters are.
func sql(s *pgsql.Statement) string {
	var b strings.Builder
	b.WriteString(s.SQL + "\n")
	for i, bind := range s.Binds {
		switch {
		case bind.Args != nil:
			fmt.Fprintf(&b, "  $%d: arguments %v as one array\n", i+1, bind.Args)
		case bind.Arg < 0:
			fmt.Fprintf(&b, "  $%d: %q\n", i+1, bind.Const)
		default:
			fmt.Fprintf(&b, "  $%d: argument %d\n", i+1, bind.Arg)
		}
	}
	for _, kv := range s.Settings {
		fmt.Fprintf(&b, "  set %s = %s\n", kv[0], kv[1])
	}
	if s.Estimate != nil {
		b.WriteString("  estimate: " + s.Estimate.SQL + "\n")
	}
	if s.Answer != nil {
		b.WriteString("  answer: " + s.Answer.SQL + "\n")
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	const file = "testdata/golden.txt"
	s := full()
	var b strings.Builder
	for _, r := range requests {
		b.WriteString("== " + r + "\n")
		p, err := ask(s, r)
		if err != nil {
			fmt.Fprintf(&b, "%v\n", err)
			continue
		}
		st, err := pgsql.Compile(p, pgsql.Options{Default: s.Default})
		if err != nil {
			t.Errorf("%s: %v", r, err)
			continue
		}
		b.WriteString(sql(&st))
	}
	got := b.String()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	now, then := strings.Split(got, "\n== "), strings.Split(string(want), "\n== ")
	for i := range max(len(now), len(then)) {
		switch {
		case i >= len(now):
			t.Errorf("gone: %s", then[i])
		case i >= len(then):
			t.Errorf("new: %s", now[i])
		case now[i] != then[i]:
			t.Errorf("now\n%s\nthen\n%s", now[i], then[i])
		}
	}
}
