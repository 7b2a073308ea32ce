package sqlite

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/query"
)

const numbers = `;CREATE TABLE n AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) SELECT i FROM n;
	CREATE VIEW endless AS SELECT a.i AS id FROM n a, n b, n c, n d WHERE a.i + b.i + c.i + d.i < 0;
	INSERT INTO item (id, title) SELECT i, 'row' FROM n;
	DROP TABLE customer; CREATE VIEW customer AS SELECT id, 'x' AS name FROM endless`

var endless = &query.Select{From: query.Name{Name: "customer"}, Items: output("id")}

func TestCancelRead(t *testing.T) {
	s := openShop(t, Config{}, numbers)
	p, args := s.plan(t, endless)
	within(t, 100*time.Millisecond, func() time.Duration {
		ctx, cancel := context.WithCancel(context.Background())
		var at time.Time
		time.AfterFunc(50*time.Millisecond, func() { at = time.Now(); cancel() })
		if _, err := s.Read(ctx, p, args); code(err) != fault.QueryCanceled {
			t.Error(err)
		}
		return time.Since(at)
	})
	s.wantCount(t, "item", 3000)
}

func TestReadTimeLimit(t *testing.T) {
	s := openShop(t, Config{Statement: 100 * time.Millisecond, Readers: 1}, numbers)
	p, args := s.plan(t, endless)
	within(t, 200*time.Millisecond, func() time.Duration {
		start := time.Now()
		_, err := s.Read(context.Background(), p, args)
		if f := fault.From(err); f.Message != "canceling statement due to statement timeout" || !strings.HasPrefix(f.Hint, "Ask for fewer rows") {
			t.Error(err, f.Hint)
		}
		return time.Since(start)
	})
	s.wantCount(t, "item", 3000)
}

func TestAnswerLimit(t *testing.T) {
	all := &query.Select{From: query.Name{Name: "item"}, Items: output("title")}
	const bytes = 3000*len(`{"title":"row"}, `+"\n ") - len(", \n ") + len("[]")
	for limit, want := range map[int]fault.Code{bytes: "", bytes - 1: fault.AnswerTooLarge} {
		s := openShop(t, Config{AnswerBytes: limit}, numbers)
		p, args := s.plan(t, all)
		res, err := s.Read(context.Background(), p, args)
		if code(err) != want || (err == nil && len(res.Body) != bytes) {
			t.Errorf("limit %d: %d bytes, %v", limit, len(res.Body), err)
		}
	}
}

func TestPoolWaits(t *testing.T) {
	s := openShop(t, Config{Readers: 1}, numbers)
	c, err := s.acquire(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	p, args := s.plan(t, &query.Select{From: query.Name{Name: "item"}, Items: output("id")})
	if _, err := s.Read(ctx, p, args); code(err) != fault.QueryCanceled {
		t.Error(err)
	}
	s.release(c)
	s.wantCount(t, "item", 3000)
}

func TestFullTextIsNotOnSQLite(t *testing.T) {
	s := openShop(t, Config{})
	p, args := s.plan(t, &query.Select{From: query.Name{Name: "item"}, Items: output("id"),
		Where: &query.Compare{Field: query.Field{Column: "title"}, Op: query.FTS, Value: query.Text("x")}})
	_, err := s.Read(context.Background(), p, args)
	if f := fault.From(err); f.Code != fault.NotOnSQLite || f.Message != "full-text operators are not supported on SQLite yet" {
		t.Error(err)
	}
}

func TestIgnoreCaseOfAllLetters(t *testing.T) {
	s := openShop(t, Config{}, `;INSERT INTO item (id, title) VALUES (1, 'Éclair'), (2, 'δ')`)
	for pattern, want := range map[string]string{"éCLAIR": `[{"id":1}]`, "Δ": `[{"id":2}]`} {
		for _, op := range []query.Op{query.ILike, query.IMatch} {
			got := s.read(t, &query.Select{From: query.Name{Name: "item"}, Items: output("id"),
				Where: &query.Compare{Field: query.Field{Column: "title"}, Op: op, Value: query.Text(pattern)}})
			if got != want {
				t.Errorf("%s %q: got %s, want %s", op, pattern, got, want)
			}
		}
	}
}

func TestOlder(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{{"3.53.4", "3.53.4", false}, {"3.53.3", "3.53.4", true}, {"3.9.0", "3.53.4", true}, {"3.54.0", "3.53.4", false}, {"4.0", "3.53.4", false}} {
		if older(c.a, c.b) != c.want {
			t.Errorf("older(%q, %q) = %t, want %t", c.a, c.b, !c.want, c.want)
		}
	}
}

func TestExplain(t *testing.T) {
	s := openShop(t, Config{})
	q := &query.Select{From: query.Name{Name: "item"}, Items: append(output("id"), &query.Embed{Target: "customer", Select: &query.Select{Items: output("name")}}),
		Where: &query.Compare{Field: query.Field{Column: "kind"}, Op: query.Eq, Value: query.Text("1")}, Order: []query.Order{{Field: query.Field{Column: "id"}}}}
	p, args := s.plan(t, q)
	for json, want := range map[bool]string{
		false: "SEARCH t0 USING INDEX item_kind (kind=?)\nSEARCH t1 USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN\n",
		true:  `[{"Plan": {"Plans": [{"Detail": "SEARCH t0 USING INDEX item_kind (kind=?)"}, {"Detail": "SEARCH t1 USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN"}]}}]` + "\n",
	} {
		got, err := s.Explain(context.Background(), p, args, store.ExplainOptions{JSON: json})
		if err != nil || string(got) != want {
			t.Errorf("%s\n%v", got, err)
		}
	}
}

func TestPlannedCount(t *testing.T) {
	s := openShop(t, Config{CountRows: 100},
		`;WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO item (id, title) SELECT i, 'x' FROM n;
		ANALYZE; DELETE FROM item WHERE id > 2990`)
	for mode, want := range map[query.CountMode]int64{query.ExactCount: 2990, query.PlannedCount: 3000, query.EstimatedCount: 3000} {
		p, args := s.plan(t, &query.Select{From: query.Name{Name: "item"}, Items: output("id"), Page: query.Page{Limit: query.Int(1)}, Count: mode})
		res, err := s.Read(context.Background(), p, args)
		if err != nil || res.Total != want {
			t.Errorf("%s: %d %v", mode, res.Total, err)
		}
	}
}
