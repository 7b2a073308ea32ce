package sqlite

import (
	"fmt"
	"testing"

	"github.com/ncruces/go-sqlite3"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/query"
)

// heavy is a customer with an item of 3 MB, which greedy embeds a hundred times: more than a connection's memory.
const heavy = `;INSERT INTO customer VALUES (1, 'x'); INSERT INTO item (id, customer_id, title) VALUES (1, 1, printf('%.3000000c', 'x'))`

func greedy() *query.Select {
	q := &query.Select{From: query.Name{Name: "customer"}, Items: output("id")}
	for i := range 100 {
		q.Items = append(q.Items, &query.Embed{Alias: fmt.Sprint("a", i), Target: "item", Select: &query.Select{Items: output("title")}})
	}
	return q
}

func TestReadOutOfMemory(t *testing.T) {
	s := openShop(t, Config{Readers: 2}, heavy)
	p, args := s.plan(t, greedy())
	for range 5 {
		if _, err := s.Read(t.Context(), p, args); code(err) != fault.AnswerTooLarge {
			t.Fatal(err)
		}
	}
	for range 5 {
		s.wantCount(t, "item", 1)
	}
}

// A write whose answer is too much takes nothing down with it: not the program, not the others in its transaction.
func TestWriteOutOfMemory(t *testing.T) {
	s := openShop(t, Config{}, heavy)
	returning := greedy()
	returning.From = query.Name{}
	row := query.Text(`{"name": "y"}`)
	update := &query.Update{Table: query.Name{Name: "customer"}, Columns: []string{"name"}, Row: row, Returning: returning}
	if _, err := s.write(t, update); code(err) != fault.AnswerTooLarge {
		t.Fatal(err)
	}
	errs := s.together(t, nil, addItem(10, "1"), update, addItem(11, "1"))
	wantCodes(t, errs, "", fault.AnswerTooLarge, "")
	s.wantCount(t, "item", 3)
	if got := s.read(t, &query.Select{From: query.Name{Name: "customer"}, Items: output("name")}); got != `[{"name":"x"}]` {
		t.Errorf("got  %s\nwant %s", got, `[{"name":"x"}]`)
	}
}

// A mistake of ours in a function that SQLite calls ends one statement.
func TestPanicInFunction(t *testing.T) {
	s := openShop(t, Config{Readers: 1}, ";INSERT INTO customer VALUES (1, 'x')")
	c, err := s.acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.CreateFunction("oops", 0, 0, c.scalar(func(sqlite3.Context, ...sqlite3.Value) { panic("oops") })); err != nil {
		t.Fatal(err)
	}
	if err := c.exec("SELECT oops()"); err == nil || !c.broken {
		t.Errorf("%v, broken: %v", err, c.broken)
	}
	s.release(c)
	s.wantCount(t, "customer", 1)
}
