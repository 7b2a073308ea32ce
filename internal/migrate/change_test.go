package migrate

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A changeCase is one way of changing a schema, with data in it.
type changeCase struct {
	name     string
	from, to string
	data     []string // statements for both engines
	ask      string
	want     []string
	fails    string // part of the error, where it must not work; the data stays
	destroys string // part of the refusal without AllowDestructive
}

const base = `
enum mood { sad ok happy }
type author @table { id: bigint! @id  name: String! }
type post @table @index(columns: ["title"]) { id: bigint! @id  title: String!  note: String  n: Int  author_id: bigint }
`

var baseData = []string{
	`INSERT INTO author (id, name) VALUES (1, 'Ann'), (2, 'Bo')`,
	`INSERT INTO post (id, title, note, n, author_id) VALUES (1, 'a', '10', 5, 1), (2, 'b', NULL, NULL, NULL), (3, 'c', '30', 7, 2)`,
}

func with(old, new string) string { return strings.Replace(base, old, new, 1) }

var changeCases = []changeCase{
	{name: "new table", to: base + `type tag @table { id: bigint! @id @column(identity: BY_DEFAULT)  post_id: bigint!  post: post! @relation(columns: ["post_id"]) }`,
		ask: `SELECT count(*) FROM tag`, want: []string{"0"}},
	{name: "drop table", to: `enum mood { sad ok happy }
		type post @table @index(columns: ["title"]) { id: bigint! @id  title: String!  note: String  n: Int  author_id: bigint }`,
		destroys: "every row of author (2 rows)", ask: `SELECT count(*) FROM post`, want: []string{"3"}},
	{name: "rename table", to: with("type post @table", `type article @table @renamed(from: "post")`),
		ask: `SELECT id, title FROM article ORDER BY id`, want: []string{"1|a", "2|b", "3|c"}},
	{name: "rename column", to: with("note: String", `remark: String @renamed(from: "note")`),
		ask: `SELECT remark FROM post ORDER BY id`, want: []string{"10", "", "30"}},
	{name: "rename table and change it", to: with("type post @table", `type article @table @renamed(from: "post") @check(name: "few", where: {n: {_lt: 100}})`),
		ask: `SELECT id, title FROM article ORDER BY id`, want: []string{"1|a", "2|b", "3|c"}},
	{name: "add nullable column", to: with("n: Int", "n: Int  extra: Boolean"),
		ask: `SELECT count(*) FROM post WHERE extra IS NULL`, want: []string{"3"}},
	{name: "add column with default", to: with("n: Int", `n: Int  extra: String! @default(value: "it's")`),
		ask: `SELECT DISTINCT extra FROM post`, want: []string{"it's"}},
	{name: "add column with now", to: with("n: Int", `n: Int  at: timestamptz! @default(now: true)`),
		ask: `SELECT count(*) FROM post WHERE at IS NOT NULL`, want: []string{"3"}},
	{name: "add column with uuid", to: with("n: Int", `n: Int  key: uuid! @unique @default(uuid: true)`),
		ask: `SELECT count(DISTINCT key) FROM post`, want: []string{"3"}},
	{name: "add not null column without default", to: with("n: Int", `n: Int  extra: String!`), fails: "extra",
		ask: `SELECT count(*) FROM post`, want: []string{"3"}},
	{name: "drop column", to: with("note: String", ""), destroys: "the values of post.note (2 rows)",
		ask: `SELECT * FROM post ORDER BY id`, want: []string{"1|a|5|1", "2|b||", "3|c|7|2"}},
	{name: "drop indexed column", from: with("n: Int", "n: Int @index"), to: with("n: Int", ""), destroys: "the values of post.n (2 rows)",
		ask: `SELECT id FROM post ORDER BY id`, want: []string{"1", "2", "3"}},
	{name: "not null", data: []string{`UPDATE post SET n = 0 WHERE n IS NULL`}, to: with("n: Int", "n: Int!"),
		ask: `SELECT n FROM post ORDER BY id`, want: []string{"5", "0", "7"}},
	{name: "not null over nulls", to: with("n: Int", "n: Int!"), fails: "n",
		ask: `SELECT n FROM post ORDER BY id`, want: []string{"5", "", "7"}},
	{name: "not null with default over nulls", to: with("n: Int", "n: Int! @default(value: 3)"), fails: "n",
		ask: `SELECT n FROM post ORDER BY id`, want: []string{"5", "", "7"}},
	{name: "nullable", to: with("title: String!", "title: String"),
		ask: `SELECT title FROM post ORDER BY id`, want: []string{"a", "b", "c"}},
	{name: "set default", to: with("n: Int", "n: Int @default(value: 9)"),
		ask: `SELECT n FROM post ORDER BY id`, want: []string{"5", "", "7"}},
	{name: "drop default", from: with("n: Int", "n: Int @default(value: 9)"), to: base,
		ask: `SELECT n FROM post ORDER BY id`, want: []string{"5", "", "7"}},
	{name: "change default", from: with("n: Int", "n: Int @default(value: 9)"), to: with("n: Int", "n: Int @default(value: 8)"),
		ask: `SELECT n FROM post ORDER BY id`, want: []string{"5", "", "7"}},
	{name: "split default", from: with("n: Int", "n: Int @default(value: 9)"), to: with("n: Int", `n: Int @default(postgres: "4 + 5", sqlite: "4 + 5")`),
		ask: `SELECT n FROM post ORDER BY id`, want: []string{"5", "", "7"}},
	{name: "text to int", to: with("note: String", "note: Int"),
		ask: `SELECT note + 1 FROM post ORDER BY id`, want: []string{"11", "", "31"}},
	{name: "text to int that is none", data: []string{`UPDATE post SET note = 'ten' WHERE id = 3`}, to: with("note: String", "note: Int"), fails: "ten",
		ask: `SELECT note FROM post ORDER BY id`, want: []string{"10", "", "ten"}},
	{name: "int to text", to: with("n: Int", "n: String"),
		ask: `SELECT n || '!' FROM post WHERE n IS NOT NULL ORDER BY id`, want: []string{"5!", "7!"}},
	{name: "int to bigint", to: with("n: Int", "n: bigint"), ask: `SELECT n FROM post ORDER BY id`, want: []string{"5", "", "7"}},
	{name: "int to numeric", to: with("n: Int", `n: numeric @column(type: "numeric(10,2)")`),
		ask: `SELECT CAST(n AS text) FROM post ORDER BY id`, want: []string{"5.00", "", "7.00"}},
	{name: "int to boolean", to: with("n: Int", `n: Boolean`), ask: `SELECT count(*) FROM post WHERE n`, want: []string{"2"}},
	{name: "int to list", to: with("n: Int", `n: [Int!]`), ask: `SELECT count(*) FROM post WHERE n IS NOT NULL`, want: []string{"2"}},
	{name: "text to jsonb", to: with("note: String", "note: jsonb"), ask: `SELECT count(*) FROM post WHERE note IS NOT NULL`, want: []string{"2"}},
	{name: "text to timestamp", data: []string{`UPDATE post SET note = '2020-01-02 03:04:05' WHERE note IS NOT NULL`}, to: with("note: String", "note: timestamp"),
		ask: `SELECT count(*) FROM post WHERE note < '2020-01-02T03:04:06'`, want: []string{"2"}},
	{name: "text to enum", data: []string{`UPDATE post SET note = 'ok'`}, to: with("note: String", `note: mood! @default(value: "sad")`),
		ask: `SELECT DISTINCT note FROM post`, want: []string{"ok"}},
	{name: "numeric narrows", from: with("n: Int", "n: numeric"), data: []string{`UPDATE post SET n = '1.55' WHERE id = 1`}, to: with("n: Int", "n: Int"),
		destroys: "post.n", ask: `SELECT n FROM post WHERE id = 1`, want: []string{"2"}},
	{name: "enum gets a value", from: with("note: String", "mood: mood"), data: []string{`UPDATE post SET mood = 'sad'`},
		to: strings.Replace(with("note: String", "mood: mood"), "sad ok", "sad meh ok", 1), ask: `SELECT DISTINCT mood FROM post`, want: []string{"sad"}},
	{name: "enum gets a value that is a default", from: with("note: String", "mood: mood"), data: []string{`UPDATE post SET mood = 'sad'`},
		to:  strings.Replace(with("note: String", `mood: mood @default(value: "meh")`), "sad ok", "sad meh ok", 1),
		ask: `SELECT DISTINCT mood FROM post`, want: []string{"sad"}},
	{name: "enum loses a value", from: with("note: String", `mood: mood @default(value: "ok")`), data: []string{`UPDATE post SET mood = 'sad'`},
		to: strings.Replace(with("note: String", `mood: mood @default(value: "ok")`), " happy", "", 1), ask: `SELECT DISTINCT mood FROM post`, want: []string{"sad"}},
	{name: "enum loses a value in use", from: with("note: String", "mood: mood"), data: []string{`UPDATE post SET mood = 'happy'`},
		to: strings.Replace(with("note: String", "mood: mood"), " happy", "", 1), fails: "mood", ask: `SELECT DISTINCT mood FROM post`, want: []string{"happy"}},
	{name: "enum value renamed", from: with("note: String", "mood: mood"), data: []string{`UPDATE post SET mood = 'sad' WHERE id = 1`},
		to: strings.Replace(with("note: String", "mood: mood"), "sad ok", `low @renamed(from: "sad") ok`, 1), ask: `SELECT mood FROM post ORDER BY id`, want: []string{"low", "", ""}},
	{name: "enum reordered", from: with("note: String", "mood: mood"), data: []string{`UPDATE post SET mood = 'sad'`},
		to: strings.Replace(with("note: String", "mood: mood"), "sad ok happy", "happy ok sad", 1), ask: `SELECT DISTINCT mood FROM post`, want: []string{"sad"}},
	{name: "enum renamed", from: with("note: String", "mood: mood"), data: []string{`UPDATE post SET mood = 'sad'`},
		to: strings.Replace(strings.Replace(base, "note: String", "mood: feeling", 1), "enum mood {", `enum feeling @renamed(from: "mood") {`, 1), ask: `SELECT DISTINCT mood FROM post`, want: []string{"sad"}},
	{name: "add unique", to: with("title: String!", "title: String! @unique"), ask: `SELECT count(*) FROM post`, want: []string{"3"}},
	{name: "add unique over doubles", data: []string{`UPDATE post SET title = 'a'`}, to: with("title: String!", "title: String! @unique"), fails: "title",
		ask: `SELECT count(*) FROM post`, want: []string{"3"}},
	{name: "drop unique", from: with("title: String!", "title: String! @unique"), to: base, ask: `SELECT count(*) FROM post`, want: []string{"3"}},
	{name: "add check", to: with("type post @table", `type post @table @check(name: "small", where: {n: {_lt: 10}})`), ask: `SELECT count(*) FROM post`, want: []string{"3"}},
	{name: "add check that rows break", to: with("type post @table", `type post @table @check(name: "small", where: {n: {_lt: 6}})`), fails: "small",
		ask: `SELECT count(*) FROM post`, want: []string{"3"}},
	{name: "change check", from: with("type post @table", `type post @table @check(name: "small", where: {n: {_lt: 10}})`),
		to: with("type post @table", `type post @table @check(name: "small", where: {n: {_lt: 20}})`), ask: `SELECT count(*) FROM post`, want: []string{"3"}},
	{name: "drop check", from: with("type post @table", `type post @table @check(name: "small", where: {n: {_lt: 10}})`), to: base,
		ask: `SELECT count(*) FROM post`, want: []string{"3"}},
	{name: "add foreign key", to: with("author_id: bigint", `author_id: bigint  author: author @relation(columns: ["author_id"], on_delete: CASCADE)`),
		ask: `SELECT count(*) FROM post`, want: []string{"3"}},
	{name: "add foreign key that rows break", data: []string{`UPDATE post SET author_id = 99 WHERE id = 1`},
		to: with("author_id: bigint", `author_id: bigint  author: author @relation(columns: ["author_id"])`), fails: "", ask: `SELECT count(*) FROM post`, want: []string{"3"}},
	{name: "change foreign key", from: with("author_id: bigint", `author_id: bigint  author: author @relation(columns: ["author_id"])`),
		to:  with("author_id: bigint", `author_id: bigint  author: author @relation(columns: ["author_id"], on_delete: SET_NULL, deferred: true)`),
		ask: `SELECT count(*) FROM post`, want: []string{"3"}},
	{name: "drop foreign key", from: with("author_id: bigint", `author_id: bigint  author: author @relation(columns: ["author_id"])`), to: base,
		ask: `SELECT count(*) FROM post`, want: []string{"3"}},
	{name: "change referred table", from: with("author_id: bigint", `author_id: bigint  author: author @relation(columns: ["author_id"], on_delete: CASCADE)`),
		to:  strings.Replace(with("author_id: bigint", `author_id: bigint  author: author @relation(columns: ["author_id"], on_delete: CASCADE)`), "name: String!", `name: String! @unique`, 1),
		ask: `SELECT count(*) FROM post`, want: []string{"3"}},
	{name: "change primary key", from: base, to: `enum mood { sad ok happy }
		type author @table { id: bigint! @id  name: String! }
		type post @table @index(columns: ["title"]) { id: bigint! @id  title: String! @id  note: String  n: Int  author_id: bigint }`,
		ask: `SELECT count(*) FROM post`, want: []string{"3"}},
	{name: "add identity", to: with("type post @table @index(columns: [\"title\"]) { id: bigint! @id", "type post @table @index(columns: [\"title\"]) { id: bigint! @id @column(identity: BY_DEFAULT)"),
		ask: `SELECT max(id) FROM post`, want: []string{"3"}},
	{name: "add index", to: with(`@index(columns: ["title"])`, `@index(columns: ["title"]) @index(columns: ["-n", "id"], where: {n: {_gt: 1}})`),
		ask: `SELECT count(*) FROM post`, want: []string{"3"}},
	{name: "add unique index", to: with(`@index(columns: ["title"])`, `@index(columns: ["title"], unique: true)`), ask: `SELECT count(*) FROM post`, want: []string{"3"}},
	{name: "drop index", to: with(`@index(columns: ["title"])`, ``), ask: `SELECT count(*) FROM post`, want: []string{"3"}},
	{name: "add view", to: base + `type loud @view(postgres: "SELECT id, upper(title) AS title FROM post", sqlite: "SELECT id, upper(title) AS title FROM post") { id: bigint  title: String }`,
		ask: `SELECT title FROM loud ORDER BY id`, want: []string{"A", "B", "C"}},
	{name: "change a table under a view", from: base + `type loud @view(postgres: "SELECT id, upper(title) AS title FROM post", sqlite: "SELECT id, upper(title) AS title FROM post") { id: bigint  title: String }`,
		to:   with("n: Int", "n: bigint! @default(value: 0)") + `type loud @view(postgres: "SELECT id, lower(title) AS title FROM post", sqlite: "SELECT id, lower(title) AS title FROM post") { id: bigint  title: String }`,
		data: []string{`UPDATE post SET n = 0 WHERE n IS NULL`},
		ask:  `SELECT title FROM loud ORDER BY id`, want: []string{"a", "b", "c"}},
	{name: "drop view", from: base + `type loud @view(postgres: "SELECT id FROM post", sqlite: "SELECT id FROM post") { id: bigint }`, to: base,
		ask: `SELECT count(*) FROM post`, want: []string{"3"}},
	{name: "generated column", to: with("n: Int", `n: Int  twice: Int @column(generated: {postgres: "n * 2", sqlite: "n * 2"})`),
		ask: `SELECT twice FROM post ORDER BY id`, want: []string{"10", "", "14"}},
	{name: "comment", to: strings.Replace(base, "type post", `"It's said." type post`, 1), ask: `SELECT count(*) FROM post`, want: []string{"3"}},
}

func TestChanges(t *testing.T) {
	for _, c := range changeCases {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			for _, way := range []string{"sync", "files"} {
				t.Run(way, func(t *testing.T) {
					onBoth(t, func(t *testing.T, d *Database) {
						c.run(t, d, way == "files")
					})
				})
			}
		})
	}
}

func (c changeCase) run(t *testing.T, d *Database, files bool) {
	if c.from == "" {
		c.from = base
	}
	bring := func(text, name string, o RunOptions) error {
		_, err := d.Sync(t.Context(), parse(t, text), o)
		return err
	}
	if files {
		dir := t.TempDir()
		bring = func(text, name string, o RunOptions) error {
			if _, err := Make(dir, name, parse(t, text)); err != nil {
				return err
			}
			_, err := d.Apply(t.Context(), dir, parse(t, text), o)
			return err
		}
	}
	if err := bring(c.from, "from", RunOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, sql := range baseData {
		if strings.Contains(sql, "INTO post") && !strings.Contains(c.from, "note: String") {
			sql = `INSERT INTO post (id, title, n, author_id) VALUES (1, 'a', 5, 1), (2, 'b', NULL, NULL), (3, 'c', 7, 2)`
		}
		if d.Engine == SQLite && strings.Contains(c.from, "n: numeric") {
			sql = strings.ReplaceAll(strings.ReplaceAll(sql, ", 5,", ", '5',"), ", 7,", ", '7',")
		}
		exec(t, d, sql)
	}
	exec(t, d, c.data...)
	if d.Engine == SQLite {
		exec(t, d, `CREATE TRIGGER unknown AFTER INSERT ON author BEGIN SELECT 1; END`)
	}
	err := bring(c.to, "to", RunOptions{})
	if c.destroys != "" {
		var refusal *Refusal
		if !errors.As(err, &refusal) || !strings.Contains(err.Error(), c.destroys) {
			t.Fatalf("got %v, want a refusal with %q", err, c.destroys)
		}
		if files {
			return // the same file would run; the other way shows it
		}
		err = bring(c.to, "to", RunOptions{AllowDestructive: true})
	}
	broken := c.fails != "" || strings.HasSuffix(c.name, "rows break")
	switch {
	case broken && err == nil:
		t.Fatal("it worked")
	case broken && !strings.Contains(err.Error(), c.fails):
		t.Fatalf("the error %q has no %q", err, c.fails)
	case !broken && err != nil:
		t.Fatal(err)
	case !broken && !files:
		settled(t, d, parse(t, c.to))
	case !broken:
		steps, _, err := d.Steps(t.Context(), parse(t, c.to))
		if err != nil || len(steps) > 0 {
			t.Errorf("after the migration there is more to do: %v %v", steps, err)
		}
	}
	want(t, ask(t, d, c.ask), c.want...)
	if d.Engine == SQLite && c.name != "drop table" {
		want(t, ask(t, d, `SELECT count(*) FROM sqlite_schema WHERE name = 'unknown'`), "1")
		want(t, ask(t, d, `PRAGMA integrity_check`), "ok")
		want(t, ask(t, d, `PRAGMA foreign_key_check`))
		want(t, ask(t, d, `PRAGMA foreign_keys`), "1")
	}
}

// TestMakeWritesBothEngines shows what a folder of migrations holds.
func TestMakeWritesBothEngines(t *testing.T) {
	dir := t.TempDir()
	if _, err := Make(dir, "first step!", parse(t, base)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"0001_first_step.sqlite.sql", "0001_first_step.postgres.sql", Snapshot} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	made, err := Make(dir, "again", parse(t, base))
	if err != nil || len(made.Files) > 0 {
		t.Errorf("nothing changed, and yet %v %v", made.Files, err)
	}
}
