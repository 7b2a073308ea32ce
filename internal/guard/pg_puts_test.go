package guard

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/pintail-dev/pintail/query"
	"github.com/pintail-dev/pintail/schema"
)

// TestPostgresPuts follows what a plan sets off, through functions, triggers, foreign keys, views and partitions, to where rows and values are put.
func TestPostgresPuts(t *testing.T) {
	w := newPGWorld(t, pgShop, 100)
	for _, name := range []string{"direct", "through", "dynamic", "harmless", "python", "quoted", "viewed", "parted", "empties"} {
		w.schema.Functions = append(w.schema.Functions, &schema.Function{Name: schema.Name{Name: name}, Returns: schema.Returns{Void: true}, Volatile: true})
	}
	for name, sql := range map[string]string{
		"asks":   `INSERT INTO note (what) VALUES ('x') RETURNING what`,
		"adds":   `INSERT INTO "order" SELECT 1, 1, 'open', what, now() FROM note RETURNING reference AS what`,
		"called": `DELETE FROM note WHERE direct() IS NULL RETURNING what`,
		"dates":  `UPDATE "order" SET placed_at = now() WHERE false RETURNING id::text AS what`,
		"seen":   `UPDATE orders SET called = 'x' WHERE false RETURNING id::text AS what`,
	} {
		w.schema.Functions = append(w.schema.Functions, &schema.Function{Name: schema.Name{Name: name}, Returns: schema.Returns{Out: []*schema.Column{{Name: "what", Type: schema.Type{Name: "text"}}}, SetOf: true},
			Volatile: true, Query: &schema.NamedQuery{Postgres: sql, Writes: true}})
	}
	id := schema.Type{Name: "bigint"}
	deep := &schema.Table{Name: schema.Name{Name: "deep"}, Columns: []*schema.Column{{Name: "id", Type: id}, {Name: "n", Type: id}}}
	w.schema.Tables = append(w.schema.Tables, deep)
	w.schema.Handlers = append(w.schema.Handlers, &schema.Handler{Aggregate: schema.Name{Name: "page"}, Media: &schema.Domain{Name: schema.Name{Name: "text/html"}}})
	w.schema.Link()
	create := func(sql string) {
		t.Helper()
		if _, err := w.conn.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	create(`CREATE TABLE note (what text); CREATE VIEW orders AS SELECT id, reference AS called FROM "order"; CREATE TABLE parts (id bigint) PARTITION BY RANGE (id); CREATE TABLE first PARTITION OF parts FOR VALUES FROM (0) TO (10);
		CREATE FUNCTION direct() RETURNS void LANGUAGE sql AS 'INSERT INTO "order" SELECT 9, 1, ''open'', ''r'', now() WHERE false';
		CREATE FUNCTION through() RETURNS void LANGUAGE plpgsql AS 'BEGIN PERFORM public.Direct(); END';
		CREATE FUNCTION dynamic() RETURNS void LANGUAGE plpgsql AS 'BEGIN EXECUTE format(''DELETE FROM %I'', ''note''); END';
		CREATE FUNCTION harmless() RETURNS void LANGUAGE plpgsql AS 'DECLARE n text; BEGIN SELECT what INTO n FROM note ORDER BY what LIMIT 1; INSERT INTO note VALUES (n); END';
		CREATE FUNCTION quoted() RETURNS void LANGUAGE sql BEGIN ATOMIC UPDATE "order" SET reference = 'x' WHERE false; END;
		CREATE FUNCTION viewed() RETURNS void LANGUAGE sql AS 'UPDATE orders SET called = ''x'' WHERE false';
		CREATE FUNCTION parted() RETURNS void LANGUAGE sql AS 'INSERT INTO first VALUES (1)';
		CREATE FUNCTION onpart() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM direct(); RETURN NULL; END';
		CREATE TRIGGER onpart AFTER INSERT ON parts FOR EACH ROW EXECUTE FUNCTION onpart();
		CREATE FUNCTION empties() RETURNS void LANGUAGE plpgsql AS 'BEGIN TRUNCATE note; END';
		CREATE TRIGGER emptied AFTER TRUNCATE ON note EXECUTE FUNCTION onpart();
		CREATE TABLE deep (id bigint, n bigint) PARTITION BY RANGE (id); CREATE TABLE deeper PARTITION OF deep FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (id);
		CREATE TABLE deepest PARTITION OF deeper FOR VALUES FROM (0) TO (5); CREATE TABLE deepest_too PARTITION OF deeper FOR VALUES FROM (5) TO (10);
		CREATE TRIGGER entered AFTER INSERT ON deepest FOR EACH ROW EXECUTE FUNCTION onpart()`)
	call := func(name string) query.Query {
		return &query.Call{Function: query.Name{Name: name}, Result: &query.Select{}}
	}
	placed := &query.Update{Table: query.Name{Name: "order"}, Columns: []string{"placed_at"}, Row: query.Text(`{"placed_at":"2026-01-01"}`), Where: compare("id", query.Eq, "1")}
	join := &query.Insert{Into: query.Name{Name: "customer"}, Columns: []string{"id", "email", "name"}, Rows: query.Text(`[]`)}
	named := &query.Update{Table: query.Name{Name: "customer"}, Columns: []string{"name"}, Row: query.Text(`{"name":"x"}`), Where: compare("id", query.Eq, "1")}
	enter := &query.Insert{Into: deep.Name, Columns: []string{"id"}, Rows: query.Text(`[]`)}
	move := &query.Update{Table: deep.Name, Columns: []string{"id"}, Row: query.Text(`{"id":1}`), Where: compare("id", query.Eq, "7")}
	follows := func(onUpdate string) string {
		return `ALTER TABLE "order" DROP CONSTRAINT order_customer_id_fkey, ADD CONSTRAINT order_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES customer` + onUpdate
	}
	leave := &query.Delete{From: query.Name{Name: "customer"}, Where: compare("id", query.Eq, "1")}
	page := *placed
	page.Returning = &query.Select{Items: []query.Item{&query.Output{Star: true}}, Form: query.Form{Media: "text/html"}}
	trigger := func(name, when, body string) string {
		return `CREATE OR REPLACE FUNCTION ` + name + `() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN ` + body + `; END $f$; CREATE TRIGGER ` + name + ` ` + when + ` EXECUTE FUNCTION ` + name + `()`
	}
	of := func(table string, puts []Put) string {
		var out []string
		for _, x := range puts {
			if x.Table != "" && x.Table != table || x.Column != "" && x.Column != "reference" && x.Column != "customer_id" {
				continue
			}
			text := x.Column
			if x.Table == "" {
				text = "any"
			}
			out = append(out, strings.TrimSpace(text+" by "+x.By))
		}
		slices.Sort(out)
		return strings.Join(out, ", ")
	}
	for _, c := range []struct {
		name, do, undo string
		q              query.Query
		want           string
	}{
		{"its own columns", "", "", placed, ""},
		{"into another table", "", "", join, ""},
		{"a function that writes", "", "", call("direct"), "by the function direct"},
		{"one that calls it", "", "", call("through"), "by the function through"},
		{"one that makes SQL while it runs", "", "", call("dynamic"), "any by the function dynamic, of which nobody knows what it writes"},
		{"one that writes another table", "", "", call("harmless"), ""},
		{"a body that is parsed", "", "", call("quoted"), "reference by the function quoted"},
		{"by a view", "", "", call("viewed"), "by a view or rule"},
		{"by a partition's trigger", "", "", call("parted"), "by the trigger onpart"},
		{"by a partition's partition", "", "", enter, "by the trigger entered"},
		{"by a row that moves to another partition", "", "", move, "by the trigger entered"},
		{"by a table that is emptied", "", "", call("empties"), "by the trigger emptied"},
		{"a named query", "", "", call("asks"), ""},
		{"one that sets other columns", "", "", call("dates"), ""},
		{"one that sets a view's", "", "", call("seen"), "by the named query seen"},
		{"one that writes", "", "", call("adds"), "by the named query adds"},
		{"one that calls a function", "", "", call("called"), "by the named query called"},
		{"a step of several", "", "", &query.Sequence{Of: []query.Query{placed, call("adds")}}, "by the named query adds"},
		{"an aggregate that writes the answer", "", "", &page, "any by the aggregate page, of which nobody knows what it writes"},
		{"a cascade that deletes", "", "", leave, ""},
		{"a trigger that sets a column", trigger("touch", `BEFORE UPDATE ON "order" FOR EACH ROW`, "NEW.placed_at := now(); RETURN NEW"), `DROP TRIGGER touch ON "order"`, placed, ""},
		{"one that it keeps", trigger("touch", `BEFORE UPDATE ON "order" FOR EACH ROW`, "NEW.reference := 'x'; RETURN NEW"), `DROP TRIGGER touch ON "order"`, placed, "reference by the trigger touch"},
		{"one that makes another row", trigger("touch", `BEFORE UPDATE ON "order" FOR EACH ROW`, "RETURN jsonb_populate_record(NEW, '{}')"), `DROP TRIGGER touch ON "order"`, placed, "by the trigger touch"},
		{"one that is off", trigger("touch", `BEFORE UPDATE ON "order" FOR EACH ROW`, "NEW.reference := 'x'; RETURN NEW") + `; ALTER TABLE "order" DISABLE TRIGGER touch`,
			`DROP TRIGGER touch ON "order"`, placed, ""},
		{"one of another event", trigger("touch", `BEFORE INSERT ON "order" FOR EACH ROW`, "NEW.reference := 'x'; RETURN NEW"), `DROP TRIGGER touch ON "order"`, placed, ""},
		{"a journal", trigger("journal", `AFTER INSERT OR UPDATE ON customer FOR EACH ROW`, "INSERT INTO note VALUES (TG_OP); RETURN NULL"), `DROP TRIGGER journal ON customer`, join, ""},
		{"a trigger of another table", trigger("journal", `AFTER INSERT ON customer FOR EACH ROW`, "PERFORM through(); RETURN NULL"), `DROP TRIGGER journal ON customer`, join, "by the trigger journal"},
		{"a trigger that sets another table's columns", trigger("journal", `AFTER INSERT ON customer FOR EACH ROW`, `UPDATE "order" SET placed_at = now() WHERE id = NEW.id; RETURN NULL`),
			`DROP TRIGGER journal ON customer`, join, ""},
		{"one that sets what it keeps there", trigger("journal", `AFTER INSERT ON customer FOR EACH ROW`, `UPDATE "order" SET Reference = 'x' WHERE id = NEW.id; RETURN NULL`),
			`DROP TRIGGER journal ON customer`, join, "reference by the trigger journal"},
		{"a foreign key that follows another column", follows(" ON UPDATE CASCADE"), "", named, ""},
		{"one whose column a trigger sets", trigger("touch", `BEFORE UPDATE ON customer FOR EACH ROW`, "NEW.id := 7; RETURN NEW"), `DROP TRIGGER touch ON customer; ` + follows(" ON DELETE CASCADE"),
			named, "customer_id by the foreign key order_customer_id_fkey"},
		{"a trigger behind a cascade", trigger("journal", `AFTER DELETE ON "order" FOR EACH ROW`, `INSERT INTO "order" VALUES (OLD.*); RETURN NULL`), `DROP TRIGGER journal ON "order"`, leave, "by the trigger journal"},
		{"a foreign key that sets", `ALTER TABLE "order" DROP CONSTRAINT order_customer_id_fkey, ADD CONSTRAINT order_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES customer ON DELETE SET DEFAULT`,
			"", leave, "customer_id by the foreign key order_customer_id_fkey"},
		{"a default", `CREATE FUNCTION next() RETURNS text LANGUAGE sql AS 'SELECT direct(); SELECT ''x'''; ALTER TABLE customer ALTER name SET DEFAULT next()`, `ALTER TABLE customer ALTER name DROP DEFAULT`, join, "by a default value"},
	} {
		if c.do != "" {
			create(c.do)
		}
		w.catalog(w.guard)
		w.guard.mu.Lock()
		w.guard.known = nil // a second later
		w.guard.mu.Unlock()
		p, _ := w.plan(c.q)
		puts, err := w.guard.Puts(t.Context(), p)
		if got := of("order", puts); err != nil || got != c.want {
			t.Errorf("%s: %q, want %q, %v", c.name, got, c.want, err)
		}
		if c.undo != "" {
			create(c.undo)
		}
	}
}

// mutations are of writes that bring rows into item by other ways than their own.
func (c *chaos) mutations() map[string]query.Query {
	c.schema = parsed(c.t, chaosSchema)
	out := func(f *schema.Function) {
		f.Returns, f.Volatile = schema.Returns{SetOf: true, Out: []*schema.Column{{Name: "id", Type: schema.Type{Name: "bigint"}}}}, true
		c.schema.Functions = append(c.schema.Functions, f)
	}
	const restock = "INSERT INTO item (id, customer_id, sku, kind, grade, made) VALUES (7001, 1, 'sku-7', 1, 1, 1) RETURNING id"
	const quiet = "UPDATE customer SET name = name WHERE id = 1 RETURNING id"
	out(&schema.Function{Name: schema.Name{Name: "restock"}, Query: &schema.NamedQuery{SQLite: restock, Postgres: restock, Writes: true}})
	out(&schema.Function{Name: schema.Name{Name: "quiet"}, Query: &schema.NamedQuery{SQLite: quiet, Postgres: quiet, Writes: true}})
	c.schema.Link()
	note := &query.Update{Table: query.Name{Name: "item"}, Columns: []string{"note"}, Row: query.Text(`{"note":"y"}`), Where: equal("id", "3")}
	call := func(name string) query.Query {
		return &query.Call{Function: query.Name{Name: name}, Result: &query.Select{Items: outputs("id")}}
	}
	return map[string]query.Query{
		"restock": call("restock"), "note and restock": &query.Sequence{Of: []query.Query{note, call("restock")}},
		"quiet": call("quiet"), "note and quiet": &query.Sequence{Of: []query.Query{note, call("quiet")}},
	}
}

// What updates other columns of a table that lost its unique index, and puts rows into it by a named query, is refused; what puts them
// elsewhere isn't.
func (c *chaos) slippery() {
	c.t.Helper()
	more := c.mutations()
	c.warm()
	c.harm("DROP INDEX item_sku")
	c.eventually("noticed", func() bool { return c.guard.Status().Lost() == 1 })
	for name, q := range more {
		c.shapes[name] = q
	}
	c.shed("by sku", "resku", "upsert", "restock", "note and restock")
	if c.guard.Status().Lost() == 0 {
		c.t.Error("it was repaired already")
	}
	delete(c.shapes, "restock")
	delete(c.shapes, "note and restock")
	c.healed()
}

func TestPostgresChaosSlippery(t *testing.T) {
	c := pgChaos(t, held(3*time.Second))
	c.slippery()
}

func TestLiteSlippery(t *testing.T) {
	c := liteChaos(t, held(2*time.Second))
	c.slippery()
}

// A trigger that SQLite fires on an update of other columns puts rows into the table: that is refused, one that sets other columns isn't.
func TestLiteTriggersThatPut(t *testing.T) {
	for body, want := range map[string][]string{
		"UPDATE item SET made = made + 1 WHERE id = new.id": nil,
		"UPDATE item SET sku = 'sku-1' WHERE id = new.id":   {"rename"},
	} {
		c := liteChaos(t, held(2*time.Second))
		c.harm("CREATE TRIGGER t AFTER UPDATE OF note ON item BEGIN " + body + "; END")
		for name := range c.shapes {
			if err := c.ask(name); err != nil && name != "rename" { // the trigger's value is taken
				t.Fatalf("%s: %v", name, err)
			}
		}
		c.harm("DROP INDEX item_sku")
		c.shed(append(want, "by sku", "resku", "upsert")...)
		c.stop()
	}
}
