package rest

import (
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/pintail-dev/pintail/internal/api"
	"github.com/pintail-dev/pintail/query"
)

// goldenRequests are the seeds of the fuzz tests.
func goldenRequests(f *testing.F) []*api.Request {
	files, _ := filepath.Glob("testdata/*.txt")
	var out []*api.Request
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for block := range strings.SplitSeq(string(text), "\n\n") {
			var lines []string
			for l := range strings.SplitSeq(block, "\n") {
				if l, ok := strings.CutPrefix(l, "> "); ok {
					lines = append(lines, l)
				}
			}
			if len(lines) > 0 {
				out = append(out, parseRequest(f, lines))
			}
		}
	}
	return out
}

// hold checks what must be true of every request: it is a query that can be parameterized, and whose answer is well formed,
// or a fault with a status from 400 to 499 and a reason in it.
func hold(t *testing.T, r *api.Request, o Options) {
	a, err := Parse(r, o)
	if err != nil {
		res := Fault(r, err)
		if res.Status < 400 || res.Status > 499 || strings.Contains(string(res.Body), `"message":""`) {
			t.Fatalf("%s %s?%s: %d %s", r.Method, r.Path, r.RawQuery, res.Status, res.Body)
		}
		if strings.Contains(string(res.Body), "unknown parse error") {
			t.Fatalf("%s %s?%s: refused without a reason: %s", r.Method, r.Path, r.RawQuery, res.Body)
		}
		wellFormed(t, res)
		return
	}
	if a.Query == nil {
		return
	}
	query.Parameterize(a.Query, nil)
	query.Dump(a.Query)
	for _, out := range []Outcome{
		{Body: []byte("[]"), Total: -1},
		{Body: []byte(`[{"a":1}]`), Rows: 1, Total: 7, Affected: 1, Inserted: 1, Key: []KeyValue{{Column: "id\n", Value: "1\r"}}, Keyed: true},
		{Void: true, Total: 0},
	} {
		res, err := a.Answer(out)
		if err != nil {
			res = Fault(r, err)
		}
		wellFormed(t, res)
	}
}

// wellFormed checks that headers can be sent as they are.
func wellFormed(t *testing.T, res api.Response) {
	for _, h := range res.Header {
		if strings.ContainsFunc(h.Name+h.Value, func(c rune) bool { return c < ' ' || c == 0x7f }) {
			t.Fatalf("header %q: %q", h.Name, h.Value)
		}
	}
	if !utf8.Valid(res.Body) {
		t.Fatalf("body is not UTF-8: %q", res.Body)
	}
}

var fuzzOptions = Options{Prefix: "/rest/v1", Default: "public", Exposed: []string{"public", "v2"}, TxEnd: "commit-allow-override", MaxRows: 10, PlanEnabled: true}

func FuzzURL(f *testing.F) {
	for _, r := range goldenRequests(f) {
		f.Add(r.Method, r.Path, r.RawPath, r.RawQuery)
	}
	f.Fuzz(func(t *testing.T, method, path, rawPath, raw string) {
		body := ""
		if method == "POST" || method == "PATCH" || method == "PUT" {
			body = `{"a":1}`
		}
		hold(t, request(method, path, rawPath, raw, nil, body), fuzzOptions)
	})
}

func FuzzHeaders(f *testing.F) {
	for _, r := range goldenRequests(f) {
		f.Add(r.Method, r.Header("Prefer"), r.Header("Accept"), r.Header("Range"), r.Header("Accept-Profile"), r.Header("Content-Type"))
	}
	f.Fuzz(func(t *testing.T, method, prefer, accept, rng, profile, kind string) {
		headers := map[string][]string{}
		for name, value := range map[string]string{"Prefer": prefer, "Accept": accept, "Range": rng, "Accept-Profile": profile, "Content-Profile": profile, "Content-Type": kind} {
			if value == "" {
				continue
			}
			if strings.ContainsFunc(value, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }) {
				t.Skip("no HTTP server lets this header through")
			}
			headers[textproto.CanonicalMIMEHeaderKey(name)] = []string{value}
		}
		hold(t, request(method, "/t", "/t", "id=eq.1", headers, `{"id":1}`), fuzzOptions)
	})
}

func FuzzBody(f *testing.F) {
	for _, r := range goldenRequests(f) {
		if r.Body != nil {
			body := make([]byte, r.BodyLen)
			if _, err := r.Body.Read(body); err != nil {
				f.Fatal(err)
			}
			f.Add(r.Header("Content-Type"), "", string(body))
		}
	}
	f.Add("", "columns=a", `[{"a":1},{"b":"\ud83d\ude00\ud800"}]`)
	f.Fuzz(func(t *testing.T, kind, raw, body string) {
		for _, method := range []string{"POST", "PATCH", "PUT"} {
			hold(t, request(method, "/t", "/t", raw, map[string][]string{"Content-Type": {kind}}, body), fuzzOptions)
		}
		hold(t, request("POST", "/rpc/f", "/rpc/f", raw, map[string][]string{"Content-Type": {kind}}, body), fuzzOptions)
	})
}

// FuzzGrammar holds the scanners against PostgREST's grammar: what that accepts is accepted,
// so that every refusal has its reason there.
func FuzzGrammar(f *testing.F) {
	for _, r := range goldenRequests(f) {
		for pair := range strings.SplitSeq(r.RawQuery, "&") {
			key, value, _ := strings.Cut(pair, "=")
			for _, s := range []string{key, value} {
				if s, ok := unescape(s); ok {
					f.Add(s)
				}
			}
		}
	}
	g := grammar{}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) || len(s) > 300 {
			t.Skip("the grammar as PostgREST has it is slow, and reads text only")
		}
		accepts := func(g rule, s string) bool {
			r := g([]rune(s), 0)
			return r.ok && (r.at > 0 || s == "") // select=*!x is an empty selection for PostgREST, and refused here
		}
		p := func() *reader {
			return &reader{limits: Limits{EmbedDepthMax: 1000, FilterNodesMax: 1000}.withDefaults(), rows: &query.Select{}}
		}
		check := func(what string, grammatical, ok bool) {
			if grammatical && !ok {
				t.Errorf("%s %q: PostgREST's grammar accepts it", what, s)
			}
		}
		syntactic := func(err error) bool {
			return err == nil || !strings.HasPrefix(err.Error(), "PGRST100")
		}
		c := scanner{s: s}
		_, ok, _ := p().items(&c, 0)
		check("select", accepts(g.forest(), s), ok)
		_, err := p().order(s)
		check("order", accepts(g.order(), s), syntactic(err))
		_, _, err = p().filter(query.Field{}, s, nil)
		check("filter", accepts(g.filter(), s), syntactic(err))
		_, _, err = p().treePath(s)
		check("tree path", accepts(g.treePath(), s), syntactic(err))
		_, err = p().logicTree("or", s, nil)
		check("logic tree", accepts(g.logicTree(), "or"+s), syntactic(err))
		c = scanner{s: s}
		_, ok = c.names()
		check("columns", accepts(g.columns(), s), ok)
	})
}
