package sqlite

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/query"
)

// wide is n items of a customer, with titles of some bytes.
func wide(n, bytes int) string {
	return fmt.Sprintf(`;INSERT INTO customer VALUES (1, 'x');
		WITH RECURSIVE n(v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n WHERE v < %d)
		INSERT INTO item (id, customer_id, title) SELECT v, 1, printf('%%.%dc', 'x') FROM n`, n, bytes)
}

// sizes waits for every reader and gives the largest one's memory beyond what it was opened with.
func (s *shop) sizes(t *testing.T) int64 {
	t.Helper()
	var all []*conn
	var most int64
	for range s.config.Readers {
		c, err := s.acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
		most = max(most, c.size()-c.base)
	}
	for _, c := range all {
		s.release(c)
	}
	return most
}

func titles(limit int64) *query.Select {
	return &query.Select{From: query.Name{Name: "item"}, Items: output("title"), Page: query.Page{Limit: query.Int(limit)}}
}

// An answer of up to readBody is nobody else's business; a larger one waits until it may have more room.
func TestReadRoom(t *testing.T) {
	s := openShop(t, Config{Readers: 4}, wide(12, 1<<20))
	if cap(s.large) != 1 {
		t.Fatal(cap(s.large))
	}
	s.large <- struct{}{} // another one has the room
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	small, args := s.plan(t, titles(7))
	if res, err := s.Read(ctx, small, args); err != nil || res.Rows != 7 {
		t.Error(res.Rows, err)
	}
	large, args := s.plan(t, titles(9))
	if _, err := s.Read(ctx, large, args); code(err) != fault.QueryCanceled {
		t.Error(err)
	}
	<-s.large
	if res, err := s.Read(t.Context(), large, args); err != nil || res.Rows != 9 || len(s.large) != 0 {
		t.Error(res.Rows, err, len(s.large))
	}
}

// A connection's memory has a bound, at which a read fails, and one that has grown is replaced.
func TestReadHeap(t *testing.T) {
	embedded := &query.Select{From: query.Name{Name: "customer"}, Items: append(output("id"),
		&query.Embed{Target: "item", Select: &query.Select{Items: output("title")}})}
	for _, c := range []struct {
		items int
		code  fault.Code
	}{{6, ""}, {18, ""}, {31, fault.AnswerTooLarge}} { // an embed stands in SQLite's memory three times: as the result of a function, in a register, in a record
		s := openShop(t, Config{Readers: 4}, wide(c.items, 1<<20))
		p, args := s.plan(t, embedded)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if _, err := s.Read(t.Context(), p, args); code(err) != c.code {
					t.Errorf("%d MiB: %v", c.items, err)
				}
			})
		}
		all.Wait()
		if got := s.sizes(t); got > grownBy {
			t.Errorf("%d MiB: a reader keeps %d bytes", c.items, got)
		}
	}
}

// A sort larger than the room goes to a file.
func TestSortsSpill(t *testing.T) {
	s := openShop(t, Config{Readers: 4, Statement: time.Minute}, wide(300_000, 100)) // the race detector makes it slow
	s.large <- struct{}{}
	q := &query.Select{From: query.Name{Name: "item"}, Order: []query.Order{{Field: query.Field{Column: "title"}}, {Field: query.Field{Column: "price"}}},
		Items: output("id", "title"), Page: query.Page{Offset: query.Int(299_000)}}
	p, args := s.plan(t, q)
	if res, err := s.Read(t.Context(), p, args); err != nil || res.Rows != 1000 {
		t.Error(res.Rows, err)
	}
	if got := s.sizes(t); got > readHeap {
		t.Errorf("a reader keeps %d bytes", got)
	}
}

// A write's answer may need room too, and the writer gives it back.
func TestWriterGivesMemoryBack(t *testing.T) {
	s := openShop(t, Config{}, wide(8, 1<<20))
	returning := &query.Select{Items: append(output("id"), &query.Embed{Target: "item", Select: &query.Select{Items: output("title")}})}
	update := &query.Update{Table: query.Name{Name: "customer"}, Columns: []string{"name"}, Row: query.Text(`{"name": "y"}`), Returning: returning}
	if res, err := s.write(t, update); err != nil || len(res.Body) < 8<<20 {
		t.Fatal(len(res.Body), err)
	}
	before := s.writer.c
	if _, err := s.write(t, addItem(100, "1")); err != nil {
		t.Fatal(err)
	}
	if s.writer.c == before || s.writer.c.grown() {
		t.Error("the grown connection still writes")
	}
}
