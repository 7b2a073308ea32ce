package graphql

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/query"
)

// TestPrepared counts lowerings: a document is lowered once for each structure of its variables, whatever their values.
func TestPrepared(t *testing.T) {
	for _, c := range []struct {
		name, document string
		same           []string // one structure
		other          []string // each another one
	}{
		{"scalars and lists of them", `query ($id: bigint, $ids: [bigint!], $n: Int) { author(where: {id: {_eq: $id, _in: $ids}}, limit: $n) { id } }`,
			[]string{`{"id": 1, "ids": [1], "n": 1}`, `{"id": "2", "ids": [], "n": 5}`, `{"n": 7, "ids": [1,2,3], "id": 3}`},
			[]string{`{"id": 1, "ids": [1], "n": null}`, `{"id": 1, "ids": [1]}`}},
		{"directives", `query ($yes: Boolean!) { author { id name @include(if: $yes) ...f } } fragment f on author { score @skip(if: $yes) }`,
			[]string{`{"yes": true}`}, []string{`{"yes": false}`}},
		{"an expression", `query ($w: author_bool_exp!) { author(where: $w) { id } }`,
			[]string{`{"w": {"id": {"_eq": 1}}}`, `{"w": {"id": {"_eq": 2}}}`},
			[]string{`{"w": {"id": {"_gt": 1}}}`, `{"w": {"_or": [{"id": {"_eq": 1}}]}}`, `{"w": {"_or": [{"id": {"_eq": 1}}, {"id": {"_eq": 1}}]}}`,
				`{"w": {"id": {"_is_null": true}}}`, `{"w": {"id": {"_is_null": false}}}`}},
		{"an order", `query ($o: [author_order_by!]) { author(order_by: $o) { id } }`,
			[]string{`{"o": [{"id": "asc"}]}`}, []string{`{"o": [{"id": "desc"}]}`, `{"o": {"name": "asc"}}`, `{"o": []}`}},
		{"an enum's value is a value", `query ($k: author_kind) { author(where: {kind: {_eq: $k}}) { id } }`,
			[]string{`{"k": "human"}`, `{"k": "machine"}`}, nil},
		{"a path", `query ($p: String) { author { meta(path: $p) } }`, []string{`{"p": "a"}`}, []string{`{"p": "b"}`, `{}`}},
		{"a row of scalars", `mutation ($n: String!, $s: Float) { insert_author_one(object: {name: $n, score: $s}) { id } }`,
			[]string{`{"n": "a", "s": 1}`, `{"n": "b\"", "s": 2.50}`}, []string{`{"n": "a"}`, `{"n": "a", "s": null}`}},
		{"what is set", `mutation ($s: author_set_input!) { update_author(where: {id: {_eq: 1}}, _set: $s) { affected_rows } }`,
			[]string{`{"s": {"name": "a"}}`, `{"s": {"name": "b"}}`}, []string{`{"s": {"score": 1}}`, `{"s": {}}`}},
		{"values of two on_conflict", `mutation ($a: Int!, $b: Int!) { insert_author(objects: [
			{name: "a", articles: {data: {title: "a"}, on_conflict: {constraint: article_pkey, update_columns: [title], where: {rating: {_lt: $a}}}}},
			{name: "b", articles: {data: {title: "b"}, on_conflict: {constraint: article_pkey, update_columns: [title], where: {rating: {_lt: $b}}}}}
			]) { affected_rows } }`, []string{`{"a": 1, "b": 1}`, `{"a": 1, "b": 2}`, `{"a": 2, "b": 1}`}, nil},
		{"an on_conflict in two places", `mutation ($c: article_on_conflict) { insert_author(objects: [
			{name: "a", articles: {data: {title: "a"}, on_conflict: $c}}, {name: "b", articles: {data: {title: "b"}, on_conflict: $c}}
			]) { affected_rows } }`, []string{`{"c": {"constraint": "article_pkey", "update_columns": ["title"], "where": {"rating": {"_lt": 1}}}}`,
			`{"c": {"constraint": "article_pkey", "update_columns": ["title"], "where": {"rating": {"_lt": 2}}}}`},
			[]string{`{"c": {"constraint": "article_pkey", "update_columns": []}}`, `{}`}},
		{"a default", `query ($n: Int = 3) { author(limit: $n) { id } }`, []string{`{"n": 1}`, `{"n": 2}`}, []string{`{}`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			types := small(t)
			d := NewDialect(types, Options{})
			for i, variables := range c.same {
				check(t, types, d, c.document, variables)
				if d.Lowered() != 1 {
					t.Fatalf("%s: lowered %d times after %d requests of one structure", variables, d.Lowered(), i+1)
				}
			}
			for i, variables := range c.other {
				check(t, types, d, c.document, variables)
				if d.Lowered() != int64(i+2) {
					t.Errorf("%s: lowered %d times, not %d", variables, d.Lowered(), i+2)
				}
			}
			before := d.Lowered()
			for _, variables := range append(c.same, c.other...) {
				check(t, types, d, c.document, variables)
			}
			if d.Lowered() != before {
				t.Errorf("lowered %d times more when all were asked again", d.Lowered()-before)
			}
		})
	}
}

// check asks d, and holds the answer against that of a dialect that knows nothing yet.
func check(t *testing.T, types *Types, d *Dialect, document, variables string) {
	t.Helper()
	got, err := ask(t, d, document, variables)
	if err != nil {
		t.Fatal(err)
	}
	want, err := ask(t, NewDialect(types, Options{}), document, variables)
	if err != nil {
		t.Fatal(err)
	}
	if !sameArgs(got.Args, want.Args) || string(got.Shape) != string(want.Shape) {
		t.Errorf("%s\n%s\nprepared %v\nlowered  %v", document, variables, got.Args, want.Args)
	}
}

// A prepared operation refuses what lowering would refuse.
func TestPreparedRefuses(t *testing.T) {
	const document = `query ($id: Int!, $ids: [Int!]!, $k: author_kind, $n: Int) { article(where: {rating: {_eq: $id, _in: $ids}, author: {kind: {_eq: $k}}}, limit: $n) { id } }`
	good := `{"id": 1, "ids": [1], "k": "human", "n": 1}`
	for _, bad := range []string{
		`{"id": 1.5, "ids": [1], "k": "human", "n": 1}`, `{"id": true, "ids": [1], "k": "human", "n": 1}`, `{"id": 1, "ids": [1, null], "k": "human", "n": 1}`,
		`{"id": 1, "ids": [1], "k": "ghost", "n": 1}`, `{"id": 1, "ids": [1], "k": "human", "n": -1}`, `{"id": 1, "ids": [99999999999], "k": "human", "n": 1}`,
		`{"id": [1], "ids": [1], "k": "human", "n": 1}`, `{"id": 1, "ids": [1], "k": {}, "n": 1}`, `{"id": 1, "ids": {"a": 1}, "k": "human", "n": 1}`,
		`{"id": "\u0000", "ids": [1], "k": "human", "n": 1}`, `{"id": 1, "ids": [1], "k": "human", "n": 1, "more": 2}`, `{"ids": [1], "k": "human", "n": 1}`,
	} {
		types := small(t)
		d := NewDialect(types, Options{})
		if _, err := ask(t, d, document, good); err != nil {
			t.Fatal(err)
		}
		_, prepared := ask(t, d, document, bad)
		_, anew := ask(t, NewDialect(types, Options{}), document, bad)
		if prepared == nil || anew == nil || prepared.Error() != anew.Error() {
			t.Errorf("%s: prepared %v, lowered %v", bad, prepared, anew)
		}
	}
}

// A null is no condition that holds of every row: a delete by it would leave none. Hasura refuses it too.
func TestNullIsNoCondition(t *testing.T) {
	for _, of := range []string{"_and", "_or", "_not"} {
		d := NewDialect(small(t), Options{})
		kind := map[string]string{"_not": "author_bool_exp"}[of]
		if kind == "" {
			kind = "[author_bool_exp!]"
		}
		variable := "mutation ($w: " + kind + ") { delete_author(where: {" + of + ": $w}) { affected_rows } }"
		if _, err := ask(t, d, variable, `{"w": {"id": {"_eq": 1}}}`); err != nil {
			t.Error(of, err)
		}
		_, byVariable := ask(t, d, variable, `{"w": null}`)
		_, byLiteral := ask(t, d, "mutation { delete_author(where: {"+of+": null}) { affected_rows } }", "")
		for _, err := range []error{byVariable, byLiteral} {
			var e *Error
			if !errors.As(err, &e) || e.Message != "expected an object for type 'author_bool_exp', but found null" {
				t.Errorf("%s: %v", of, err)
			}
		}
	}
}

// A key of a nested row comes from one place.
func TestKeysAreDeterminedOnce(t *testing.T) {
	const by = "$.selectionSet.insert_author.args.objects"
	for _, c := range [][3]string{
		{`{name: "a", articles: {data: {title: "t", author_id: 1}}}`, by + `[0].articles.data[0]`,
			`cannot insert "author_id" columns as their values are already being determined by parent insert`},
		{`{name: "a", articles: {data: [{title: "s"}, {title: "t", author: {data: {name: "b"}}}]}}`, by + `[0].articles.data[1].author`,
			`cannot insert object relationship "author" as "author_id" column values are already determined`},
	} {
		_, err := ask(t, NewDialect(small(t), Options{}), "mutation { insert_author(objects: "+c[0]+") { affected_rows } }", "")
		var e *Error
		if !errors.As(err, &e) || e.Path != c[1] || e.Message != c[2] {
			t.Errorf("%s: %v %+v", c[0], err, e)
		}
	}
	if _, err := ask(t, NewDialect(small(t), Options{}),
		`mutation { insert_article(objects: {title: "t", author: {data: {name: "b", articles: {data: {title: "u"}}}}}) { affected_rows } }`, ""); err != nil {
		t.Error(err)
	}
}

// Documents and what is prepared of them keep to their bytes.
func TestDocumentsAreBounded(t *testing.T) {
	d := NewDialect(small(t), Options{Limits: Limits{DocumentsBytes: 256 << 10}})
	for i := range 2000 {
		if _, err := ask(t, d, fmt.Sprintf(`query ($w: author_bool_exp!) { author(limit: %d, where: $w) { id } }`, i), `{"w": {}}`); err != nil {
			t.Fatal(err)
		}
	}
	if d.documents.used > 256<<10 || len(d.documents.items) == 0 || len(d.documents.items) != d.documents.order.Len() {
		t.Errorf("%d bytes in %d documents", d.documents.used, len(d.documents.items))
	}
	d = NewDialect(small(t), Options{})
	const one = `query ($w: author_bool_exp!) { author(where: $w) { id } }`
	for i := range 3 * preparedMax {
		if _, err := ask(t, d, one, `{"w": {"_or": [`+strings.TrimSuffix(strings.Repeat(`{"id": {"_eq": 1}},`, i+1), ",")+`]}}`); err != nil {
			t.Fatal(err)
		}
	}
	doc, _ := d.documents.get(documentKey{"admin", "", one})
	if n := len(doc.prepared); n != preparedMax {
		t.Errorf("%d operations of one document are kept, not %d", n, preparedMax)
	}
}

// What is kept of requests doesn't keep their bodies, nor more of their variables than counts.
func TestKeptDocumentsLetBodiesGo(t *testing.T) {
	const size = 1 << 20
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	words := `"` + strings.Repeat("x", 100) + `",`
	for name, body := range map[string]func(query string) string{
		"padded": func(query string) string {
			sum := sha256.Sum256([]byte(query))
			return fmt.Sprintf(`{"query":%q,"variables":{"i":["a"]},"extensions":{"persistedQuery":{"version":1,"sha256Hash":"%x"}}%s}`, query, sum, strings.Repeat(" ", size))
		},
		"variables": func(query string) string {
			return fmt.Sprintf(`{"query":%q,"variables":{"i":[%s]}}`, query, strings.TrimSuffix(strings.Repeat(words, min(size/len(words), listValuesMax)), ","))
		},
	} {
		d, persisted := NewDialect(small(t), Options{}), NewPersisted(0)
		before := heap()
		for i := range 200 {
			v, err := parseJSON(body(fmt.Sprintf("query ($i: [String!]) { author(limit: %d, where: {name: {_in: $i}}) { id } }", i)), 64)
			if err != nil {
				t.Fatal(err)
			}
			r, err := fromJSON(v, &Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := d.Prepare(r, "admin"); err != nil {
				t.Fatal(err)
			}
			persisted.Keep(r)
		}
		if grown := heap() - before; grown > 48<<20 {
			t.Errorf("%s: %d MiB stay of 200 requests of 1 MiB, and count as %d KiB", name, grown>>20, d.documents.used>>10)
		}
		runtime.KeepAlive(d)
		runtime.KeepAlive(persisted)
	}
}

func BenchmarkPrepare(b *testing.B) {
	const document = `query ($id: bigint!, $n: Int = 10, $more: Boolean!) {
  author_by_pk(id: $id) { ...a articles(where: {published: {_eq: true}, rating: {_gt: 2}}, order_by: [{rating: desc}, {id: asc}], limit: $n) { id title tags { name } } }
}
fragment a on author { id name score @include(if: $more) boss { name } }`
	variables, err := parseJSON(`{"id": 7, "more": true}`, 64)
	if err != nil {
		b.Fatal(err)
	}
	r := &Request{Query: document, Variables: variables}
	b.Run("kept", func(b *testing.B) {
		d := NewDialect(small(b), Options{})
		b.ReportAllocs()
		for b.Loop() {
			if _, err := d.Prepare(r, "admin"); err != nil {
				b.Fatal(err)
			}
		}
		if d.Lowered() != 1 {
			b.Errorf("lowered %d times", d.Lowered())
		}
	})
	b.Run("new", func(b *testing.B) {
		types := small(b)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := NewDialect(types, Options{}).Prepare(r, "admin"); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("parameterize", func(b *testing.B) { // what a REST request of the same shape pays for its query
		op, err := NewDialect(small(b), Options{}).Prepare(r, "admin")
		if err != nil {
			b.Fatal(err)
		}
		buf := make([]byte, 0, 1024)
		b.ReportAllocs()
		for b.Loop() {
			buf, _ = query.Parameterize(op.Query, buf[:0])
		}
	})
}
