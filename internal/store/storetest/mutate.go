package storetest

import (
	"strings"

	"github.com/pintail-dev/pintail/query"
)

// insertOf puts rows in and answers all of them.
func insertOf(table, columns, rows string, with ...any) *query.Insert {
	q := &query.Insert{Into: query.Name{Name: table}, Columns: strings.Split(columns, ","), Rows: query.Text(rows), Default: true}
	for _, w := range with {
		switch w := w.(type) {
		case query.Nested:
			q.Nested = append(q.Nested, w)
		case *query.Conflict:
			q.Conflict = w
		case *query.Select:
			q.Returning = w
		case query.End:
			q.End = w
		default:
			panic("storetest: what is that?")
		}
	}
	return q
}

// with puts rows of a related table in; parents says to which row each belongs.
func with(relation, parents string, q *query.Insert) query.Nested {
	q.Into = query.Name{}
	relation, hint, _ := strings.Cut(relation, "!")
	return query.Nested{Relation: relation, Hint: hint, Insert: q, Parents: query.Text(parents)}
}

// updateOf sets columns, and changes others by their old value.
func updateOf(table, columns, row string, where query.Expr, then ...any) *query.Update {
	q := &query.Update{Table: query.Name{Name: table}, Where: where, Row: query.Text(row), Returning: from("", "id")}
	if columns != "" {
		q.Columns = strings.Split(columns, ",")
	}
	for _, t := range then {
		switch t := t.(type) {
		case query.Alter:
			q.Alter = append(q.Alter, t)
			q.Returning.Items = append(q.Returning.Items, output(t.Column))
		case *query.Select:
			q.Returning = t
		}
	}
	return q
}

func alter(column string, how query.Alteration, v ...string) query.Alter {
	a := query.Alter{Column: column, How: how}
	switch {
	case how == query.DeleteAtPath && v != nil:
		a.Value = query.List(v)
	case len(v) == 0:
		a.Value = query.Value{Null: true}
	default:
		a.Value = query.Text(v[0])
	}
	return a
}

func deleteOf(table string, where query.Expr, returning *query.Select) *query.Delete {
	return &query.Delete{From: query.Name{Name: table}, Where: where, Returning: returning}
}

// writes are what GraphQL asks to be changed and REST doesn't.
func writes() []Case {
	var all []Case
	add := func(name string, of ...query.Query) {
		if len(of) > 1 {
			all = append(all, Case{Name: name, Ask: sequence(of...)})
			return
		}
		switch q := of[0].(type) {
		case *query.Insert:
			q.End.Rollback = true
		case *query.Update:
			q.End.Rollback = true
		}
		all = append(all, Case{Name: name, Ask: of[0]})
	}
	book := func(id string, then ...any) *query.Update {
		return updateOf("book", "", "{}", is("id", query.Eq, id), then...)
	}
	whole := from("", "id, name", embed("book", "id, title", embed("label", "name")), embed("profile", "bio"))

	// by the old value
	for _, c := range []string{"n2", "n4", "f4", "f8", "price"} {
		add("inc "+c, book("1", alter(c, query.Increment, "3")))
		add("inc null "+c, book("4", alter(c, query.Increment, "3")))
		add("inc by null "+c, book("1", alter(c, query.Increment)))
	}
	add("inc all", updateOf("book", "", "{}", nil, alter("n2", query.Increment, "-2"), alter("n4", query.Increment, "5"), alter("f8", query.Increment, "0.25"), alter("price", query.Increment, "1.005")))
	add("inc with columns", updateOf("book", "title,mood", `{"title":"new","mood":"ok"}`, is("id", query.Lte, "2"), alter("n2", query.Increment, "1"), from("", "id, title, mood, n2, price")))
	add("inc smallint over", book("1", alter("n2", query.Increment, "-32767")))
	add("inc smallint value over", book("1", alter("n2", query.Increment, "40000")))
	add("inc integer over", book("1", alter("n4", query.Increment, "2000000000")))
	add("inc bigint over", updateOf("author", "", "{}", is("id", query.Eq, "1"), alter("mentor_id", query.Increment, "9223372036854775807")))
	add("inc real over", book("3", alter("f4", query.Increment, "3e38")))
	add("inc real", book("1", alter("f4", query.Increment, "0.2")))
	add("inc float over", updateOf("book", "", "{}", is("id", query.Eq, "5"), alter("f8", query.Increment, "1.7e308")))
	add("inc numeric over", book("1", alter("price", query.Increment, "99999999")))
	add("inc numeric NaN", book("1", alter("price", query.Increment, "NaN")))
	add("inc numeric without scale", updateOf("author", "", "{}", is("score", query.Is, "not_null"), alter("score", query.Increment, "0.0001")))
	add("inc to a broken check", updateOf("author", "", "{}", is("id", query.Eq, "1"), alter("score", query.Increment, "-20")))
	add("inc to a missing reference", updateOf("author", "", "{}", is("id", query.Eq, "1"), alter("mentor_id", query.Increment, "50")))
	add("inc a key", updateOf("seat", "", "{}", is("id", query.Eq, "1"), alter("id", query.Increment, "5")))
	add("inc nothing", book("99", alter("n2", query.Increment, "1")))
	add("inc bad value", book("1", alter("n2", query.Increment, "x")))
	add("inc without an answer", &query.Update{Table: query.Name{Name: "book"}, Alter: []query.Alter{alter("n2", query.Increment, "1")}})
	add("inc where the old value is asked for", updateOf("book", "", "{}", and(is("n2", query.Gt, "0"), measure("label", query.Count, nil, query.Gte, "0")), alter("n2", query.Increment, "-3")))
	docs := []string{"1", "2", "3", "4", "5"}
	for _, id := range docs {
		for i, v := range []string{`{"a":1,"z":[1.0,null]}`, `[1,{"b":2}]`, `"s"`, `null`, `{}`, `[]`, `2.50`} {
			add("append "+id+" "+string(rune('a'+i)), book(id, alter("meta", query.Append, v)))
			add("prepend "+id+" "+string(rune('a'+i)), book(id, alter("meta", query.Prepend, v)))
		}
		for _, key := range []string{"a", "two", "nope", "c"} {
			add("delete key "+id+" "+key, book(id, alter("meta", query.DeleteKey, key)))
		}
		for _, at := range []string{"0", "1", "-1", "-3", "-4", "9"} {
			add("delete element "+id+" "+at, book(id, alter("meta", query.DeleteElem, at)))
		}
		for i, path := range [][]string{{}, {"a"}, {"a", "x"}, {"a", "x", "1"}, {"a", "x", "-1", "y"}, {"a", "x", "one"}, {"1"}, {"-1"}, {" 0"}, {"+1"}, {"1x"}, {""}, {"99999999999"}, {"c", "d"}, {"-9"}} {
			add("delete path "+id+" "+string(rune('a'+i)), book(id, alter("meta", query.DeleteAtPath, path...)))
		}
	}
	add("append bad json", book("1", alter("meta", query.Append, "{")))
	add("append null", book("1", alter("meta", query.Append)))
	add("delete element bad", book("1", alter("meta", query.DeleteElem, "x")))
	add("delete null path", book("1", alter("meta", query.DeleteAtPath)))
	add("delete null key", book("1", alter("meta", query.DeleteKey)))
	add("append and inc", book("1", alter("meta", query.Append, `{"c":false}`), alter("n4", query.Increment, "-1")))

	// conflicts
	upsert := func(where query.Expr, update ...string) *query.Conflict {
		return &query.Conflict{Constraint: "author_name_key", Update: update, Where: where}
	}
	people := `[{"id":101,"name":"Ana","active":false,"score":"7"},{"id":102,"name":"cy%_","active":true,"score":"8"},{"id":103,"name":"New","active":true,"score":"9"}]`
	add("upsert where", insertOf("author", "id,name,active,score", people, upsert(is("score", query.Gt, "10"), "score", "active"), from("", "name, active, score")))
	add("upsert where null", insertOf("author", "id,name,active,score", people, upsert(is("score", query.Lt, "1"), "score"), from("", "name, active, score")))
	add("upsert where or", insertOf("author", "id,name,active,score", people, upsert(or(is("id", query.Eq, "3"), asText("score", query.Like, "10%")), "score"), from("", "name, score", embed("book", "id"))))
	add("upsert where not", insertOf("author", "id,name,active,score", people, upsert(not(is("score", query.Gt, "10")), "score"), from("", "name, score")))
	add("upsert where related", insertOf("author", "id,name,active,score", people, upsert(&query.Exists{Relation: "profile", Where: is("bio", query.Is, "null")}, "score"), from("", "id, name, score")))
	add("upsert where measured", insertOf("author", "id,name,active,score", people, upsert(measure("book", query.Count, nil, query.Gte, "2"), "score"), from("", "id, name, score")))
	add("update where related", updateOf("book", "title", `{"title":"x"}`, &query.Exists{Relation: "author", Where: is("active", query.Is, "false")}))
	add("delete where measured", deleteOf("label", measure("book", query.Count, nil, query.Eq, "0"), from("", "id")), from("label", "id"))
	add("upsert where bad", insertOf("author", "id,name,active,score", people, upsert(is("score", query.Gt, "x"), "score"), from("", "id")))
	add("upsert where of a table without rowids", insertOf("pair", "x,y,v", `[{"x":1,"y":"a","v":1},{"x":1,"y":"b","v":2},{"x":7,"y":"b","v":2}]`,
		&query.Conflict{Constraint: "pair_pkey", Update: []string{"v"}, Where: is("v", query.Gt, "15")}, from("", "*")))
	add("upsert where and ignore", insertOf("author", "id,name,active,score", people, &query.Conflict{Constraint: "author_name_key", Ignore: true}, from("", "name")))

	// nested rows
	ana := with("author", "[0,1]", insertOf("", "id,name", `[{"id":50,"name":"Zoe"},{"id":51,"name":"Yan"}]`))
	add("insert with the one it belongs to", insertOf("book", "id,title,published", `[{"id":90,"title":"n","published":"2022-01-01T00:00:00Z"},{"id":91,"title":"m","published":"2022-01-01T00:00:00Z"}]`, ana,
		from("", "id, title, author_id", embed("author", "name"))))
	add("insert with those that belong to it", insertOf("author", "id,name", `[{"id":60,"name":"P"},{"id":61,"name":"Q"}]`,
		with("book", "[1,0,1]", insertOf("", "id,title,published", `[{"id":92,"title":"a","published":"2022-01-01T00:00:00Z"},{"id":93,"title":"b","published":"2022-01-01T00:00:00Z"},{"id":94,"title":"c","published":"2022-01-01T00:00:00Z"}]`)),
		with("profile", "[0]", insertOf("", "bio", `[{"bio":"x"}]`)), whole))
	add("insert with both", insertOf("book", "id,title,published", `[{"id":90,"title":"n","published":"2022-01-01T00:00:00Z"}]`,
		with("author", "[0]", insertOf("", "id,name", `[{"id":60,"name":"P"}]`, with("profile", "[0]", insertOf("", "bio", `[{"bio":"deep"}]`)))),
		with("book_label", "[0,0]", insertOf("", "label_id", `[{"label_id":1},{"label_id":3}]`)),
		from("", "id", embed("author", "name", embed("profile", "bio")), embed("label", "name"))))
	add("insert through the table between", insertOf("book", "id,title,published", `[{"id":90,"title":"n","published":"2022-01-01T00:00:00Z"}]`,
		with("book_label", "[0,0]", insertOf("", "", `[{},{}]`, with("label", "[0,1]", insertOf("", "id,name", `[{"id":70,"name":"l70"},{"id":71,"name":"l71"}]`)))),
		from("", "id", embed("label", "name", by("id desc")))))
	add("insert with some", insertOf("book", "id,title,author_id,published", `[{"id":90,"title":"n","author_id":3,"published":"2022-01-01T00:00:00Z"},{"id":91,"title":"m","author_id":null,"published":"2022-01-01T00:00:00Z"}]`,
		with("author", "[1]", insertOf("", "id,name", `[{"id":50,"name":"Zoe"}]`)), from("", "id, author_id")))
	add("insert with none", insertOf("author", "id,name", `[{"id":60,"name":"P"}]`, with("book", "[]", insertOf("", "title", `[]`)), from("", "id", embed("book", "id"))))
	add("insert nested without an answer", insertOf("author", "id,name", `[{"id":60,"name":"P"}]`, with("profile", "[0]", insertOf("", "bio", `[{"bio":"x"}]`))))
	add("insert nested upsert", insertOf("book", "id,title,published", `[{"id":90,"title":"n","published":"2022-01-01T00:00:00Z"}]`,
		with("author", "[0]", insertOf("", "id,name,score", `[{"id":101,"name":"Ana","score":"1"}]`, upsert(nil, "score"))), from("", "id, author_id", embed("author", "id, name, score"))))
	add("insert nested left out", insertOf("book", "id,title,published", `[{"id":90,"title":"n","published":"2022-01-01T00:00:00Z"}]`,
		with("author", "[0]", insertOf("", "id,name,score", `[{"id":101,"name":"Ana","score":"1"}]`, &query.Conflict{Constraint: "author_name_key", Ignore: true})), from("", "id")))
	add("insert parent left out", insertOf("author", "id,name", `[{"id":101,"name":"Ana"},{"id":102,"name":"New"}]`, &query.Conflict{Constraint: "author_name_key", Ignore: true},
		with("profile", "[1]", insertOf("", "bio", `[{"bio":"x"}]`)), from("", "name")))
	add("insert parent left out by where", insertOf("author", "id,name,score", `[{"id":101,"name":"Ana","score":"1"}]`, upsert(is("score", query.Gt, "99"), "score"),
		with("book", "[0]", insertOf("", "title", `[{"title":"x"}]`))))
	add("insert nested broken check", insertOf("book", "id,title", `[{"id":90,"title":"n"}]`, with("author", "[0]", insertOf("", "id,name,score", `[{"id":50,"name":"Zoe","score":"-1"}]`))))
	add("insert nested duplicate", insertOf("author", "id,name", `[{"id":60,"name":"P"}]`, with("profile", "[0,0]", insertOf("", "bio", `[{"bio":"x"},{"bio":"y"}]`))))
	add("insert nested null", insertOf("author", "id,name", `[{"id":60,"name":"P"}]`, with("book", "[0]", insertOf("", "id,title,published", `[{"id":95,"title":null,"published":"2022-01-01T00:00:00Z"}]`))))
	add("insert nested broken reference", insertOf("book", "id,title", `[{"id":90,"title":"n"}]`, with("book_label", "[0]", insertOf("", "label_id", `[{"label_id":77}]`))))
	add("insert nested bad value", insertOf("author", "id,name", `[{"id":60,"name":"P"}]`, with("book", "[0]", insertOf("", "id,title,price", `[{"id":95,"title":"t","price":"x"}]`))))
	add("insert nested takes what is given", insertOf("author", "id,name", `[{"id":60,"name":"P"}]`,
		with("book", "[0]", insertOf("", "id,title,author_id,published", `[{"id":95,"title":"t","author_id":1,"published":"2022-01-01T00:00:00Z"}]`)), from("", "id", embed("book", "id, author_id"))))
	add("insert nested with a mentor", insertOf("author", "id,name", `[{"id":60,"name":"P"}]`, with("mentor_id", "[0]", insertOf("", "id,name", `[{"id":61,"name":"M"}]`)), from("", "id, mentor_id")))

	// several at once
	add("sequence of writes", insertOf("label", "id,name", `[{"id":8,"name":"eight"}]`, from("", "*")), from("label", "id, name", by("id desc"), page(2, 0)),
		&query.Update{Table: query.Name{Name: "label"}, Columns: []string{"name"}, Row: query.Text(`{"name":"ocho"}`), Where: is("id", query.Eq, "8"), Returning: from("", "*")},
		deleteOf("label", is("id", query.Eq, "3"), from("", "name")), from("label", "*"))
	add("sequence of a write and an aggregate", insertOf("label", "id,name", `[{"id":8,"name":"eight"}]`), from("label", "", summed{}, nest("aggregate", "count()"), nodes("id")))
	add("sequence that fails", insertOf("label", "id,name", `[{"id":8,"name":"eight"}]`), insertOf("label", "id,name", `[{"id":8,"name":"again"}]`), from("label", "id"))
	add("sequence that fails in a read", insertOf("label", "id,name", `[{"id":8,"name":"eight"}]`), from("label", "id", is("id", query.Eq, "x")))
	add("sequence that fails in a value", updateOf("book", "", "{}", is("id", query.Eq, "1"), alter("n2", query.Increment, "1")), updateOf("book", "", "{}", is("id", query.Eq, "1"), alter("n2", query.Increment, "32767")))
	add("sequence that breaks a reference", insertOf("book", "id,title,author_id", `[{"id":90,"title":"n","author_id":66}]`), insertOf("author", "id,name", `[{"id":66,"name":"late"}]`))
	add("sequence with a deferred reference", insertOf("seat", "id,author_id", `[{"id":5,"author_id":66}]`, from("", "*")), insertOf("label", "id,name", `[{"id":8,"name":"eight"}]`),
		insertOf("author", "id,name", `[{"id":66,"name":"late"}]`), from("seat", "id", embed("author", "name"), is("id", query.Eq, "5")))
	add("sequence with nested rows", insertOf("author", "id,name", `[{"id":60,"name":"P"}]`, with("book", "[0]", insertOf("", "id,title,published", `[{"id":92,"title":"a","published":"2022-01-01T00:00:00Z"}]`)), whole),
		book("92", alter("meta", query.Append, "{}"), alter("n2", query.Increment, "1")), deleteOf("author", is("id", query.Eq, "60"), nil))
	add("sequence of upserts", insertOf("label", "id,name", `[{"id":1,"name":"RED"},{"id":8,"name":"eight"}]`, &query.Conflict{}), insertOf("label", "id,name", `[{"id":8,"name":"ocho"},{"id":9,"name":"nine"}]`, &query.Conflict{}),
		insertOf("book", "id,title,published", `[{"id":90,"title":"n","published":"2022-01-01T00:00:00Z"}]`, with("author", "[0]", insertOf("", "id,name,score", `[{"id":101,"name":"Ana","score":"1"}]`, upsert(nil, "score")))),
		insertOf("label", "id,name", `[{"id":9,"name":"neun"}]`, &query.Conflict{}))
	add("sequence with too many", &query.Update{Table: query.Name{Name: "pair"}, Columns: []string{"v"}, Row: query.Text(`{"v":1}`), Returning: from("", "x"), End: query.End{Single: true}}, from("pair", "x"))
	all = append(all, Case{Name: "everything is as it was", Ask: sequence(from("author", "*"), from("book", "*"), from("label", "*"), from("pair", "*"), from("seat", "*"), from("profile", "*"), from("book_label", "*"))})
	return all
}

// Write makes a few changes that nobody thought of, with reads between them, and rolls them back. Each can fail in one way at most:
// of several, the engines may name different ones.
func (r *Random) Write() query.Query {
	q := &query.Sequence{Rollback: true}
	for range 1 + r.IntN(3) {
		q.Of = append(q.Of, r.change())
		if r.IntN(3) == 0 {
			t := r.on.Tables[r.IntN(len(r.on.Tables))]
			read := r.sel(t, 1)
			read.From = t.Name
			q.Of = append(q.Of, read)
		}
	}
	return q
}

func (r *Random) change() query.Query {
	book, _ := r.on.TableNamed(query.Name{Name: "book"})
	switch r.IntN(6) {
	case 0:
		column := pick(r, "n2", "n4", "f8", "f4", "price")
		by := pick(r, "1", "-3", "250")
		return updateOf("book", "", "{}", r.expr(book, 2), alter(column, query.Increment, by), from("", "id, "+column, embed("author", "name", embed("book", column))))
	case 1:
		how := pick(r, query.Append, query.Prepend, query.DeleteKey, query.DeleteElem, query.DeleteAtPath)
		path := []string{pick(r, "a", "0", "c"), pick(r, "x", "s", "1"), pick(r, "-1", "0", "y")}
		v := map[query.Alteration][]string{
			query.Append: {r.value(book.Columns[7])}, query.Prepend: {r.value(book.Columns[7])}, query.DeleteKey: {pick(r, "a", "two", "bb")},
			query.DeleteElem: {pick(r, "0", "1", "-1", "7")}, query.DeleteAtPath: path[:1+r.IntN(3)],
		}[how]
		return updateOf("book", "", "{}", is("id", query.Eq, pick(r, "1", "2", "3", "4", "5")), alter("meta", how, v...))
	case 2:
		t := pick(r, "book_label", "profile", "seat", "pair", "word")
		of, _ := r.on.TableNamed(query.Name{Name: t})
		return deleteOf(t, r.expr(of, 2), from("", "*"))
	case 3:
		author, _ := r.on.TableNamed(query.Name{Name: "author"})
		return insertOf("author", "id,name,active,score", `[{"id":201,"name":"Ana","active":false,"score":"1.0"},{"id":202,"name":"cy%_","active":true,"score":"2"},{"id":`+pick(r, "203", "204")+`,"name":"`+pick(r, "N", "M")+`","active":true}]`,
			&query.Conflict{Constraint: "author_name_key", Update: []string{"score", "active"}[:1+r.IntN(2)], Where: r.expr(author, 2)}, from("", "name, active, score", embed("book", "id")))
	case 4:
		parents := pick(r, "[0,0,1]", "[1,0,1]", "[1,1,1]")
		return insertOf("author", "id,name", `[{"id":`+pick(r, "301", "302")+`,"name":"`+pick(r, "one", "Ana")+`"},{"id":303,"name":"two"}]`,
			with("seat", parents, insertOf("", "id,at", `[{"id":31,"at":"2022-01-01T00:00:00Z"},{"id":32},{"id":33,"at":"2022-01-01T00:00:00+05"}]`)),
			with("mentor_id", "[1]", insertOf("", "id,name", `[{"id":304,"name":"`+pick(r, "three", "Bo")+`"}]`)),
			from("", "id, mentor_id", embed("seat", "id, at", by("id desc"))))
	}
	t := pick(r, "pair", "label", "profile")
	of, _ := r.on.TableNamed(query.Name{Name: t})
	set := map[string][2]string{"pair": {"v", `{"v":7}`}, "label": {"name", `{"name":"x"}`}, "profile": {"bio", `{"bio":null}`}}[t]
	return updateOf(t, set[0], set[1], r.expr(of, 2), from("", "*"))
}
