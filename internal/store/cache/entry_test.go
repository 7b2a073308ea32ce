package cache

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/internal/store"
)

// What is kept is what was put in, and nobody who is given it can write behind it.
func TestEntry(t *testing.T) {
	results := []store.Result{
		{},
		{Body: []byte{}},
		{Body: []byte(`[{"id":1}]`), Rows: 1, Total: -1},
		{Body: []byte(strings.Repeat("x", 100_000)), Rows: math.MaxInt32, Total: math.MaxInt64},
		{Rows: 3, Total: math.MinInt64, Steps: []store.Result{{Body: []byte("[]"), Total: -1}, {}, {Steps: []store.Result{{Body: []byte("1"), Rows: 3, Total: 7}}, Body: []byte("2")}}},
	}
	at := footing{epoch: 3, seq: 1 << 40, needs: []need{0, 7, math.MaxUint32}}
	for i, want := range results {
		for _, key := range []string{"", "key", strings.Repeat("k", 70_000)} {
			e, ok := newEntry(key, &at, &want)
			if !ok {
				t.Fatal(i, "isn't kept")
			}
			if got := e.result(); !reflect.DeepEqual(got, want) {
				t.Errorf("%d: %+v came out, %+v was put in", i, got, want)
			} else if cap(got.Body) != len(got.Body) {
				t.Errorf("%d: there is room behind the body", i)
			}
			if !e.is([]byte(key)) || e.is([]byte(key+"x")) || key != "" && e.is([]byte(key[1:])) {
				t.Errorf("%d: an entry answers to another key than %.10q", i, key)
			}
		}
	}
	if n := testing.AllocsPerRun(100, func() {
		if _, ok := newEntry("key", &at, &results[2]); !ok {
			t.Fail()
		}
	}); n != 1 {
		t.Errorf("an entry is made of %v pieces of memory", n)
	}
}

// Results have fields that an entry has no place for. A result that uses one isn't kept.
func TestWhatAnEntryHasNoPlaceForIsntKept(t *testing.T) {
	kept := map[string]bool{"Body": true, "Rows": true, "Total": true, "Steps": true}
	of := reflect.TypeFor[store.Result]()
	for i := range of.NumField() {
		name := of.Field(i).Name
		var r store.Result
		f := reflect.ValueOf(&r).Elem().Field(i)
		switch f.Kind() {
		case reflect.Slice:
			f.Set(reflect.MakeSlice(f.Type(), 1, 1))
		case reflect.Int, reflect.Int64:
			f.SetInt(1)
		case reflect.Bool:
			f.SetBool(true)
		default:
			t.Fatalf("%s is a %s: newEntry doesn't know it", name, f.Kind())
		}
		for _, r := range []store.Result{r, {Steps: []store.Result{{}, r}}} {
			if _, ok := newEntry("", &footing{}, &r); ok != kept[name] {
				t.Errorf("with %s: kept is %v", name, ok)
			}
		}
	}
}

// An entry is valid until one of its versions moves, and in its epoch alone: as the footing that it was made with says.
func TestEntryIsValidAsItsFootingIs(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	g := &tags{versions: make([]version, 64)}
	for range 10_000 {
		g.versions[random.IntN(64)].Store(uint64(random.IntN(20)))
		f := footing{epoch: uint64(random.IntN(2)), seq: uint64(random.IntN(25))}
		for range random.IntN(4) {
			f.needs = append(f.needs, need(random.IntN(64)))
		}
		want := f.epoch == 1
		for _, n := range f.needs {
			want = want && g.versions[n].Load() <= f.seq
		}
		e, _ := newEntry("key", &f, &store.Result{})
		if f.valid(g, 1) != want || e.valid(g, 1) != want {
			t.Fatalf("%+v: its footing is valid: %v, it is: %v, want %v", f, f.valid(g, 1), e.valid(g, 1), want)
		}
	}
}

// So many tables have versions of their own; those past them share, and none has one of the database's or of a keyed tag's.
func TestVersionsOfTables(t *testing.T) {
	s := newShop(t, 1, Config{Rest: -1})
	g := newTags(s.feed, 1)
	taken := map[need]int{anyRow: -1}
	for i := range namedMax/2 + 10 {
		table := g.table(fmt.Sprint("t", i))
		for _, n := range []need{table.any, table.bulk} {
			first, shared := taken[n]
			if shared != (i >= namedMax/2-1) || n == anyRow || n >= namedMax {
				t.Fatalf("table %d has version %d, which table %d has too", i, n, first)
			}
		}
		if i < namedMax/2-1 {
			taken[table.any], taken[table.bulk] = i, i
		}
	}
}

// Keys whose hashes are one replace each other, and are never taken for each other.
func TestKeysOfOneHash(t *testing.T) {
	s := newShop(t, 10, Config{Rest: -1})
	p, args := s.ask("id=1")
	s.read("id=1")
	pr, _, _ := s.look(p)
	key := appendKey(nil, pr.id, "", args)
	e, ok := s.entries.GetIfPresent(s.hash(key))
	if !ok || !s.hit("id=1") {
		t.Fatal("the answer isn't kept")
	}
	_, args = s.ask("id=2")
	s.entries.Set(s.hash(appendKey(nil, pr.id, "", args)), e) // as if the hash were the same
	if out := s.read("id=2"); !strings.Contains(out, "name 2") {
		t.Errorf("who asks for 2 is told %s", out)
	}
	s.expect(true, "the other key is in its place", "id=2")
}
