package guard

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/internal/pgtest"
)

// keyOf is the foreign key of the chaos's schema.
const keyOf = "foreign key public.item.item_customer_id_fkey"

// inc gives the incidents of a subject, the newest first.
func (c *chaos) inc(subject string) (out []Incident) {
	for _, i := range c.guard.Status().Incidents {
		if i.Subject == subject {
			out = append(out, i)
		}
	}
	return out
}

// mended waits until every incident has ended and the catalog is as declared.
func (c *chaos) mended() {
	c.t.Helper()
	c.eventually("mended", func() bool {
		st := c.guard.Status()
		return st.Lost() == 0 && len(st.Incidents) > 0 && !slices.ContainsFunc(st.Incidents, func(i Incident) bool { return !i.State.Ended() })
	})
}

// A primary key is dropped, and with it whatever refers to it: both are back in the end.
func TestPostgresKeyDroppedWithWhatRefersToIt(t *testing.T) {
	told := make(chan Incident, 20)
	c := pgChaos(t, func(c *Config) { c.Told = func(_ context.Context, i Incident) { told <- i } })
	c.warm()
	c.harm("ALTER TABLE customer DROP CONSTRAINT customer_pkey CASCADE")
	c.eventually("noticed", func() bool { return len(c.inc(keyOf)) == 1 && len(c.inc("public.customer_pkey")) == 1 })
	c.mended()
	i := c.inc(keyOf)[0]
	if i.State != Repaired || i.Kind != Missing || i.Name != "item_customer_id_fkey" || i.Table != "item" || !strings.Contains(i.What, "the foreign key item_customer_id_fkey of item to customer is missing") ||
		!strings.Contains(i.Who, "DROP CONSTRAINT customer_pkey CASCADE") {
		t.Errorf("%+v", i)
	}
	w := &pgWorld{t: t, conn: c.connect()}
	if got := w.text("SELECT string_agg(conname || ' ' || convalidated, ', ' ORDER BY conname) FROM pg_constraint WHERE conname IN ('customer_pkey', 'item_customer_id_fkey')"); got != "customer_pkey true, item_customer_id_fkey true" {
		t.Errorf("there is %s", got)
	}
	begun := 0
	for len(told) > 0 {
		if i := <-told; i.Subject == keyOf && i.State == Open {
			begun++
		}
	}
	if begun != 1 {
		t.Errorf("it was told of %d times", begun)
	}
}

// A foreign key is dropped and rows get in that refer to nothing: it is there again at once for what comes, these are listed, and when a
// person has decided it is whole.
func TestPostgresForeignKeyDroppedAndOrphansGotIn(t *testing.T) {
	c := pgChaos(t)
	c.warm()
	c.harm(`BEGIN; ALTER TABLE item DROP CONSTRAINT item_customer_id_fkey;
		INSERT INTO item (id, customer_id, sku, kind, grade, made) VALUES (9001, 777, 'a', 1, 1, 1), (9002, 777, 'b', 1, 1, 1), (9003, 778, 'c', 1, 1, 1); COMMIT`)
	c.eventually("blocked", func() bool { l := c.inc(keyOf); return len(l) == 1 && l[0].State == Blocked })
	i := c.inc(keyOf)[0]
	if want := []Duplicate{{"(customer_id)=(777)", 2}, {"(customer_id)=(778)", 1}}; !slices.Equal(i.Orphans, want) {
		t.Errorf("listed %+v", i.Orphans)
	}
	if n := sentence(GaveUp, &i); !strings.Contains(n, "2 keys refer to rows that aren't there") {
		t.Errorf("told: %s", n)
	}
	c.shed() // nothing stands on it
	conn := c.connect()
	if _, err := conn.Exec(t.Context(), "INSERT INTO item (id, customer_id, sku, kind, grade, made) VALUES (9004, 779, 'd', 1, 1, 1)"); sqlState(err) != "23503" {
		t.Errorf("what refers to nothing goes on getting in: %v", err)
	}
	c.eventually("known as it is now", func() bool {
		st := c.guard.Status()
		return st.Lost() == 1 && st.Drift[0].Kind == Invalid && strings.Contains(st.Drift[0].Details, "is there, but not validated")
	})
	c.harm("DELETE FROM item WHERE id > 9000") // a person decides
	if left, err := c.guard.RepairNow(t.Context()); err != nil || len(left) > 0 {
		t.Fatal(left, err)
	}
	c.mended()
}

// What refers by another name is as good; with other actions somebody made it on purpose, and a person has to say which is right.
func TestPostgresForeignKeysAreKnownByWhatTheyAre(t *testing.T) {
	dsn := pgtest.DSN(t)
	pgShopOn(t, dsn)
	c := pgChaosOn(t, dsn, PostgresConfig{})
	c.warm()
	c.harm("ALTER TABLE item RENAME CONSTRAINT item_customer_id_fkey TO mine")
	time.Sleep(500 * time.Millisecond)
	if st := c.guard.Status(); len(st.Drift) > 0 {
		t.Errorf("%+v", st.Drift)
	}
	c.harm(`ALTER TABLE item RENAME CONSTRAINT mine TO item_customer_id_fkey;
		ALTER TABLE item DROP CONSTRAINT item_customer_id_fkey, ADD CONSTRAINT item_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES customer (id) ON DELETE CASCADE`)
	c.notices(Changed, "item_customer_id_fkey")
	c.eventually("told", func() bool { return len(c.inc(keyOf)) == 1 })
	time.Sleep(300 * time.Millisecond)
	if i := c.inc(keyOf)[0]; i.State != Open || i.Tries != 0 || !strings.Contains(i.What, "ON DELETE CASCADE") || !strings.Contains(i.What, "schema apply") {
		t.Errorf("%+v", i)
	}
	c.applied(dsn)
	c.mended()
	if i := c.inc(keyOf)[0]; i.State != Gone {
		t.Errorf("%+v", i)
	}
	c.harm("CREATE TABLE beside (id bigint PRIMARY KEY); ALTER TABLE item ADD FOREIGN KEY (grade) REFERENCES beside NOT VALID")
	time.Sleep(300 * time.Millisecond)
	if st := c.guard.Status(); len(st.Drift) > 0 {
		t.Errorf("one that no file declares: %+v", st.Drift)
	}
}

// While a lock is in the way the foreign key's repair steps back, and says whose it is: of the table that is referred to, too.
func TestPostgresForeignKeyWaitsForNobody(t *testing.T) {
	w := newPGWorld(t, pgShop, 100)
	w.inOrder(w.guard)
	g := w.open(PostgresConfig{LockTime: 20 * time.Millisecond})
	const key = "foreign key public.order.order_customer_id_fkey"
	for _, table := range []string{"customer", "order"} {
		w.exec(`ALTER TABLE "order" DROP CONSTRAINT order_customer_id_fkey`)
		if got := w.differences(w.guard); !slices.Equal(got, []string{"order_customer_id_fkey is missing"}) {
			t.Errorf("noticed: %q", got)
		}
		w.exec("BEGIN")
		w.exec(`UPDATE ` + pgx.Identifier{table}.Sanitize() + ` SET id = id WHERE id = 1`)
		var retry *RetryError
		if err := w.repair(g, Missing, key); !errors.As(err, &retry) || !strings.Contains(retry.Block, "idle in transaction") {
			t.Errorf("%s: got %v", table, err)
		}
		w.exec("ROLLBACK")
		if err := w.repair(g, Missing, key); err != nil {
			t.Error(err)
		}
		w.inOrder(w.guard)
	}
}

// On SQLite a table is made anew without its foreign key: that is noticed and said, and `apply` makes it as declared.
func TestLiteForeignKeyLostWithItsTable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shop.db")
	liteFile(t, path)
	c := liteChaosOn(t, path)
	c.warm()
	c.harm(`PRAGMA foreign_keys = OFF; BEGIN; CREATE TABLE other (id INTEGER PRIMARY KEY AUTOINCREMENT, customer_id INTEGER NOT NULL, sku TEXT NOT NULL, kind INTEGER NOT NULL,
		grade INTEGER NOT NULL, made INTEGER NOT NULL, note TEXT) STRICT; INSERT INTO other SELECT * FROM item; DROP TABLE item; ALTER TABLE other RENAME TO item;
		CREATE INDEX "item_kind" ON "item" ("kind"); CREATE INDEX "item_customer" ON "item" ("customer_id"); CREATE UNIQUE INDEX "item_sku" ON "item" ("sku");
		CREATE INDEX "item_grade_made" ON "item" ("grade", "made"); COMMIT`)
	const subject = "foreign key item(customer_id) to customer"
	c.shed()
	c.eventually("told", func() bool { return len(c.inc(subject)) == 1 })
	time.Sleep(300 * time.Millisecond)
	i := c.inc(subject)[0]
	if i.State != Open || i.Tries != 0 || i.Kind != Missing || !strings.Contains(i.What, "the foreign key item(customer_id) of item to customer is missing") || !strings.Contains(i.What, "`pintail schema apply`") {
		t.Errorf("%+v", i)
	}
	if st := c.guard.Status(); st.Lost() != 1 || st.Failed > 0 {
		t.Errorf("%+v", st)
	}
	c.applied("sqlite:" + path)
	c.mended()
	if i := c.inc(subject)[0]; i.State != Gone {
		t.Errorf("%+v", i)
	}
}

// connect is somebody else's connection.
func (c *chaos) connect() *pgx.Conn {
	c.t.Helper()
	conn, err := pgx.Connect(c.t.Context(), c.guard.config.Engine.(*Postgres).config.DSN)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// applied brings a database to the chaos's schema.
func (c *chaos) applied(address string) {
	c.t.Helper()
	d, err := migrate.Open(c.t.Context(), address)
	if err != nil {
		c.t.Fatal(err)
	}
	defer d.Close(context.Background())
	if _, err := d.Sync(c.t.Context(), c.schema, migrate.RunOptions{}); err != nil {
		c.t.Fatal(err)
	}
}
