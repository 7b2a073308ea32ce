package postgres

import (
	"context"
	"testing"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/query"
)

var order = query.Name{Name: "order"}

func TestInsert(t *testing.T) {
	s, shop := open(t, Config{})
	withCustomer := returning("id", "status", "total")
	withCustomer.Items = append(withCustomer.Items, &query.Embed{Target: "customer", Select: from("", "name")})
	got, err := shop.write(t, s, &query.Insert{
		Into: order, Columns: []string{"customer_id", "status"}, Default: true, Returning: withCustomer,
		Rows: query.Text(`[{"customer_id":3},{"customer_id":1,"status":"paid"}]`), End: query.End{Keys: true},
	})
	want := `[{"id":101,"status":"open","total":0.00,"customer":{"name":"Cy"}}, ` + "\n" + ` {"id":102,"status":"paid","total":0.00,"customer":{"name":"Ana"}}]`
	if b := body(t, got, err); b != want {
		t.Errorf("got\n%s\nwant\n%s", b, want)
	}
	if got.Affected != 2 || got.Inserted != 2 || len(got.Key) != 1 || got.Key[0] != (store.KeyValue{Column: "id", Value: "101"}) {
		t.Errorf("%+v", got)
	}
}

func TestInsertDefaults(t *testing.T) {
	s, shop := open(t, Config{})
	execute(t, s.config.DSN, `ALTER TABLE "order" ALTER customer_id SET DEFAULT 2`)
	got, err := shop.write(t, s, &query.Insert{Into: order, Rows: query.Text(`[{}, {}]`), Returning: returning("customer_id", "status")})
	if b := body(t, got, err); b != `[{"customer_id":2,"status":"open"}, `+"\n"+` {"customer_id":2,"status":"open"}]` || got.Affected != 2 {
		t.Errorf("%s %+v", b, got)
	}
}

func TestUpsert(t *testing.T) {
	s, shop := open(t, Config{})
	upsert := func(ignore bool, rows string) store.Result {
		t.Helper()
		got, err := shop.write(t, s, &query.Insert{
			Into: query.Name{Name: "customer"}, Columns: []string{"id", "name"}, Rows: query.Text(rows),
			Conflict: &query.Conflict{Ignore: ignore}, Returning: returning("id", "name"),
		})
		body(t, got, err)
		return got
	}
	for range 2 { // the counter doesn't reach from one transaction into the next
		got := upsert(false, `[{"id":1,"name":"Ann"},{"id":4,"name":"Di"},{"id":5,"name":"Ed"}]`)
		if want := `[{"id":1,"name":"Ann"}, ` + "\n" + ` {"id":4,"name":"Di"}, ` + "\n" + ` {"id":5,"name":"Ed"}]`; string(got.Body) != want || got.Affected != 3 || got.Inserted != 2 {
			t.Errorf("%s %+v", got.Body, got)
		}
		execute(t, s.config.DSN, `DELETE FROM customer WHERE id > 3`)
	}
	if got := upsert(false, `[{"id":1,"name":"A"},{"id":2,"name":"B"}]`); got.Inserted != 0 || got.Affected != 2 {
		t.Errorf("%+v", got)
	}
	if got := upsert(true, `[{"id":1,"name":"X"},{"id":6,"name":"F"}]`); string(got.Body) != `[{"id":6,"name":"F"}]` || got.Inserted != 1 || got.Affected != 1 {
		t.Errorf("%s %+v", got.Body, got)
	}
}

func TestPut(t *testing.T) {
	s, shop := open(t, Config{})
	put := func(id, row string) (store.Result, error) {
		return shop.write(t, s, &query.Insert{
			Into: query.Name{Name: "customer"}, Columns: []string{"id", "name"}, Rows: query.Text(row),
			Put: is("id", query.Eq, id), Returning: returning("id", "name"),
		})
	}
	for _, inserted := range []int64{1, 0} {
		got, err := put("9", `[{"id":9,"name":"Ida"}]`)
		if b := body(t, got, err); b != `[{"id":9,"name":"Ida"}]` || got.Inserted != inserted {
			t.Errorf("%s %+v, want %d inserted", b, got, inserted)
		}
	}
	_, err := put("9", `[{"id":10,"name":"Joe"}]`)
	if c, status := code(t, err); c != "PGRST115" || status != 400 {
		t.Errorf("%s %d", c, status)
	}
	if n := count(t, s.config.DSN, `SELECT count(*) FROM customer WHERE id = 10`); n != 0 {
		t.Error("a row whose key is not the URL's was written")
	}
}

func TestUpdateAndDelete(t *testing.T) {
	s, shop := open(t, Config{})
	got, err := shop.write(t, s, &query.Update{Table: order, Columns: []string{"status", "tags"}, Row: query.Text(`{"status":"served","tags":["x","y z"]}`),
		Where: is("customer_id", query.Eq, "1"), Returning: returning("id", "status", "tags")})
	want := `[{"id":10,"status":"served","tags":["x","y z"]}, ` + "\n" + ` {"id":11,"status":"served","tags":["x","y z"]}]`
	if b := body(t, got, err); b != want || got.Affected != 2 {
		t.Errorf("%s %+v", b, got)
	}
	got, err = shop.write(t, s, &query.Update{Table: order, Row: query.Text(`{}`), Returning: returning("id")})
	if b := body(t, got, err); b != `[]` || got.Affected != 0 {
		t.Errorf("an empty object: %s %+v", b, got)
	}
	got, err = shop.write(t, s, &query.Delete{From: order, Where: is("id", query.Eq, "10"), Returning: returning("id")})
	if b := body(t, got, err); b != `[{"id":10}]` {
		t.Errorf("%s", b)
	}
	got, err = shop.write(t, s, &query.Delete{From: order})
	if b := body(t, got, err); b != "" || got.Affected != 2 {
		t.Errorf("%s %+v", b, got)
	}
}

// What must not be is taken back.
func TestRolledBack(t *testing.T) {
	s, shop := open(t, Config{})
	two := int64(2)
	for name, test := range map[string]struct {
		end  query.End
		code string
	}{
		"asked for":    {query.End{Rollback: true}, ""},
		"single":       {query.End{Single: true}, "PGRST116"},
		"max affected": {query.End{MaxAffected: &two}, "PGRST124"},
		"both":         {query.End{MaxAffected: &two, Rollback: true}, "PGRST124"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := shop.write(t, s, &query.Delete{From: order, Returning: returning("id"), End: test.end})
			switch {
			case test.code == "" && (body(t, got, err) == "" || !got.RolledBack || got.Affected != 3):
				t.Errorf("%+v", got)
			case test.code != "":
				if c, _ := code(t, err); c != test.code {
					t.Errorf("%v, want %s", err, test.code)
				}
			}
			if n := count(t, s.config.DSN, `SELECT count(*) FROM "order"`); n != 3 {
				t.Fatalf("%d orders left, want 3", n)
			}
		})
	}
	three := int64(3)
	got, err := shop.write(t, s, &query.Delete{From: order, End: query.End{MaxAffected: &three}})
	if body(t, got, err); got.Affected != 3 || count(t, s.config.DSN, `SELECT count(*) FROM "order"`) != 0 {
		t.Errorf("as many as may be: %+v", got)
	}
}

// A deferred constraint fails at the end of a transaction that is rolled back as well.
func TestRollbackLooksAtDeferredConstraints(t *testing.T) {
	s, shop := open(t, Config{})
	execute(t, s.config.DSN, `ALTER TABLE "order" ALTER CONSTRAINT order_customer_id_fkey DEFERRABLE INITIALLY DEFERRED`)
	for _, end := range []query.End{{}, {Rollback: true}, {Rollback: true, Single: true}, {Single: true}} {
		_, err := shop.write(t, s, &query.Insert{Into: order, Columns: []string{"customer_id"}, Rows: query.Text(`[{"customer_id":77}]`), End: end})
		if c, status := code(t, err); c != "23503" || status != 409 {
			t.Errorf("%+v: %v", end, err)
		}
	}
}

func TestHooks(t *testing.T) {
	s, shop := open(t, Config{})
	del := &query.Delete{From: order, Where: is("id", query.Eq, "10")}
	p, args := shop.resolve(t, del)
	q := from("order", "id")
	seen, seenArgs := shop.resolve(t, q)
	ins, insArgs := shop.resolve(t, &query.Insert{Into: order, Columns: []string{"id", "customer_id"}, Rows: query.Text(`[{"id":50,"customer_id":1}]`)})
	hook := func(refuse error) store.Hook {
		return func(ctx context.Context, h store.Handle) error {
			if _, err := h.Write(ctx, ins, insArgs); err != nil {
				return err
			}
			got, err := h.Read(ctx, seen, seenArgs)
			if err != nil || got.Rows != 4 {
				t.Errorf("the hook sees %s, %v", got.Body, err)
			}
			return refuse
		}
	}
	_, err := s.Write(t.Context(), store.Tx{Plan: p, Args: args, Before: []store.Hook{hook(fault.New(fault.HookRefused, "no"))}})
	if c, status := code(t, err); c != "PT409" || status != 409 {
		t.Errorf("%s %d", c, status)
	}
	if n := count(t, s.config.DSN, `SELECT count(*) FROM "order"`); n != 3 {
		t.Errorf("%d orders after a refusal, want 3", n)
	}
	got, err := s.Write(t.Context(), store.Tx{Plan: p, Args: args, Before: []store.Hook{hook(nil)}})
	if body(t, got, err); got.Affected != 1 || count(t, s.config.DSN, `SELECT count(*) FROM "order" WHERE id IN (10, 50)`) != 1 {
		t.Errorf("%+v", got)
	}
}
