package graphql

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// authors is the schema of the paths' tests: Hasura's own cases are about such tables.
const authors = `
enum mood { happy sad }
type color @table(enum: true) { value: String! @id comment: String }
type author @table {
  id: Int! @id
  name: String! @unique
  mood: mood
  color: String
  paint: color @relation(columns: ["color"])
  height: Float
  weight: float4
  notes: jsonb
  tags: [String!]
  articles: [article!]! @inverse(of: "author")
}
type article @table {
  id: Int! @id
  title: String!
  published: Boolean
  author_id: Int
  author: author @relation(columns: ["author_id"])
}
`

func authorTypes(t testing.TB) *Types {
	return NewTypes(parse(t, authors), TypesOptions{EnumValues: colors})
}

// validate is what a request's document goes through.
func validate(types *Types, text string) error {
	doc, err := ParseDocument(text, DocumentLimits{})
	if err != nil {
		return err
	}
	return types.Validate(doc, "", DocumentLimits{})
}

func TestValidateAccepts(t *testing.T) {
	types := authorTypes(t)
	for _, text := range []string{
		`{ author { id name articles(where: {title: {_like: "a%"}}) { title author { id } } } }`,
		`query ($id: Int!) { author_by_pk(id: $id) { id __typename } }`,
		`query A($w: author_bool_exp) @cached(ttl: 5) { author(where: $w) { ...F } } fragment F on author { id }`,
		`{ author(where: {mood: {_eq: "happy"}}) { id } }`,
		`{ author(where: {mood: {_in: [happy, "sad"]}}) { id } }`,
		`{ author(where: {color: {_eq: red}}) { id } }`,
		`{ author(where: {id: {_eq: "3"}, height: {_gt: 1}, notes: {_contains: {a: [1, b]}}}) { id } }`,
		`{ author(where: {_and: {id: {_in: 3}}}, order_by: {name: asc, articles_aggregate: {count: desc}}, limit: 1) { id } }`,
		`query ($h: Float) { author(where: {height: {_eq: $h}}) { id } }`,
		`query ($h: float8) { author(where: {weight: {_eq: $h}}) { id } }`,
		`mutation { insert_author(objects: {id: 1, articles: {data: [{id: 1}]}}, on_conflict: {constraint: author_pkey}) { affected_rows } }`,
		`mutation { insert_author_one(object: {id: 1}, on_conflict: {constraint: author_name_key, update_columns: name}) { id } }`,
		`query ($c: [author_update_column!]) { author { id } ...on query_root @include(if: true) { article { id @skip(if: false) } } }`,
		`{ a: author(limit: 1) { id } a: author(limit: 1) { name } }`,
		`{ author_group(by: [mood], having: {count: {_gt: 1}, key: {mood: {_eq: sad}}, sum: {id: {_gt: 3}}}, order_by: {key: {mood: asc}, max: {id: desc}}) { key { mood } aggregate { count sum { id } } } }`,
		`{ __schema { types { fields { type { ofType { ofType { name } } } } } } __type(name: "author") { name } }`,
		`{ author { articles_aggregate(where: {id: {_gt: 1}}) { aggregate { count(columns: [id, title], distinct: true) } nodes { id } } } }`,
		`{ author(where: {articles_aggregate: {count: {predicate: {_gt: 1}}, bool_and: {arguments: published, predicate: {_eq: true}}}}) { id } }`,
	} {
		if err := validate(types, text); err != nil {
			t.Errorf("%s\n\t%v", text, err)
		}
	}
}

// Code, path and words are Hasura's.
func TestValidateRefuses(t *testing.T) {
	types := authorTypes(t)
	for _, c := range []struct{ text, path, says string }{
		{`query { author { id name notPresentCol } }`, `$.selectionSet.author.selectionSet.notPresentCol`, `field 'notPresentCol' not found in type: 'author'`},
		{`query { author(where: {id: {_unexpected: 2}}) { id } }`, `$.selectionSet.author.args.where.id._unexpected`, `field '_unexpected' not found in type: 'Int_comparison_exp'`},
		{`query { books_by_pk(id: 1) { id } }`, `$.selectionSet.books_by_pk`, `field 'books_by_pk' not found in type: 'query_root'`},
		{`{ author_aggregate { aggregate { count(column: [id]) } } }`, `$.selectionSet.author_aggregate.selectionSet.aggregate.selectionSet.count`, `'count' has no argument named 'column'`},
		{`{ author(limit: "3") { id } }`, `$.selectionSet.author.args.limit`, `expected a 32-bit integer for type 'Int', but found a string`},
		{`{ author(limit: 3000000000) { id } }`, `$.selectionSet.author.args.limit`, `parse-failed: The value 3000000000 lies outside the bounds or is not an integer. Maybe it is a float, or is there integer overflow?`},
		{`{ author(where: {color: {_eq: "not_a_color"}}) { id } }`, `$.selectionSet.author.args.where.color._eq`, `expected an enum value for type 'color_enum', but found a string`},
		{`{ author(where: {color: {_eq: "red"}}) { id } }`, `$.selectionSet.author.args.where.color._eq`, `expected an enum value for type 'color_enum', but found a string`},
		{`{ author(where: {color: {_in: [red, mauve]}}) { id } }`, `$.selectionSet.author.args.where.color._in[1]`, `expected one of the values ['green', 'red'] for type 'color_enum', but found 'mauve'`},
		{`{ author(where: {mood: {_eq: "glad"}}) { id } }`, `$.selectionSet.author.args.where.mood._eq`, `expected one of the values ['happy', 'sad'] for type 'mood', but found 'glad'`},
		{`{ author(order_by: [{name: ascending}]) { id } }`, `$.selectionSet.author.args.order_by[0].name`, `expected one of the values ['asc', 'asc_nulls_first', 'asc_nulls_last', 'desc', 'desc_nulls_first', 'desc_nulls_last'] for type 'order_by', but found 'ascending'`},
		{`mutation { insert_author(objects: [{id: 2147483648}]) { affected_rows } }`, `$.selectionSet.insert_author.args.objects[0].id`, `parse-failed: The value 2147483648 lies outside the bounds or is not an integer. Maybe it is a float, or is there integer overflow?`},
		{`mutation { insert_author(objects: [{id: 1}, {id: 1, nmae: "x"}]) { affected_rows } }`, `$.selectionSet.insert_author.args.objects[1].nmae`, `field 'nmae' not found in type: 'author_insert_input'`},
		{`mutation ($n: bigint) { insert_author(objects: {name: $n}) { affected_rows } }`, `$.selectionSet.insert_author.args.objects[0].name`, `variable 'n' is declared as 'bigint', but used where 'String' is expected`},
		{`mutation ($a: author_insert_input = null) { insert_author_one(object: $a) { id } }`, `$.selectionSet.insert_author_one.args.object`, `variable 'a' is declared as 'author_insert_input', but used where 'author_insert_input!' is expected`},
		{`mutation { update_author(where: null, _set: {name: ""}) { affected_rows } }`, `$.selectionSet.update_author.args.where`, `expected an object for type 'author_bool_exp', but found null`},
		{`mutation { delete_author { affected_rows } }`, `$.selectionSet.delete_author.args.where`, `missing required field 'where'`},
		{`mutation { insert_author(objects: [], on_conflict: {update_columns: []}) { affected_rows } }`, `$.selectionSet.insert_author.args.on_conflict.constraint`, `missing required field 'constraint'`},
		{`query ($limit: String) { author(limit: $limit) { id } }`, `$.selectionSet.author.args.limit`, `variable 'limit' is declared as 'String', but used where 'Int' is expected`},
		{`query ($i: [Int]) { author(where: {id: {_in: $i}}) { id } }`, `$.selectionSet.author.args.where.id._in`, `variable 'i' is declared as '[Int]', but used where '[Int!]' is expected`},
		{`query ($i: Int = "x") { author(limit: $i) { id } }`, `$`, `expected a 32-bit integer for type 'Int', but found a string`},
		{`{ author(where: {name: {_eq: 3}}) { id } }`, `$.selectionSet.author.args.where.name._eq`, `parse-failed: expected a string for type 'String', but found an integer`},
		{`{ author(where: {name: {_is_null: "true"}}) { id } }`, `$.selectionSet.author.args.where.name._is_null`, `expected a boolean for type 'Boolean', but found a string`},
		{`{ author(where: {id: {_in: {a: 1}}}) { id } }`, `$.selectionSet.author.args.where.id._in[0]`, `parse-failed: expected a 32-bit integer for type 'Int', but found an object`},
		{`{ author(order_by: 1) { id } }`, `$.selectionSet.author.args.order_by[0]`, `expected an object for type 'author_order_by', but found an integer`},
		{`{ author(where: [1]) { id } }`, `$.selectionSet.author.args.where`, `expected an object for type 'author_bool_exp', but found a list`},
		{`{ author(where: {id: {_in: [1, null]}}) { id } }`, `$.selectionSet.author.args.where.id._in[1]`, `expected a 32-bit integer for type 'Int', but found null`},
		{`{ author { ...F } } fragment F on author { articles { nope } }`, `$.selectionSet.author.selectionSet.articles.selectionSet.nope`, `field 'nope' not found in type: 'article'`},
		{`{ author { ...on author { nope } } }`, `$.selectionSet.author.selectionSet.nope`, `field 'nope' not found in type: 'author'`},
		{`{ author { ...on article { id } } }`, `$.selectionSet.author`, `Fragment cannot be spread here as objects of type "author" can never be of type "article".`},
		{`{ x: author { y: nope } }`, `$.selectionSet.author.selectionSet.nope`, `field 'nope' not found in type: 'author'`},
		{`{ author { id: name id } }`, `$.selectionSet.author.selectionSet.id`, `selection of both 'name' and 'id' specify the same response name, 'id'`},
		{`{ author(limit: 1) { id } author(limit: 2) { id } }`, `$.selectionSet.author`, `inconsistent arguments between multiple selections of field 'author'`},
		{`{ a: author { articles { x: id } } a: author { articles { x: title } } }`, `$.selectionSet.author.selectionSet.articles.selectionSet.title`, `selection of both 'id' and 'title' specify the same response name, 'x'`},
		{`{ author }`, `$.selectionSet.author`, `Field "author" of type "[author!]!" must have a selection of subfields.`},
		{`{ author { id { x } } }`, `$.selectionSet.author.selectionSet.id`, `Field "id" must not have a selection since type "Int" has no subfields.`},
		{`{ author { id @nope } }`, `$.selectionSet.author.selectionSet.id`, `Unknown directive "@nope".`},
		{`{ author { id @skip } }`, `$.selectionSet.author.selectionSet.id`, `missing required field 'if'`},
		{`{ author { id @skip(if: 1) } }`, `$.selectionSet.author.selectionSet.id`, `expected a boolean for type 'Boolean', but found an integer`},
		{`{ author { ...G } }`, `$.selectionSet.author`, `Unknown fragment "G".`},
		{`{ author { id } } fragment G on author { id }`, `$`, `Fragment "G" is never used.`},
		{`{ author { ...G } } fragment G on nothing { id }`, `$.selectionSet.author`, `Unknown type "nothing".`},
		{`{ author { ...G } } fragment G on author { ...H } fragment H on author { articles { author { ...G } } }`, `$`, `the fragment 'G' spreads itself`},
		{`query ($x: nope) { author(limit: $x) { id } }`, `$.selectionSet.author.args.limit`, `variable 'x' is declared as 'nope', but used where 'Int' is expected`},
		{`{ author(limit: $x) { id } }`, `$.selectionSet.author.args.limit`, `Variable "$x" is not defined.`},
		{`{ author(limit: 1, limit: 1) { id } }`, `$.selectionSet.author.args.limit`, `There can be only one argument named "limit".`},
		{`subscription { author { id } }`, `$`, `not-supported: subscriptions are not served; ask again from time to time with a query`},
		{`query A { author { id } } query A { author { id } }`, `$`, `There can be only one operation named "A".`},
		{`{ author { id `, `$.query`, `not a valid graphql query: input:1:15: Expected Name, found <EOF>`},
		{`fragment F on author { id }`, `$.query`, `not a valid graphql query: it has no operation`},
		{`{ __schema { nope } }`, `$.selectionSet.__schema.selectionSet.nope`, `field 'nope' not found in type: '__Schema'`},
		{`{ __type { name } }`, `$.selectionSet.__type.args.name`, `missing required field 'name'`},
		{`{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }`, `$.selectionSet.__schema`, `Maximum introspection depth exceeded`},
	} {
		err := validate(types, c.text)
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%s\n\tis accepted", c.text)
			continue
		}
		says := e.Message
		if e.Code != ValidationFailed {
			says = string(e.Code) + ": " + says
		}
		if e.Path != c.path || says != c.says {
			t.Errorf("%s\n\tgot  %s: %s\n\twant %s: %s", c.text, e.Path, says, c.path, c.says)
		}
	}
}

// Every limit, at its edge and one past it.
func TestDocumentLimits(t *testing.T) {
	types := authorTypes(t)
	deep := func(n int) string { // n fields deep
		text := "id"
		for i := n - 2; i > 0; i-- {
			field := "articles"
			if i%2 == 0 {
				field = "author"
			}
			text = field + " { " + text + " }"
		}
		return "{ author { " + text + " } }"
	}
	deepMeta := func(n int) string {
		return "{ __schema { queryType { " + strings.Repeat("ofType { ", n-3) + "name" + strings.Repeat(" }", n-3) + " } } }"
	}
	repeat := func(n int, each string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, strings.ReplaceAll(each, "#", "%[1]d"), i)
			b.WriteByte(' ')
		}
		return b.String()
	}
	thousand := "fragment F on author { " + strings.Repeat("id ", 999) + "}" // counts a thousand where it is spread
	for _, c := range []struct {
		name string
		make func(n int) string
		edge int
	}{
		{"bytes", func(n int) string { return "{ author { id } }" + strings.Repeat(" ", n-17) }, 64 << 10},
		{"tokens", func(n int) string { return "{ author { " + strings.Repeat("id ", n-5) + "} }" }, 4000},
		{"depth", deep, 12},
		{"introspection depth", deepMeta, 20},
		{"roots", func(n int) string { return "{ " + strings.Repeat("author { id } ", n) + "}" }, 20},
		{"roots by fragments", func(n int) string {
			return "{ " + strings.Repeat("...F ", n/2) + "} fragment F on query_root { author { id } article { id } }"
		}, 20},
		{"aliases", func(n int) string { return "{ author { " + repeat(n, "a#: id") + "} }" }, 30},
		{"directives", func(n int) string { return "{ author { " + strings.Repeat("id @skip(if: false) ", n) + "} }" }, 50},
		{"fields", func(n int) string { // author, three times F and what is in it
			return "{ author { ...F ...F ...F " + strings.Repeat("id ", n-3001) + "} } " + thousand
		}, 4000},
		{"all fields", func(n int) string { // F itself, six operations like those above, and one more
			return repeat(6, "query q# { author { ...F ...F ...F } }") + "query q { author { " + strings.Repeat("id ", n-999-6*3001-1) + "} } " + thousand
		}, 20_000},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := validate(types, c.make(c.edge)); err != nil {
				t.Errorf("at the limit: %v", err)
			}
			past := c.edge + 1
			if strings.Contains(c.name, "fragments") {
				past++
			}
			err := validate(types, c.make(past))
			var e *Error
			if !errors.As(err, &e) || e.Code != NodeLimit && e.Code != DepthLimit || e.Path != "$" {
				t.Errorf("past the limit: %v", err)
			}
		})
	}
}

// A limit that is set holds instead of its default, lower or higher.
func TestDocumentLimitsThatAreSet(t *testing.T) {
	types := authorTypes(t)
	aliases := "{ author { " + strings.Repeat("id ", 10)
	for i := range 40 {
		aliases += fmt.Sprintf("a%d: id ", i)
	}
	aliases += "} }"
	for _, c := range []struct {
		text string
		set  DocumentLimits
		ok   bool
	}{
		{aliases, DocumentLimits{Aliases: 40}, true},
		{aliases, DocumentLimits{Aliases: 39}, false},
		{`{ author { id } }`, DocumentLimits{Bytes: 17, Tokens: 6, Depth: 2, Roots: 1, Fields: 2}, true},
		{`{ author { id } }`, DocumentLimits{Bytes: 16}, false},
		{`{ author { id } }`, DocumentLimits{Tokens: 5}, false},
		{`{ author { id } }`, DocumentLimits{Depth: 1}, false},
		{`{ author { id } }`, DocumentLimits{Fields: 1}, false},
		{`{ author { id } article { id } }`, DocumentLimits{Roots: 1}, false},
		{`{ author { id @skip(if: true) name @skip(if: true) } }`, DocumentLimits{Directives: 1}, false},
		{`{ __schema { queryType { name } } }`, DocumentLimits{IntrospectionDepth: 2}, false},
		{`{ __schema { queryType { name } } }`, DocumentLimits{IntrospectionDepth: 3, Depth: 1}, true},
	} {
		doc, err := ParseDocument(c.text, c.set)
		if err == nil {
			err = types.Validate(doc, "", c.set)
		}
		if (err == nil) != c.ok {
			t.Errorf("%.40s %+v: %v", c.text, c.set, err)
		}
	}
}

// cpu is the processor time that this process has used.
func cpu(t testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Hostile documents are refused at once and without memory: 50 ms of processor time and 8 MiB.
func TestHostileDocuments(t *testing.T) {
	types := NewTypes(parse(t, authors+big(100)), TypesOptions{EnumValues: colors})
	nested := func(n int, open, inner, shut string) string {
		return strings.Repeat(open, n) + inner + strings.Repeat(shut, n)
	}
	numbered := func(n int, each string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(strings.ReplaceAll(strings.ReplaceAll(each, "#+", fmt.Sprint(i+1)), "#", fmt.Sprint(i)))
		}
		return b.String()
	}
	for name, text := range map[string]string{
		"depth 13":             "{ author { " + nested(5, "articles { author { ", "articles { id }", "} } ") + " } }",
		"depth 600":            "{ author { " + nested(600, "articles { author { ", "id", "} } ") + " } }",
		"depth 10000":          nested(10_000, "{a", "", "}"),
		"parenthesis":          "{ author" + strings.Repeat("(", 3900),
		"lists":                "{ author(where: " + strings.Repeat("[", 3900),
		"objects":              "{ author(where: " + nested(1300, "{_not: ", "{}", "}") + ") { id nope } }",
		"aliases 31":           "{ author { " + numbered(31, "a#: id ") + "} }",
		"aliases 1000":         "{ author { " + numbered(1000, "a#: id ") + "} }",
		"aliases 100000":       "{ author { " + numbered(100_000, "a#: id ") + "} }",
		"fields 3900":          "{ author { nope " + strings.Repeat("id ", 3900) + "} }",
		"fields 1000000":       "{ author { " + strings.Repeat("id ", 1_000_000) + "} }",
		"objects twice":        "{ author { nope " + strings.Repeat("articles { id } ", 970) + "} }",
		"arguments twice":      "{ author { nope " + strings.Repeat("articles(where: {id: {_eq: 1}}) { id } ", 230) + "} }",
		"unknown fields":       "{ author { " + numbered(3900, "x# ") + "} }",
		"unknown arguments":    "{ author(" + numbered(1300, "x#: 1 ") + ") { id } }",
		"same argument":        "{ author(" + strings.Repeat("limit: 1 ", 1300) + ") { id } }",
		"unknown keys":         "{ author(where: {" + numbered(1300, "x#: 1 ") + "}) { id } }",
		"variables":            "query (" + numbered(900, "$v#: Int ") + ") { author { nope } }",
		"used variables":       "query (" + numbered(600, "$v#: Int ") + ") { author(where: {id: {_in: [" + numbered(600, "$v# ") + "]}}) { id nope } }",
		"fragment cycle":       "{ author { ...F0 } } " + numbered(400, "fragment F# on author { ...F#+ } ") + "fragment F400 on author { ...F0 }",
		"self":                 "{ author { ...F } } fragment F on author { ...F }",
		"exponential":          "{ author { ...F0 } } " + numbered(200, "fragment F# on author { ...F#+ ...F#+ } ") + "fragment F200 on author { id }",
		"exponential fields":   "{ author { ...F0 } } " + numbered(100, "fragment F# on author { a: articles { author { ...F#+ } } b: articles { author { ...F#+ } } } ") + "fragment F100 on author { id }",
		"fragment chain":       "{ author { nope ...F0 } } " + numbered(480, "fragment F# on author { ...F#+ } ") + "fragment F480 on author { id }",
		"operations on chain":  numbered(200, "query q# { author { ...F0 } } ") + numbered(200, "fragment F# on author { ...F#+ } ") + "fragment F200 on author { nope }",
		"wide fragments":       "{ author { " + numbered(300, "...F# ") + " } } " + numbered(300, "fragment F# on author { nope } "),
		"operations":           numbered(600, "query q# { nope } "),
		"directives 51":        "{ author { " + strings.Repeat("id @skip(if: false) ", 51) + "} }",
		"directives 1000":      "{ author { id " + strings.Repeat("@skip(if: false) ", 650) + "} }",
		"directives unknown":   "{ author { id " + numbered(1900, "@d# ") + "} }",
		"directives 100000":    "{ author { id " + strings.Repeat("@a ", 100_000) + "} }",
		"introspection cycle":  "{ __schema { types { " + nested(4, "fields { type { ", "name", "} } ") + "} } }",
		"introspection 600":    "{ __schema { types { " + nested(600, "fields { type { ", "name", "} } ") + "} } }",
		"introspection spread": "{ __schema { types { ...A } } } fragment A on __Type { fields { type { ...B } } } fragment B on __Type { fields { type { ...C } } } fragment C on __Type { fields { name } }",
		"possible types":       "{ __schema { types { " + nested(3, "possibleTypes { interfaces { ", "name", "} } ") + "} } }",
		"long number":          "{ author(limit: " + strings.Repeat("9", 60_000) + ") { id } }",
		"long string":          `{ author(limit: "` + strings.Repeat("a", 60_000) + `") { id } }`,
		"long block string":    `{ author(limit: """` + strings.Repeat("\n  a", 15_000) + `""") { id } }`,
		"long comment":         "#" + strings.Repeat("a", 60_000) + "\n{ nope }",
		"comments":             strings.Repeat("#a\n", 20_000) + "{ nope }",
		"long name":            "{ " + strings.Repeat("a", 60_000) + " }",
		"long enum":            "{ author(order_by: {name: " + strings.Repeat("a", 60_000) + "}) { id } }",
		"1 MiB name":           "{ " + strings.Repeat("a", 1<<20) + " }",
		"many tables":          "{ " + numbered(100, "table_# { id } ") + "}",
	} {
		t.Run(name, func(t *testing.T) {
			if err := validate(types, text); err == nil { // once, so that what types keep isn't counted
				t.Fatal("it is accepted")
			}
			least, heap := time.Hour, uint64(1<<60)
			for range 3 { // other tests make noise
				var before, after runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&before)
				start := cpu(t)
				err := validate(types, text)
				took := cpu(t) - start
				runtime.ReadMemStats(&after)
				least, heap = min(least, took), min(heap, after.TotalAlloc-before.TotalAlloc)
				var e *Error
				if !errors.As(err, &e) || len(e.Message) > 600 || len(e.Path) > 200_000 {
					t.Fatalf("%.300v", err)
				}
			}
			if least > 50*time.Millisecond || heap > 8<<20 {
				t.Errorf("refused after %v of processor time and %d KiB", least, heap>>10)
			}
			t.Logf("%v, %d KiB", least, heap>>10)
		})
	}
}

func BenchmarkValidate(b *testing.B) {
	types := authorTypes(b)
	b.ReportAllocs()
	for b.Loop() {
		if err := validate(types, `query ($id: Int!, $w: article_bool_exp) { author_by_pk(id: $id) { id name articles(where: $w, order_by: {id: desc}, limit: 10) { ...F author { name } } } } fragment F on article { id title published }`); err != nil {
			b.Fatal(err)
		}
	}
}
