package sqlite

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/store"
	"github.com/pintail-dev/pintail/query"
)

func sequence(of ...query.Query) *query.Sequence { return &query.Sequence{Of: of} }

func items(names ...string) *query.Select {
	return &query.Select{From: query.Name{Name: "item"}, Items: output(names...)}
}

// stepOf is the member that an error is of, -1 for none.
func stepOf(err error) int {
	var of *store.StepError
	if errors.As(err, &of) {
		return of.Step
	}
	return -1
}

func wantSteps(t *testing.T, errs []error, want ...int) {
	t.Helper()
	for i, err := range errs {
		if stepOf(err) != want[i] {
			t.Errorf("request %d: %v, want step %d", i, err, want[i])
		}
	}
}

func TestSequencesInAGroup(t *testing.T) {
	s := openShop(t, Config{})
	bad := items("id")
	bad.Where = &query.Compare{Field: query.Field{Column: "id"}, Op: query.Eq, Value: query.Text("x")}
	errs := s.together(t, nil,
		sequence(addItem(1, "null"), addItem(2, "null")),
		sequence(addItem(3, "null"), addItem(4, "null"), addItem(3, "null")),
		sequence(addItem(3, "null"), items("id"), bad),
		addItem(3, "null"))
	wantCodes(t, errs, "", fault.UniqueViolation, fault.InvalidText, "")
	wantSteps(t, errs, -1, 2, 2, -1)
	s.wantCount(t, "item", 3)
}

// A member takes the whole transaction with it: the others are run again, with the rows that they were given.
func TestSequencesAreRunAgain(t *testing.T) {
	s := openShop(t, Config{})
	named := func(name string) *query.Insert { return insert("customer", `[{"name":"`+name+`"}]`, "name") }
	nested := insert("item", `[{"id":5,"title":"five"},{"id":6,"title":"six"}]`, "id", "title")
	nested.Nested = []query.Nested{{Relation: "customer", Parents: query.Text("[1,0]"), Insert: insert("", `[{"id":50,"name":"Fay"},{"id":51,"name":"Guy"}]`, "id", "name")}}
	errs := s.together(t, nil, sequence(addItem(1, "null"), named("Ann")), nested, sequence(addItem(2, "null"), named("Ann")), addItem(2, "null"))
	wantCodes(t, errs, "", "", fault.UniqueViolation, "")
	wantSteps(t, errs, -1, -1, 1, -1)
	all := items("id", "customer_id")
	if got := s.read(t, all); strings.ReplaceAll(got, ", \n ", ",") != `[{"id":1,"customer_id":null},{"id":2,"customer_id":null},{"id":5,"customer_id":51},{"id":6,"customer_id":50}]` {
		t.Error(got)
	}
}

// What rows take from each other is written into no argument of the caller's, who may ask again or tell others of them.
func TestNestedLeavesArguments(t *testing.T) {
	s := openShop(t, Config{})
	nested := insert("customer", `[{"name":"Ann"}]`, "name")
	nested.Nested = []query.Nested{{Relation: "item", Parents: query.Text("[0]"), Insert: insert("", `[{"title":"x"}]`, "title")}}
	tx := s.tx(t, nested)
	before := fmt.Sprint(tx.Args)
	res, err := s.Write(context.Background(), tx)
	if err != nil || res.Affected != 2 || res.Inserted != 2 {
		t.Fatal(res, err)
	}
	if after := fmt.Sprint(tx.Args); after != before {
		t.Errorf("%s became %s", before, after)
	}
}

// A deferred foreign key may wait for a later member, but not beyond the end, which is no member's.
func TestSequenceWithDeferredKey(t *testing.T) {
	s := openShop(t, Config{})
	for _, fk := range s.schema.Tables[1].Foreign {
		fk.Deferrable, fk.Deferred = true, true
	}
	add := insert("customer", `[{"id":7,"name":"Ann"}]`, "id", "name")
	errs := s.together(t, nil, sequence(addItem(1, "7"), items("id"), add), sequence(addItem(2, "8"), addItem(3, "7")), sequence(addItem(4, "7"), addItem(5, "null")))
	wantCodes(t, errs, "", fault.ForeignKeyViolation, "")
	wantSteps(t, errs, -1, -1, -1)
	s.wantCount(t, "item", 3)
	s.schema.Tables[1].Foreign[0].Deferred = false
	_, err := s.write(t, sequence(addItem(8, "9"), insert("customer", `[{"id":9,"name":"Bo"}]`, "id", "name")))
	wantCodes(t, []error{err}, fault.ForeignKeyViolation)
	wantSteps(t, []error{err}, 0)
}

// Reads that go together see one moment, however many write.
func TestSequenceSnapshot(t *testing.T) {
	s := openShop(t, Config{})
	counts := sequence(items("id"), items("title"), items("kind"))
	p, args := s.plan(t, counts)
	var all sync.WaitGroup
	all.Go(func() {
		for i := range 300 {
			if _, err := s.write(t, addItem(i+1, "null")); err != nil {
				t.Error(err)
			}
		}
	})
	for range 300 {
		res, err := s.Read(context.Background(), p, args)
		if err != nil {
			t.Fatal(err)
		}
		if a, b, c := res.Steps[0].Rows, res.Steps[1].Rows, res.Steps[2].Rows; a != b || b != c || res.Rows != a+b+c {
			t.Fatalf("%d, %d and %d rows, %d in all", a, b, c, res.Rows)
		}
	}
	all.Wait()
}

// A failing read says which member it was, also where the member before it gave rows.
func TestSequenceOfReadsFails(t *testing.T) {
	s := openShop(t, Config{})
	if _, err := s.write(t, addItem(1, "null")); err != nil {
		t.Fatal(err)
	}
	cast := items("id")
	cast.Items = []query.Item{&query.Output{Field: query.Field{Column: "title"}, Cast: "integer"}}
	p, args := s.plan(t, sequence(items("id"), items("title"), cast))
	_, err := s.Read(context.Background(), p, args)
	wantCodes(t, []error{err}, fault.InvalidText)
	wantSteps(t, []error{err}, 2)
}

// Answers that go together are held to one limit together.
func TestSequenceAnswerLimit(t *testing.T) {
	one := len(`[{"title":"t1"}]`)
	for _, c := range []struct {
		limit int
		want  fault.Code
	}{{2*one + 1, ""}, {2 * one, fault.AnswerTooLarge}} {
		s := openShop(t, Config{AnswerBytes: c.limit})
		if _, err := s.write(t, addItem(1, "null")); err != nil {
			t.Fatal(err)
		}
		q := sequence(items("title"), items("title"))
		p, args := s.plan(t, q)
		_, err := s.Read(context.Background(), p, args)
		wantCodes(t, []error{err}, c.want)
		_, err = s.write(t, sequence(items("title"), items("title"), addItem(2, "null")))
		wantCodes(t, []error{err}, c.want)
	}
}

// Hooks run before the first member, and may do several things at once themselves.
func TestSequenceWithHooks(t *testing.T) {
	s := openShop(t, Config{})
	ran := 0
	hook := func(ctx context.Context, h store.Handle) error {
		ran++
		p, args := s.plan(t, sequence(addItem(1, "null"), items("id")))
		res, err := h.Write(ctx, p, args)
		if err == nil && (res.Affected != 1 || string(res.Steps[1].Body) != `[{"id":1}]`) {
			err = fmt.Errorf("%+v", res)
		}
		return err
	}
	res, err := s.write(t, sequence(items("id"), addItem(2, "null"), items("id")), hook)
	if err != nil || ran != 1 || res.Steps[0].Rows != 1 || res.Steps[2].Rows != 2 || res.Affected != 1 {
		t.Fatal(res, err, ran)
	}
}

func TestExplainSequence(t *testing.T) {
	s := openShop(t, Config{})
	nested := insert("customer", `[{"name":"x"}]`, "name")
	nested.Nested = []query.Nested{{Relation: "item", Parents: query.Text("[0]"), Insert: insert("", `[{"title":"x"}]`, "title")}}
	p, args := s.plan(t, sequence(items("id"), nested))
	got, err := s.Explain(context.Background(), p, args, store.ExplainOptions{})
	if err != nil || !strings.Contains(string(got), "SCAN t0") {
		t.Errorf("%s %v", got, err)
	}
}
