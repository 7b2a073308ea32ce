package storetest

import "github.com/pintail-dev/pintail/query"

// reads are what GraphQL asks for and REST doesn't: summaries, groups, ways through relations, several reads at once.
func reads() []Case {
	spread := func(table string, with ...any) *query.Select {
		n := func(a query.Aggregate) query.Item {
			out := &query.Nest{Key: string(a)}
			for _, c := range []string{"n2", "n4", "id", "price", "f4", "f8"} {
				out.Items = append(out.Items, &query.Output{Alias: c, Field: field(c), Aggregate: a})
			}
			return out
		}
		return from(table, "", append(with, summed{}, n(query.Stddev), n(query.StddevPop), n(query.StddevSamp), n(query.Variance), n(query.VarPop), n(query.VarSamp))...)
	}
	about := func(with ...any) *query.Select {
		return from("book", "", append([]any{summed{}, literal("__typename", "book_aggregate"), nest("aggregate", "count(), n:price.sum()", nest("max", "price:price.max(), title:title.max()"), literal("__typename", "f\"x")),
			nodes("id, title", embed("author", "name"))}, with...)...)
	}
	return []Case{
		// summaries
		{Name: "summary", Ask: about()},
		{Name: "summary of a page", Ask: about(by("title desc"), page(2, 1))},
		{Name: "summary of a limit", Ask: about(page(3, 0))},
		{Name: "summary of an offset", Ask: about(page(-1, 3))},
		{Name: "summary filtered", Ask: about(is("author_id", query.Eq, "1"))},
		{Name: "summary of nothing", Ask: about(is("id", query.Gt, "100"))},
		{Name: "summary of no page", Ask: about(page(0, 0))},
		{Name: "summary of distinct rows", Ask: about(distinctOn(fields("author_id")), by("author_id"), by("price desc"))},
		{Name: "summary of a page of distinct rows", Ask: about(distinctOn(fields("author_id")), by("author_id desc"), page(2, 1))},
		{Name: "summary of nodes alone", Ask: from("book", "", summed{}, nodes("id"), page(1, 1))},
		{Name: "summary of literals alone", Ask: from("book", "", summed{}, literal("__typename", "x"))},
		{Name: "summary without nodes", Ask: from("book", "", summed{}, nest("aggregate", "count()"))},
		{Name: "summary counted", Ask: from("book", "", summed{}, nest("aggregate", "count()"), page(1, 0))},
		{Name: "summary embedded", Ask: from("author", "id", embed("books:book", "", summed{}, nest("aggregate", "count(), p:price.avg()"), nodes("id, title", nest("more", "price"))))},
		{Name: "summary embedded page", Ask: from("author", "id", embed("books:book", "", summed{}, nest("aggregate", "count(), p:price.min()"), nodes("id"), by("id desc"), page(1, 0)))},
		{Name: "summary embedded filtered", Ask: from("author", "id", embed("books:book", "", summed{}, nest("aggregate", "count()"), nodes("id"), is("mood", query.Eq, "ok")))},
		{Name: "summary embedded nodes alone", Ask: from("author", "id", embed("books:book", "", summed{}, nodes("id")), page(2, 1), by("name desc"))},
		{Name: "summary of many to many", Ask: from("book", "id", embed("label", "", summed{}, nest("aggregate", "count()"), nodes("name"), by("name desc"), page(1, 0)))},
		{Name: "summary in nodes", Ask: from("author", "", summed{}, nodes("id", embed("book", "", summed{}, nest("aggregate", "count()"), nodes("id", embed("label", "name")))))},
		{Name: "summary in an embed", Ask: from("book", "id", embed("author", "name", embed("book", "", summed{}, nest("aggregate", "count()"))))},
		{Name: "summary ordered by a way", Ask: from("book", "", summed{}, nest("aggregate", "count(), f:f8.sum()"), nodes("id"), by("author:name desc first"), page(3, 0))},

		// nests and literals
		{Name: "nest", Ask: from("book", "id", nest("in", "title, price", nest("deeper", "mood, tags"), literal("__typename", "deep")), literal("__typename", "book"), page(2, 0))},
		{Name: "nest with casts and paths", Ask: from("book", "id", nest("in", "p:price::text, a:meta->a, raw"))},
		{Name: "nest in a to one", Ask: from("book", "id", embed("author", "name", nest("in", "id, born"), literal("t", "author")))},
		{Name: "nest and literal in a spread", Ask: from("book", "id", embed("...author", "", nest("a", "name"), literal("t", "author"), &query.Output{Field: field("born")}))},
		{Name: "nest and literal in a spread to many", Ask: from("author", "id", embed("...book", "", nest("a", "title"), literal("t", "book")))},
		{Name: "literals between", Ask: from("label", "", literal("a", "1"), output("id"), literal("b", "\u00e9\n\"☃"), output("name"))},
		{Name: "literals alone", Ask: from("label", "", literal("a", "1"))},
		{Name: "items in order", Ask: from("book", "id", embed("author", "name"), output("title"), nest("n", "price"), embed("label", "name"), output("mood"))},
		{Name: "embedded literals", Ask: from("author", "id", embed("book", "", literal("__typename", "book")))},

		// aggregates
		{Name: "spread of values", Ask: spread("book")},
		{Name: "spread of one value", Ask: spread("book", is("id", query.Eq, "1"))},
		{Name: "spread of two values", Ask: spread("book", is("id", query.In, "1", "5"))},
		{Name: "spread of nothing", Ask: spread("book", is("id", query.Eq, "4"))},
		{Name: "spread in groups", Ask: from("book", "author_id, a:price.stddev(), b:n4.variance(), c:f8.var_pop()")},
		{Name: "all and any", Ask: from("author", "a:active.bool_and(), b:active.bool_or()")},
		{Name: "all and any of nothing", Ask: from("author", "a:active.bool_and(), b:active.bool_or()", is("id", query.Eq, "77"))},
		{Name: "all and any in groups", Ask: from("author", "mentor_id, a:active.bool_and(), b:active.bool_or()")},
		{Name: "distinct aggregates", Ask: from("book", "", summed{}, distinct("a", query.Count, "price"), distinct("b", query.Sum, "price"), distinct("c", query.Avg, "price"),
			distinct("d", query.Count, "mood"), distinct("e", query.Count, "published"), distinct("f", query.Count, "dur"), distinct("g", query.Sum, "f8"), distinct("h", query.Count, "meta"),
			distinct("i", query.Count, "tags"), distinct("j", query.Max, "price"), distinct("k", query.Stddev, "price"), distinct("l", query.Sum, "author_id"), distinct("m", query.Sum, "n2"),
			distinct("n", query.Count, "data"), distinct("o", query.Count, "title"), distinct("p", query.Count, "atz"))},
		{Name: "distinct count of json", Ask: from("book", "", summed{}, distinct("a", query.Count, "raw"))},
		{Name: "counts of several columns", Ask: from("book", "", summed{}, together("a", "price", "mood"), distinct("b", query.Count, "price", "mood"), distinct("c", query.Count, "author_id", "mood"),
			distinct("d", query.Count, "data", "tags", "meta"), distinct("e", query.Count, "mood", "mood"))},
		{Name: "counts of several columns in groups", Ask: from("book", "mood", together("a", "price", "f8"), distinct("b", query.Count, "price", "author_id"))},

		// groups
		{Name: "group by a column not written", Ask: from("book", "count(), p:price.sum()", groupBy(fields("mood")))},
		{Name: "group by several", Ask: from("book", "mood, count()", groupBy(fields("mood", "author_id")))},
		{Name: "group by the key", Ask: from("author", "name, count()", groupBy(fields("id")), page(2, 1))},
		{Name: "group without aggregates", Ask: from("book", "mood", groupBy(fields("mood")))},
		{Name: "group by interval", Ask: from("book", "count()", groupBy(fields("dur")))},
		{Name: "group by numeric", Ask: from("book", "n:count()", groupBy(fields("price")), by("price desc"))},
		{Name: "group in nests", Ask: from("book", "", nest("group", "mood"), nest("aggregate", "count()", nest("sum", "price:price.sum()")), groupBy(fields("mood")))},
		{Name: "having", Ask: from("book", "mood, count()", groupBy(fields("mood")), having{measure("", query.Count, nil, query.Gt, "1")})},
		{Name: "having a sum or a value", Ask: from("book", "mood, p:price.sum()", groupBy(fields("mood")), having{or(measure("", query.Sum, fields("price"), query.Gte, "12.5"), is("mood", query.Is, "null"))})},
		{Name: "having distinct", Ask: from("book", "mood", groupBy(fields("mood")), having{once(measure("", query.Count, fields("author_id"), query.Eq, "2"))})},
		{Name: "having in", Ask: from("book", "mood", groupBy(fields("mood")), having{measure("", query.Count, nil, query.In, "1,3")})},
		{Name: "having of nothing", Ask: from("book", "mood", groupBy(fields("mood")), is("id", query.Gt, "99"), having{measure("", query.Count, nil, query.Gt, "0")})},
		{Name: "having is null", Ask: from("book", "mood", groupBy(fields("mood")), having{&query.Measure{Aggregate: query.Sum, Fields: fields("price"), Op: query.Is, Value: query.Text("null")}})},
		{Name: "order by a group's aggregate", Ask: from("book", "mood, count()", groupBy(fields("mood")), by(":count desc"), by(":price.sum"))},
		{Name: "order by a group's extreme", Ask: from("book", "mood", groupBy(fields("mood")), by(":title.max desc"), page(2, 0))},
		{Name: "embedded group", Ask: from("author", "id", embed("book", "mood, count()", groupBy(fields("mood")), having{measure("", query.Count, nil, query.Gte, "1")}, by(":count desc")))},
		{Name: "group counted", Ask: from("book", "mood", groupBy(fields("mood")), page(1, 0), query.ExactCount)},

		// distinct rows
		{Name: "distinct", Ask: from("book", "id, author_id", distinctOn(fields("author_id")))},
		{Name: "distinct by order", Ask: from("book", "id, author_id", distinctOn(fields("author_id")), by("author_id desc"), by("title desc"))},
		{Name: "distinct by two", Ask: from("book", "id, mood, author_id", distinctOn(fields("mood", "author_id")), by("mood"))},
		{Name: "distinct numerics", Ask: from("book", "id, price", distinctOn(fields("price")), by("price last"), by("id desc"))},
		{Name: "distinct filtered page", Ask: from("book", "id", is("id", query.Neq, "1"), distinctOn(fields("mood")), page(2, 1))},
		{Name: "distinct with embeds", Ask: from("book", "id", embed("author", "name"), embed("label", "name"), distinctOn(fields("author_id")), by("author_id"), by("author(name) desc"), page(3, 0))},
		{Name: "distinct embedded", Ask: from("author", "id", embed("book", "id, mood", distinctOn(fields("mood")), by("mood"), by("id desc")))},
		{Name: "distinct counted", Ask: from("book", "id", distinctOn(fields("mood")), page(1, 0), query.ExactCount)},
		{Name: "distinct in another order", Ask: from("book", "id", distinctOn(fields("mood")), by("id"))},
		{Name: "distinct intervals", Ask: from("book", "id, dur", distinctOn(fields("dur")))},
		{Name: "distinct jsonb", Ask: from("book", "id, meta", distinctOn(fields("meta")))},

		// ways
		{Name: "order by a way", Ask: from("book", "id", by("author:name desc"))},
		{Name: "order by a way nulls first", Ask: from("book", "id", by("author:score first"), page(3, 0))},
		{Name: "order by a long way", Ask: from("book", "id", by("author.profile:bio desc"), by("author.mentor_id:name"))},
		{Name: "order by a count", Ask: from("author", "id, name", by("book:count desc"))},
		{Name: "order by a sum", Ask: from("author", "id", by("book:price.sum desc last"))},
		{Name: "order by an extreme", Ask: from("author", "id", by("book:mood.max"), by("book:title.min desc"))},
		{Name: "order by a spread", Ask: from("author", "id", by("book:f8.stddev_pop desc"))},
		{Name: "order by a count a way off", Ask: from("book", "id", by("author.book:count desc"), by("author.book:dur.max"))},
		{Name: "order by many to many", Ask: from("book", "id", by("label:count desc"), by("label:name.min"))},
		{Name: "order by a way to many", Ask: from("author", "id", by("book:title"))},
		{Name: "order embeds by a way", Ask: from("author", "id", embed("book", "id", by("label:count desc"), page(2, 0)))},

		// measures
		{Name: "measure count", Ask: from("author", "id", measure("book", query.Count, nil, query.Gte, "1"))},
		{Name: "measure count of none", Ask: from("author", "id", measure("book", query.Count, nil, query.Eq, "0"))},
		{Name: "measure count filtered", Ask: from("author", "id", measure("book", query.Count, nil, query.Gt, "0", is("mood", query.Eq, "ok")))},
		{Name: "measure sum", Ask: from("author", "id", measure("book", query.Sum, fields("price"), query.Gt, "12.5"))},
		{Name: "measure not sum", Ask: from("author", "id", not(measure("book", query.Sum, fields("price"), query.Gt, "12.5")))},
		{Name: "measure max of text", Ask: from("author", "id", measure("book", query.Max, fields("title"), query.Like, "%a%"))},
		{Name: "measure max of enum", Ask: from("author", "id", measure("book", query.Max, fields("mood"), query.Gt, "sad"))},
		{Name: "measure in", Ask: from("author", "id", measure("book", query.Count, nil, query.In, "0,2"))},
		{Name: "measure distinct", Ask: from("label", "id", once(measure("book", query.Count, fields("author_id"), query.Eq, "2")))},
		{Name: "measure several columns", Ask: from("author", "id", once(measure("book", query.Count, fields("price", "mood"), query.Eq, "2")))},
		{Name: "measure all", Ask: from("author", "id", measure("pupils:author", query.Count, nil, query.Eq, "0"))},
		{Name: "measure bad value", Ask: from("author", "id", measure("book", query.Count, nil, query.Eq, "x"))},
		{Name: "measure average", Ask: from("author", "id", measure("book", query.Avg, fields("n4"), query.Lt, "1000.5"))},
		{Name: "measure float", Ask: from("author", "id", measure("book", query.Stddev, fields("f8"), query.Gt, "0"))},
		{Name: "measure all true", Ask: from("book", "id", measure("label", query.Count, nil, query.Gt, "0", measure("book", query.Count, nil, query.Gt, "1")))},

		// operators
		{Name: "where as text", Ask: from("book", "id", asText("id", query.Like, "%1"))},
		{Name: "where numeric as text", Ask: from("book", "id", asText("price", query.Eq, "12.50"))},
		{Name: "where timestamp as text", Ask: from("book", "id", asText("published", query.ILike, "2020-01-02%"))},
		{Name: "where jsonb as text", Ask: from("book", "id", asText("meta", query.Match, `"a"`))},
		{Name: "where bool as text", Ask: from("author", "id", asText("active", query.In, "true", "t"))},
		{Name: "where enum as text", Ask: from("book", "id", asText("mood", query.Gt, "ok"))},
		{Name: "where array as text", Ask: from("book", "id", asText("tags", query.Eq, "{a}"))},
		{Name: "where uuid as text", Ask: from("book", "id", asText("uid", query.Like, "a0ee%"))},
		{Name: "where float as text", Ask: from("book", "id", asText("f8", query.Lt, "1e"))},
		{Name: "where null as text", Ask: from("book", "id", not(asText("mood", query.Eq, "ok")))},
		{Name: "where similar", Ask: from("book", "id", is("title", query.Similar, "(A|b)%"))},
		{Name: "where similar whole", Ask: from("book", "id", is("title", query.Similar, "lph"))},
		{Name: "where similar class", Ask: from("book", "id", is("title", query.Similar, `[A-Z]_+`))},
		{Name: "where similar escape", Ask: from("book", "id", is("title", query.Similar, `%100\%`))},
		{Name: "where similar dot", Ask: from("book", "id", is("title", query.Similar, `.lpha|%\\y`))},
		{Name: "where similar repeated", Ask: from("book", "id", is("title", query.Similar, `(.|[a-z]|A){4,6}`))},
		{Name: "where similar unbalanced", Ask: from("book", "id", is("title", query.Similar, `(a`))},
		{Name: "where similar quotes", Ask: from("book", "id", is("title", query.Similar, `a\"b\"c\"d`))},
		{Name: "where similar parts", Ask: from("book", "id", is("title", query.Similar, `Al\"ph\"a`))},
		{Name: "where not similar", Ask: from("book", "id", not(is("title", query.Similar, `%a`)))},
		{Name: "where has key", Ask: from("book", "id", is("meta", query.HasKey, "a"))},
		{Name: "where has element", Ask: from("book", "id", is("meta", query.HasKey, "two"))},
		{Name: "where is that string", Ask: from("book", "id", is("meta", query.HasKey, "str"))},
		{Name: "where lacks key", Ask: from("book", "id", not(is("meta", query.HasKey, "a")))},
		{Name: "where has any key", Ask: from("book", "id", keys("meta", query.HasKeysAny, "bb", "two"))},
		{Name: "where has all keys", Ask: from("book", "id", keys("meta", query.HasKeysAll, "bb", "a"))},
		{Name: "where has any of no keys", Ask: from("book", "id", keys("meta", query.HasKeysAny))},
		{Name: "where has all of no keys", Ask: from("book", "id", keys("meta", query.HasKeysAll))},
		{Name: "where a path has key", Ask: from("book", "id", is("meta->a", query.HasKey, "x"))},
		// several at once
		{Name: "sequence of one", Ask: sequence(from("label", "*"))},
		{Name: "sequence", Ask: sequence(from("book", "id", is("id", query.Eq, "1")), from("author", "id, name", page(2, 0)), about(), from("label", "id", is("id", query.Eq, "99")))},
	}
}
