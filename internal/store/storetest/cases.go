package storetest

import "github.com/pintail-dev/pintail/query"

// A Case is one question. Writes are rolled back after they answer.
type Case struct {
	Name string
	Ask  query.Query
	Zone string
}

var rollback = query.End{Rollback: true}

// Cases are what every store is asked; their answers stand in testdata/answers.txt.
func Cases() []Case {
	inserting := func(table string, columns []string, rows string, then func(*query.Insert)) *query.Insert {
		q := &query.Insert{Into: query.Name{Name: table}, Columns: columns, Rows: query.Text(rows), End: rollback, Returning: from("", "*")}
		if then != nil {
			then(q)
		}
		return q
	}
	updating := func(table string, columns []string, row string, where query.Expr, returning *query.Select) *query.Update {
		return &query.Update{Table: query.Name{Name: table}, Columns: columns, Row: query.Text(row), Where: where, Returning: returning, End: rollback}
	}
	one := int64(1)
	cases := []Case{
		{Name: "all types", Ask: from("book", "*")},
		{Name: "all types of another table", Ask: from("author", "*")},
		{Name: "time zone", Ask: from("book", "id, published"), Zone: "Asia/Kolkata"},
		{Name: "time zone of what is asked", Ask: from("book", "id", is("published", query.Eq, "2020-01-02 08:34:05")), Zone: "Asia/Kolkata"},
		{Name: "sum of intervals", Ask: from("book", "a:dur.sum(), b:dur.avg(), c:f4.sum(), d:f4.avg()")},
		{Name: "time zone with a summer time", Ask: from("book", "id, published"), Zone: "America/New_York"},
		{Name: "csv", Ask: from("book", "*", query.Form{CSV: true})},
		{Name: "csv of text", Ask: from("author", "*", query.Form{CSV: true})},
		{Name: "csv of nothing", Ask: from("author", "*", is("id", query.Eq, "77"), query.Form{CSV: true})},
		{Name: "strip nulls", Ask: from("book", "*", query.Form{StripNulls: true})},
		{Name: "only counted", Ask: from("book", "id", query.Form{Omit: true})},
		{Name: "only counted, with casts", Ask: from("book", "id::text", embed("author", "name::text"), query.Form{Omit: true})},
		{Name: "only counted, with a cast that fails", Ask: from("book", "id, title::integer", query.Form{Omit: true})},
		{Name: "only counted, with a cast in an embed that fails", Ask: from("book", "id", embed("author", "name::integer"), query.Form{Omit: true})},
		{Name: "no rows", Ask: from("book", "*", is("id", query.Eq, "99"))},
		{Name: "odd names", Ask: from(`we"ird ta.ble`, `*`, is(`q"q`, query.Eq, "x'y"))},
		{Name: "odd names ordered", Ask: from(`we"ird ta.ble`, `select`, by("select desc"), is("ünï", query.Is, "null"))},
		{Name: "page", Ask: from("book", "id", by("title desc"), page(2, 1))},
		{Name: "offset alone", Ask: from("book", "id", page(-1, 3))},
		{Name: "limit 0", Ask: from("book", "id", page(0, 0))},
		{Name: "count", Ask: from("book", "id", page(2, 1), query.ExactCount)},
		{Name: "count beyond", Ask: from("book", "id", page(2, 100), query.ExactCount)},
		{Name: "count of all", Ask: from("book", "id", query.ExactCount)},
		{Name: "count of inner", Ask: from("author", "id", embed("book!inner", "id", is("mood", query.Eq, "ok")), page(1, 0), query.ExactCount)},

		// order
		{Name: "order by numeric", Ask: from("book", "id, price", by("price"))},
		{Name: "order by numeric desc", Ask: from("book", "id, price", by("price desc"))},
		{Name: "order nulls first", Ask: from("book", "id", by("mood first"))},
		{Name: "order nulls last desc", Ask: from("book", "id", by("mood desc last"))},
		{Name: "order by jsonb", Ask: from("book", "id, meta", by("meta"))},
		{Name: "order by jsonb path", Ask: from("book", "id", by("meta->a"))},
		{Name: "order by jsonb text", Ask: from("book", "id", by("meta->>a desc"))},
		{Name: "order by array", Ask: from("book", "id, nums", by("nums"))},
		{Name: "order by text array", Ask: from("book", "id", by("tags desc"))},
		{Name: "order by interval", Ask: from("book", "id, dur", by("dur"))},
		{Name: "order by timetz", Ask: from("book", "id, atz", by("atz"))},
		{Name: "order by bytea", Ask: from("book", "id", by("data"))},
		{Name: "order by bool", Ask: from("author", "id", by("active"))},
		{Name: "order by timestamps", Ask: from("book", "id", by("published desc"), by("made"))},
		{Name: "order by related", Ask: from("book", "id", embed("author", "name"), by("author(name) desc"))},
		{Name: "order by related hidden", Ask: from("book", "id", embed("author", ""), by("author(score)"))},

		// embeds
		{Name: "to one", Ask: from("book", "id", embed("author", "*"))},
		{Name: "to one inner", Ask: from("book", "id", embed("author!inner", "name", is("active", query.Is, "true")))},
		{Name: "to one filtered", Ask: from("book", "id", embed("author", "name", is("active", query.Is, "true")))},
		{Name: "to many", Ask: from("author", "id", embed("book", "id,title,price", by("price desc")))},
		{Name: "to many paged", Ask: from("author", "id", embed("book", "id", by("id desc"), page(1, 0)))},
		{Name: "to many inner", Ask: from("author", "id", embed("book!inner", "id", is("mood", query.In, "ok", "sad")))},
		{Name: "to many empty", Ask: from("author", "id", embed("book", ""))},
		{Name: "one to one", Ask: from("author", "id", embed("profile", "bio"))},
		{Name: "many to many", Ask: from("book", "id", embed("label", "name", by("name")))},
		{Name: "many to many inner", Ask: from("label", "name", embed("book!inner", "title"))},
		{Name: "to itself", Ask: from("author", "id", embed("mentor:mentor_id", "id,name"))},
		{Name: "from itself", Ask: from("author", "id", embed("pupils:author!mentor_id", "id", by("id")), is("id", query.Eq, "2"))},
		{Name: "deep", Ask: from("author", "name", embed("book", "title", embed("label", "name", embed("book", "id", embed("author", "id")))))},
		{Name: "two levels to one", Ask: from("book", "id", embed("author", "name", embed("profile", "bio")))},
		{Name: "nested inner", Ask: from("book", "id", embed("author", "name", embed("profile!inner", "bio")))},
		{Name: "both inner", Ask: from("book", "id", embed("author!inner", "name", embed("profile!inner", "bio")))},
		{Name: "spread to one", Ask: from("book", "id", embed("...author", "writer:name, born"))},
		{Name: "spread to many", Ask: from("author", "id", embed("...book", "titles:title, prices:price, metas:meta, tags", by("id desc")))},
		{Name: "spread many to many", Ask: from("book", "id", embed("...label", "labels:name"))},
		{Name: "spread in spread", Ask: from("book", "id", embed("...author", "name", embed("...profile", "bio")))},
		{Name: "many in spread", Ask: from("book", "id", embed("...author", "name", embed("book", "id")))},
		{Name: "has embed", Ask: from("author", "id", embed("book", ""), &query.Embedded{Name: "book"})},
		{Name: "lacks embed", Ask: from("author", "id", embed("book", "id"), &query.Embedded{Name: "book", Null: true})},
		{Name: "embed or column", Ask: from("author", "id", embed("book", ""), or(&query.Embedded{Name: "book", Null: true}, is("id", query.Eq, "1")))},

		// aggregates
		{Name: "count rows", Ask: from("book", "count()")},
		{Name: "sums", Ask: from("book", "n2.sum(), price.sum(), f8.sum(), id.sum(), n4.sum()")},
		{Name: "averages", Ask: from("book", "a:n2.avg(), b:price.avg(), c:f8.avg(), d:n4.avg(), e:id.avg()")},
		{Name: "extremes", Ask: from("book", "a:price.min(), b:price.max(), c:mood.max(), d:title.min(), e:published.max(), f:dur.max(), g:atz.min(), h:nums.max()")},
		{Name: "grouped", Ask: from("book", "mood, count(), price.sum()")},
		{Name: "grouped by numeric", Ask: from("book", "price, count()")},
		{Name: "count column", Ask: from("book", "n:price.count()")},
		{Name: "aggregate cast", Ask: from("book", "price.sum()::text, n:n2.avg()::integer")},
		{Name: "aggregate of nothing", Ask: from("book", "price.sum(), n2.avg(), id.max(), count()", is("id", query.Gt, "100"))},
		{Name: "embedded aggregate", Ask: from("author", "id", embed("book", "count(), price.sum()"))},
		{Name: "embedded groups", Ask: from("author", "id", embed("book", "mood, count()"))},
		{Name: "aggregate in spread", Ask: from("book", "count()", embed("...author", "name"))},
		{Name: "spread aggregate", Ask: from("book", "mood", embed("...author", "score.sum()"))},
		{Name: "average of two", Ask: from("author", "score.avg(), rating.max()")},

		// casts
		{Name: "casts to text", Ask: from("book", "a:id::text, b:price::text, c:published::text, d:tags::text, e:meta::text, f:raw::text, g:data::text, h:f8::text, i:mood::text, j:uid::text, k:dur::text, l:made::text")},
		{Name: "casts of numbers", Ask: from("book", "a:price::integer, b:f4::numeric, c:n4::text, d:n2::double precision, e:price::real")},
		{Name: "casts of bools", Ask: from("author", "a:active::text, b:active::integer, c:id::text, d:born::text")},
		{Name: "cast of time", Ask: from("book", "a:published::date, b:made::date, c:made::time, d:made::timestamptz")},

		// json
		{Name: "json paths", Ask: from("book", "id, a:meta->a, b:meta->a->x->1, c:meta->a->>s, d:meta->0, e:meta->-1, f:raw->a, g:raw->>z, h:meta->>a, i:raw->1->>k")},
		{Name: "json path missing", Ask: from("book", "id, a:meta->nope->x, b:raw->>nope")},
		{Name: "array path", Ask: from("book", "id, a:tags->0, b:tags->>1, c:nums->-1")},
	}
	for _, f := range []struct {
		name  string
		where query.Expr
	}{
		{"eq", is("id", query.Eq, "2")},
		{"neq null", is("author_id", query.Neq, "1")},
		{"not eq null", not(is("author_id", query.Eq, "1"))},
		{"numeric eq", is("price", query.Eq, "12.5")},
		{"numeric lt", is("price", query.Lt, "12.5")},
		{"numeric gte", is("price", query.Gte, "3.00")},
		{"numeric in", is("price", query.In, "3.0", "12.500")},
		{"float eq", is("f8", query.Eq, "0.1")},
		{"float4 eq", is("f4", query.Eq, "0.1")},
		{"float gt", is("f8", query.Gt, "1")},
		{"text gt", is("title", query.Gt, "a")},
		{"enum lt", is("mood", query.Lt, "glad")},
		{"enum eq", is("mood", query.Eq, "glad")},
		{"enum in", is("mood", query.In, "glad", "sad")},
		{"enum gt any", is("mood", query.Gt, "any", "sad")},
		{"uuid", is("uid", query.Eq, "{a0eebc999c0b4ef8bb6d6bb9bd380a11}")},
		{"uuid in", is("uid", query.In, "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11")},
		{"timestamptz", is("published", query.Eq, "2020-01-02 05:04:05.123456+02")},
		{"timestamptz gt", is("published", query.Gt, "2020-01-02 03:04:05")},
		{"timestamp lt", is("made", query.Lt, "2021-06-01 12:00:00.000001")},
		{"date in", is("id", query.In, "1", "5", "5")},
		{"time gte", is("at", query.Gte, "12:30")},
		{"timetz eq", is("atz", query.Eq, "08:00:00+00")},
		{"timetz lt", is("atz", query.Lt, "09:00:00+00")},
		{"interval eq", is("dur", query.Eq, "1 mon")},
		{"interval lt", is("dur", query.Lt, "1 day")},
		{"bytea eq", is("data", query.Eq, `\xdeadbeef`)},
		{"bytea in", is("data", query.In, `\x`, `\x00`)},
		{"bytea gt", is("data", query.Gt, `\x`)},
		{"jsonb eq", is("meta", query.Eq, `{"a":5.0}`)},
		{"jsonb path eq", is("meta->a", query.Eq, "5")},
		{"jsonb path text eq", is("meta->>a", query.Eq, "5")},
		{"jsonb deep", is("meta->a->x->>1", query.Eq, "2.50")},
		{"json text", is("raw->>z", query.Gt, "0")},
		{"array eq", is("nums", query.Eq, "{1,2}")},
		{"array lt", is("nums", query.Lt, "{1,2}")},
		{"in empty", is("id", query.In)},
		{"not in empty", not(is("id", query.In))},
		{"not in", not(is("author_id", query.In, "1", "2"))},
		{"is null", is("mood", query.Is, "null")},
		{"is not null", is("mood", query.Is, "not_null")},
		{"isdistinct", is("author_id", query.IsDistinct, "1")},
		{"numeric isdistinct", is("price", query.IsDistinct, "12.5000")},
		{"like", is("title", query.Like, "%a")},
		{"like underscore", is("title", query.Like, "_lpha")},
		{"like escape", is("title", query.Like, `%100\%`)},
		{"like backslash", is("title", query.Like, `%\\y`)},
		{"like unicode", is("title", query.Like, "_elta")},
		{"ilike", is("title", query.ILike, "ALPHA")},
		{"like any", is("title", query.Like, "any", "A%", "b%")},
		{"like all", is("title", query.ILike, "all", "%a%", "%l%")},
		{"not like null", not(is("mood", query.Neq, "ok"))},
		{"match", is("title", query.Match, "^[A-Z]")},
		{"imatch", is("title", query.IMatch, "^[a-b]")},
		{"match class", is("title", query.Match, `[[:digit:]]+%$`)},
		{"match any", is("title", query.Match, "any", "^A", "x.y$")},
		{"eq any", is("n4", query.Eq, "any", "1", "7")},
		{"gt all", is("n4", query.Gt, "all", "0", "3")},
		{"neq all", is("n4", query.Neq, "all", "1", "7")},
		{"not gt any", not(is("n4", query.Gt, "any", "0", "1000"))},
		{"lt any numeric", is("price", query.Lt, "any", "3.5", "0")},
		{"cs array", is("tags", query.Contains, "{a}")},
		{"cs array two", is("tags", query.Contains, `{"b c",a}`)},
		{"cd array", is("tags", query.Contained, `{a,"b c"}`)},
		{"ov array", is("nums", query.Overlaps, "{2,9}")},
		{"cs empty", is("nums", query.Contains, "{}")},
		{"cs null element", is("nums", query.Contains, "{NULL}")},
		{"cs jsonb", is("meta", query.Contains, `{"a":{"x":[1]}}`)},
		{"cs jsonb number", is("meta", query.Contains, `{"a":5.00}`)},
		{"cs jsonb array", is("meta", query.Contains, `["two"]`)},
		{"cs jsonb scalar in array", is("meta", query.Contains, `"two"`)},
		{"cd jsonb", is("meta", query.Contained, `{"a":5,"b":6}`)},
		{"and or", and(or(is("id", query.Eq, "1"), is("id", query.Eq, "2")), not(is("title", query.Eq, "beta")))},
		{"not null or", not(or(is("author_id", query.Eq, "1"), is("mood", query.Eq, "ok")))},
		{"exists", &query.Exists{Relation: "author", Where: is("active", query.Is, "true")}},
		{"and of nothing", and()},
		{"or of nothing", or()},
		// what doesn't parse
		{"bad int", is("id", query.Eq, "x")},
		{"int out of range", is("n2", query.Eq, "40000")},
		{"bad uuid", is("uid", query.Eq, "x")},
		{"bad enum", is("mood", query.Eq, "angry")},
		{"bad timestamp", is("published", query.Eq, "yesterday-ish")},
		{"bad array", is("nums", query.Contains, "{a}")},
		{"bad pattern", is("title", query.Like, `a\`)},
		{"bad numeric in", is("price", query.In, "1", "1x")},
	} {
		cases = append(cases, Case{Name: "where " + f.name, Ask: from("book", "id", f.where)})
	}
	cases = append(cases,
		Case{Name: "where bool", Ask: from("author", "id", is("active", query.Eq, "f"))},
		Case{Name: "where bool is false", Ask: from("author", "id", is("active", query.Is, "false"))},
		Case{Name: "where date", Ask: from("author", "id", is("born", query.Gte, "1970-01-31"))},
		Case{Name: "where escaped text", Ask: from("author", "id", is("name", query.Eq, `Bo "the" \ Bold`))},
		Case{Name: "where quotes", Ask: from("author", "id", is("name", query.Eq, `' OR 1=1 --`))},

		Case{Name: "insert", Ask: inserting("author", []string{"id", "name", "score"}, `[{"id":50,"name":"Zoe","score":1.50},{"id":51,"name":"Yan","score":null}]`,
			func(q *query.Insert) { q.Default = true })},
		Case{Name: "insert with embeds", Ask: inserting("book", []string{"id", "author_id", "title", "published"}, `[{"id":90,"author_id":2,"title":"n","published":"2022-01-01T00:00:00Z"}]`,
			func(q *query.Insert) {
				q.Returning = from("", "id, title, published", embed("author", "name"), embed("label", "name"))
			})},
		Case{Name: "insert nothing", Ask: inserting("author", []string{"id", "name"}, `[]`, nil)},
		Case{Name: "insert missing is null", Ask: inserting("pair", []string{"x", "y", "v"}, `[{"x":9,"y":"z"},{"x":8,"y":"z","v":1}]`, nil)},
		Case{Name: "insert duplicate", Ask: inserting("author", []string{"id", "name", "active"}, `[{"id":60,"name":"Ana","active":true}]`, nil)},
		Case{Name: "insert duplicate key", Ask: inserting("pair", []string{"x", "y"}, `[{"x":1,"y":"a"}]`, nil)},
		Case{Name: "insert null", Ask: inserting("author", []string{"id", "name", "active"}, `[{"id":60,"name":null,"active":true}]`, nil)},
		Case{Name: "insert broken check", Ask: inserting("author", []string{"id", "name", "active", "score"}, `[{"id":60,"name":"x","active":true,"score":-1}]`, nil)},
		Case{Name: "insert broken reference", Ask: inserting("profile", []string{"author_id", "bio"}, `[{"author_id":999,"bio":"x"}]`, nil)},
		Case{Name: "insert rows that refer to each other", Ask: inserting("author", []string{"id", "name", "active", "mentor_id"}, `[{"id":70,"name":"c","active":true,"mentor_id":71},{"id":71,"name":"m","active":true}]`, nil)},
		Case{Name: "insert bad value", Ask: inserting("author", []string{"id", "name", "born"}, `[{"id":70,"name":"c","born":"2020-02-30"}]`, nil)},
		Case{Name: "insert overflow", Ask: inserting("label", []string{"id", "name"}, `[{"id":99999999999,"name":"c"}]`, nil)},
		Case{Name: "upsert", Ask: inserting("label", []string{"id", "name"}, `[{"id":1,"name":"RED"},{"id":9,"name":"new"}]`, func(q *query.Insert) { q.Conflict = &query.Conflict{} })},
		Case{Name: "upsert ignore", Ask: inserting("label", []string{"id", "name"}, `[{"id":1,"name":"RED"},{"id":9,"name":"new"}]`, func(q *query.Insert) { q.Conflict = &query.Conflict{Ignore: true} })},
		Case{Name: "upsert on a unique column", Ask: inserting("author", []string{"name", "active", "score"}, `[{"name":"Ana","active":false,"score":"7"}]`,
			func(q *query.Insert) { q.Conflict = &query.Conflict{Columns: []string{"name"}} })},
		Case{Name: "upsert without rowid", Ask: inserting("pair", []string{"x", "y", "v"}, `[{"x":1,"y":"a","v":5},{"x":3,"y":"c","v":6}]`, func(q *query.Insert) { q.Conflict = &query.Conflict{} })},
		Case{Name: "upsert twice", Ask: inserting("label", []string{"id", "name"}, `[{"id":1,"name":"RED"},{"id":1,"name":"new"}]`, func(q *query.Insert) { q.Conflict = &query.Conflict{} })},
		Case{Name: "upsert without such a key", Ask: inserting("label", []string{"id", "name"}, `[{"id":1,"name":"RED"}]`, func(q *query.Insert) { q.Conflict = &query.Conflict{Columns: []string{"name"}} })},
		Case{Name: "put", Ask: inserting("label", []string{"id", "name"}, `[{"id":1,"name":"RED"}]`, func(q *query.Insert) { q.Conflict = &query.Conflict{}; q.Put = is("id", query.Eq, "1") })},
		Case{Name: "put another", Ask: inserting("label", []string{"id", "name"}, `[{"id":2,"name":"RED"}]`, func(q *query.Insert) { q.Conflict = &query.Conflict{}; q.Put = is("id", query.Eq, "1") })},
		Case{Name: "update", Ask: updating("book", []string{"price", "meta", "tags"}, `{"price":"9.999","meta":{"b":1,"a":[]},"tags":["x"]}`, is("author_id", query.Eq, "1"), from("", "id, price, meta, tags", embed("author", "name")))},
		Case{Name: "update nothing", Ask: updating("book", []string{"title"}, `{"title":"x"}`, is("id", query.Eq, "99"), from("", "*"))},
		Case{Name: "update no column", Ask: updating("book", nil, `{}`, is("id", query.Eq, "1"), from("", "id"))},
		Case{Name: "update to null", Ask: updating("author", []string{"name"}, `{"name":null}`, is("id", query.Eq, "1"), nil)},
		Case{Name: "update to a taken name", Ask: updating("author", []string{"name"}, `{"name":"Ana"}`, is("id", query.Eq, "2"), nil)},
		Case{Name: "update to a missing reference", Ask: updating("book", []string{"author_id"}, `{"author_id":77}`, is("id", query.Eq, "2"), nil)},
		Case{Name: "update a referred key", Ask: updating("label", []string{"id"}, `{"id":77}`, is("id", query.Eq, "2"), nil)},
		Case{Name: "update without rowid", Ask: updating("pair", []string{"v"}, `{"v":1}`, is("x", query.Eq, "1"), from("", "*"))},
		Case{Name: "update too many", Ask: &query.Update{Table: query.Name{Name: "pair"}, Columns: []string{"v"}, Row: query.Text(`{"v":1}`), End: query.End{Rollback: true, MaxAffected: &one}}},
		Case{Name: "update not one", Ask: &query.Update{Table: query.Name{Name: "pair"}, Columns: []string{"v"}, Row: query.Text(`{"v":1}`), Returning: from("", "x"), End: query.End{Rollback: true, Single: true}}},
		Case{Name: "delete", Ask: &query.Delete{From: query.Name{Name: "label"}, Where: is("id", query.Eq, "3"), Returning: from("", "*"), End: rollback}},
		Case{Name: "delete referred", Ask: &query.Delete{From: query.Name{Name: "author"}, Where: is("id", query.Eq, "1"), End: rollback}},
		Case{Name: "delete cascades", Ask: &query.Delete{From: query.Name{Name: "book"}, Where: is("id", query.Eq, "1"), Returning: from("", "id"), End: rollback}},
		Case{Name: "delete without rowid", Ask: &query.Delete{From: query.Name{Name: "pair"}, Where: is("x", query.Eq, "1"), Returning: from("", "*"), End: rollback}},
		Case{Name: "still there", Ask: from("label", "*")},
		Case{Name: "pairs still there", Ask: from("pair", "*")},
	)
	cases = append(cases, reads()...)
	return cases
}
