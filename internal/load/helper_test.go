//go:build unix

package load

import (
	"context"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/internal/pgtest"
	"github.com/pintail-dev/pintail/internal/store/sqlite"
	"github.com/pintail-dev/pintail/internal/value"
	"github.com/pintail-dev/pintail/schema"
)

// shop is what most tests load into: every kind of column, keys of every kind.
const shop = `
enum mood { ok sad }

type customer @table {
  id: bigint! @id @column(identity: BY_DEFAULT)
  email: String! @unique
  name: String @column(type: "varchar(12)")
  boss_id: bigint
  boss: customer @relation(columns: ["boss_id"])
}

type thing @table @index(columns: ["price"]) @check(name: "thing_price", where: {price: {_gte: "0"}}) {
  id: bigint! @id
  customer_id: bigint
  customer: customer @relation(columns: ["customer_id"])
  price: numeric @column(type: "numeric(8,2)")
  weight: Float
  small: smallint
  sold: Boolean! @default(value: "false")
  seen_at: timestamptz
  local_at: timestamp
  day: date
  at: time
  lasts: interval
  key: uuid
  data: jsonb
  raw: json
  file: bytea
  mood: mood
  tags: [String!]
  numbers: [Int]
}

type pair @table {
  a: Int! @id
  b: String! @id
  note: String
}
`

func parseSchema(t testing.TB, text string) *schema.Schema {
	t.Helper()
	s, mistakes := schema.Parse(schema.Source{Name: "schema.graphql", Text: text})
	if len(mistakes) > 0 {
		t.Fatalf("the schema: %v", mistakes)
	}
	return s
}

func named(t testing.TB, s *schema.Schema, name string) *schema.Table {
	t.Helper()
	table, ok := s.TableNamed(schema.Name{Name: name})
	if !ok {
		t.Fatalf("no table %s", name)
	}
	return table
}

// address gives an empty database of an engine.
func address(t testing.TB, e migrate.Engine) string {
	if e == migrate.SQLite {
		return "sqlite:" + filepath.Join(t.TempDir(), "test.db")
	}
	return pgtest.DSN(t)
}

// open connects until the test ends.
func open(t testing.TB, dsn string) *migrate.Database {
	t.Helper()
	db, err := migrate.Open(context.Background(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close(context.Background()) })
	return db
}

// onBoth runs a test on an empty database of each engine with a schema.
func onBoth(t *testing.T, text string, test func(t *testing.T, db *migrate.Database, s *schema.Schema)) {
	for _, e := range []migrate.Engine{migrate.SQLite, migrate.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			s := parseSchema(t, text)
			db := open(t, address(t, e))
			if _, err := db.Sync(context.Background(), s, migrate.RunOptions{}); err != nil {
				t.Fatal(err)
			}
			test(t, db, s)
		})
	}
}

func exec(t testing.TB, db *migrate.Database, sql string) {
	t.Helper()
	var err error
	if db.Engine == migrate.SQLite {
		err = db.Lite.Exec(sql)
	} else {
		_, err = db.PG.Exec(context.Background(), sql)
	}
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// dump gives a table's rows as PostgreSQL writes them, "|" between, by the first columns' order.
func dump(t testing.TB, db *migrate.Database, s *schema.Schema, table string, only ...string) []string {
	t.Helper()
	tab := named(t, s, table)
	var cols []*schema.Column
	for _, c := range tab.Columns {
		if len(only) == 0 || slices.Contains(only, c.Name) {
			cols = append(cols, c)
		}
	}
	name := tableName(s, tab, db.Engine)
	var out []string
	if db.Engine == migrate.SQLite {
		st, _, err := db.Lite.Prepare("SELECT " + quoteAll(cols) + " FROM " + name)
		if err != nil {
			t.Fatal(err)
		}
		defer st.Close()
		for st.Step() {
			var row []string
			for i, c := range cols {
				v, ok := sqlite.Load(st.ColumnValue(i), c)
				if !ok {
					t.Errorf("%s.%s holds %v, which is none of its type", table, c.Name, v)
				}
				row = append(row, shown(c, v))
			}
			out = append(out, strings.Join(row, "|"))
		}
		if st.Err() != nil {
			t.Fatal(st.Err())
		}
	} else {
		var texts []string
		for _, c := range cols {
			texts = append(texts, quote(c.Name)+"::text")
		}
		exec(t, db, "SET timezone = 'UTC'")
		rows, err := db.PG.Query(context.Background(), "SELECT "+strings.Join(texts, ", ")+" FROM "+name)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			vals, err := rows.Values()
			if err != nil {
				t.Fatal(err)
			}
			var row []string
			for i, v := range vals {
				if v == nil {
					row = append(row, "∅")
					continue
				}
				text := v.(string)
				if cols[i].Type.Base == schema.Bool && !cols[i].Type.Array {
					text = text[:1]
				}
				row = append(row, text)
			}
			out = append(out, strings.Join(row, "|"))
		}
		if rows.Err() != nil {
			t.Fatal(rows.Err())
		}
	}
	slices.Sort(out)
	return out
}

func shown(c *schema.Column, v any) string {
	if v == nil {
		return "∅"
	}
	return string(value.AppendText(nil, c.Type.WithoutDomains(), v, nil))
}

func same(t testing.TB, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n%s\nwant:\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// count counts a table's rows.
func count(t testing.TB, db *migrate.Database, s *schema.Schema, table string) (n int64) {
	t.Helper()
	sql := "SELECT count(*) FROM " + tableName(s, named(t, s, table), db.Engine)
	if db.Engine == migrate.Postgres {
		if err := db.PG.QueryRow(context.Background(), sql).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	st, _, err := db.Lite.Prepare(sql)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	st.Step()
	return st.ColumnInt64(0)
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// testingMemory runs f and gives the most that the heap grew meanwhile, about.
func testingMemory(f func()) uint64 {
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	stop, ended := make(chan struct{}), make(chan uint64)
	go func() {
		most := uint64(0)
		for {
			select {
			case <-stop:
				ended <- most
				return
			case <-time.After(20 * time.Millisecond):
				runtime.ReadMemStats(&now)
				if now.HeapAlloc > before.HeapAlloc {
					most = max(most, now.HeapAlloc-before.HeapAlloc)
				}
			}
		}
	}()
	f()
	close(stop)
	return <-ended
}
