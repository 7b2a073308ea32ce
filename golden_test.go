package pintail_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/pintail-dev/pintail/internal/api"
	"github.com/pintail-dev/pintail/internal/api/graphql"
	"github.com/pintail-dev/pintail/internal/api/rest"
	"github.com/pintail-dev/pintail/internal/auth"
	"github.com/pintail-dev/pintail/internal/node"
	"github.com/pintail-dev/pintail/internal/plan"
	"github.com/pintail-dev/pintail/internal/shoptest"
	"github.com/pintail-dev/pintail/internal/store/dialect/litesql"
	"github.com/pintail-dev/pintail/internal/store/dialect/pgsql"
	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

var update = flag.Bool("update", false, "rewrite golden files")

// TestGolden follows a request through every stage: each file under testdata/golden holds the request, and then what each
// stage made of it. Both engines must answer the same bytes. Every write is rolled back, so that cases don't meet. Where
// the same can be asked in GraphQL, the file graphql beside the request does so, and must come to the same query.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/golden/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden files", err)
	}
	s := shoptest.Schema(t)
	options := node.Options{REST: node.RESTOptions{TxEnd: "rollback", Aggregates: true}}
	lite := node.New(s, shoptest.SQLite(t, s), auth.Open(), options)
	pg := node.New(s, shoptest.PostgreSQL(t, s), auth.Open(), options)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := stages(t, s, lite, pg, txtar.Parse(text))
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if !bytes.Equal(got, text) {
				t.Errorf("the stages changed; look at the difference and run `go test . -update` if it is meant\n--- got\n%s", got)
			}
		})
	}
}

// stages runs the request of a golden file and writes the file anew.
func stages(t *testing.T, s *schema.Schema, lite, pg *node.Node, in *txtar.Archive) []byte {
	out := &txtar.Archive{Comment: in.Comment, Files: in.Files[:1]}
	document := ""
	if len(in.Files) > 1 && in.Files[1].Name == "graphql" {
		out.Files = in.Files[:2:2]
		document = string(in.Files[1].Data)
	}
	add := func(name, text string) {
		out.Files = append(out.Files, txtar.File{Name: name, Data: []byte(strings.TrimRight(text, "\n") + "\n")})
	}
	request := string(in.Files[0].Data)
	ask, err := rest.Parse(parse(t, request, true), rest.Options{Prefix: "/rest/v1", Default: s.Default, Exposed: s.Exposed, TxEnd: "rollback", Related: relatedIn(s)})
	if err == nil && ask.Query != nil {
		query.Parameterize(ask.Query, nil)
		add("query", query.Dump(ask.Query))
		if document != "" {
			sameQuery(t, s, document, query.Dump(ask.Query))
		}
		if p, err := plan.Resolve(ask.Query, s, plan.Options{Aggregates: true}); err == nil {
			add("plan", plan.Dump(p))
			add("sqlite.sql", liteText(p))
			add("postgres.sql", pgText(p))
		}
	}
	one, two := answer(t, lite, request), answer(t, pg, request)
	if one != two {
		t.Errorf("the engines differ\n--- SQLite\n%s\n--- PostgreSQL\n%s", one, two)
	}
	add("response", one)
	if document != "" {
		body, err := json.Marshal(map[string]string{"query": document})
		if err != nil {
			t.Fatal(err)
		}
		request := "POST " + node.GraphQLPath + "\n\n" + string(body)
		one, two := answer(t, lite, request), answer(t, pg, request)
		if one != two {
			t.Errorf("the engines differ in GraphQL\n--- SQLite\n%s\n--- PostgreSQL\n%s", one, two)
		}
		add("graphql.response", one)
	}
	return txtar.Format(out)
}

// sameQuery holds what a document comes to against what the REST request came to, spaces within the JSON of rows aside.
func sameQuery(t *testing.T, s *schema.Schema, document, want string) {
	t.Helper()
	d := graphql.NewDialect(graphql.NewTypes(s, graphql.TypesOptions{}), graphql.Options{Rollback: true})
	r, err := graphql.NewRequest(document, "", "", graphql.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	op, err := d.Prepare(r, query.Admin.Role)
	if err != nil {
		t.Fatal(err)
	}
	if got := compactRows(query.Dump(op.Query)); got != compactRows(want) {
		t.Errorf("in GraphQL it is another query\n--- REST\n%s--- GraphQL\n%s", want, got)
	}
}

var rowsText = regexp.MustCompile(`(?m)( from )([\[{].*)$`)

func compactRows(dump string) string {
	return rowsText.ReplaceAllStringFunc(dump, func(s string) string {
		_, text, _ := strings.Cut(s, " from ")
		var b bytes.Buffer
		if err := json.Compact(&b, []byte(text)); err != nil {
			return s
		}
		return " from " + b.String()
	})
}

func liteText(p *plan.Plan) string {
	c, err := litesql.Compile(p)
	if err != nil {
		return "-- " + err.Error()
	}
	var parts []string
	if w := c.Write; w != nil && w.Change != nil {
		parts = append(parts, w.Change.SQL)
	}
	if w := c.Write; w != nil && w.Picked != nil {
		parts = append(parts, w.Picked.SQL)
	}
	if c.Call != nil {
		parts = append(parts, c.Call.SQL)
	}
	for _, q := range []*litesql.Query{c.Rows, c.Count} {
		if q != nil {
			parts = append(parts, q.SQL)
		}
	}
	return strings.Join(parts, ";\n")
}

func pgText(p *plan.Plan) string {
	c, err := pgsql.Compile(p, pgsql.Options{})
	if err != nil {
		return "-- " + err.Error()
	}
	return c.SQL
}

// parse reads a request as it stands in a golden file: a line of method and target, headers, an empty line, the body.
func parse(t *testing.T, text string, inside bool) *api.Request {
	t.Helper()
	head, body, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(strings.TrimSpace(head), "\n")
	method, target, ok := strings.Cut(lines[0], " ")
	if !ok {
		t.Fatalf("the first line of a request is METHOD TARGET, not %q", lines[0])
	}
	r, err := http.NewRequest(method, "http://localhost"+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	in := &api.Request{
		Method: method, Path: r.URL.Path, RawPath: r.URL.EscapedPath(), RawQuery: r.URL.RawQuery, Values: r.Header.Values,
		Header: func(name string) string {
			if name == "Host" {
				return "localhost"
			}
			return r.Header.Get(name)
		},
	}
	if inside {
		in.Path = strings.TrimPrefix(in.Path, "/rest/v1")
	}
	if body = strings.TrimRight(body, "\n"); body != "" {
		in.Body, in.BodyLen = strings.NewReader(body), int64(len(body))
		if r.Header.Get("Content-Type") == "" {
			r.Header.Set("Content-Type", "application/json")
		}
	}
	return in
}

// answer gives status, headers in order of their names, and body.
func answer(t *testing.T, n *node.Node, request string) string {
	r := n.Serve(context.Background(), parse(t, request, false))
	headers := make([]string, 0, len(r.Header))
	for _, h := range r.Header {
		headers = append(headers, h.Name+": "+h.Value)
	}
	sort.Strings(headers)
	var b strings.Builder
	fmt.Fprintf(&b, "%d\n", r.Status)
	for _, h := range headers {
		b.WriteString(h + "\n")
	}
	if len(r.Body) > 0 {
		b.WriteString("\n")
		b.Write(r.Body)
		b.WriteString("\n")
	}
	return b.String()
}

// relatedIn tells REST which keys of rows are relations, as the node does.
func relatedIn(s *schema.Schema) func(query.Name, string) (rest.Related, bool) {
	return func(table query.Name, key string) (rest.Related, bool) {
		if t, ok := s.TableNamed(table); ok {
			for _, r := range t.Relations {
				if r.Name == key {
					return rest.Related{To: r.To.Name, Many: r.Many}, true
				}
			}
		}
		return rest.Related{}, false
	}
}
