package graphql

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/pintail-dev/pintail/schema"
)

// parse reads a schema file of a test.
func parse(t testing.TB, text string, queries ...schema.Source) *schema.Schema {
	t.Helper()
	s, mistakes := schema.Parse(append([]schema.Source{{Name: "schema.graphql", Text: text}}, queries...)...)
	if s == nil {
		t.Fatal(schema.Mistakes(mistakes))
	}
	return s
}

func file(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func demo(t testing.TB) *schema.Schema {
	return parse(t, file(t, "../../../demo/schema.graphql"), schema.Source{Name: "queries/top_toasts.sql", Text: file(t, "../../../demo/queries/top_toasts.sql")})
}

// Every type that is named is there, is what it is called, and has fields or values, none of them twice.
func TestTypesAreWhole(t *testing.T) {
	for name, s := range map[string]*schema.Schema{"demo": demo(t), "empty": parse(t, "")} {
		t.Run(name, func(t *testing.T) { checkWhole(t, NewTypes(s, TypesOptions{})) })
	}
}

func checkWhole(t *testing.T, types *Types) {
	t.Helper()
	names := types.Names()
	if !slices.IsSorted(names) {
		t.Error("the names aren't sorted")
	}
	for _, name := range names {
		typ := types.Type(name)
		if typ == nil {
			t.Errorf("%s is named, and isn't there", name)
			continue
		}
		if typ.Name != name || typ.Is == Nothing {
			t.Errorf("%s is called %s, and means %d", name, typ.Name, typ.Is)
		}
		seen := map[string]bool{}
		for f := range typ.All() {
			if seen[f.Name] || f.Is == Nothing || f.Type == nil {
				t.Errorf("%s.%s is there twice, or means nothing", name, f.Name)
			}
			if typ.Field(f.Name) == nil || typ.Field(f.Name).Is != f.Is {
				t.Errorf("%s.%s isn't found", name, f.Name)
			}
			seen[f.Name] = true
			for _, a := range f.Args {
				if a.Is == Nothing || f.Arg(a.Name) != a {
					t.Errorf("%s.%s(%s:) means nothing, or isn't found", name, f.Name, a.Name)
				}
			}
		}
		for _, v := range typ.Values {
			if seen[v.Name] || !enumName(v.Name) {
				t.Errorf("%s has the value %q twice, or it can't be spelled", name, v.Name)
			}
			seen[v.Name] = true
		}
		if typ.Kind != ast.Scalar && len(seen) == 0 {
			t.Errorf("%s has nothing in it", name)
		}
	}
}

// big is a schema file of n tables of ten columns.
func big(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "type table_%d @table {\n  id: bigint! @id\n  parent_id: bigint\n", i)
		fmt.Fprintf(&b, "  parent: table_%d @relation(columns: [\"parent_id\"])\n  children: [table_%d!]! @inverse(of: \"parent\")\n", (i+n-1)%n, (i+1)%n)
		b.WriteString("  a: Int!\n  b: String!\n  c: String\n  d: numeric\n  e: timestamptz!\n  f: Boolean!\n  g: jsonb\n  h: Float\n}\n")
	}
	return b.String()
}

// A thousand tables cost little until they are asked for, and no more than a few MiB after.
func TestTypesAreSmall(t *testing.T) {
	s := parse(t, big(1000))
	heap := func() int64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before, start := heap(), time.Now()
	types := NewTypes(s, TypesOptions{})
	took := time.Since(start)
	made := heap() - before
	names := types.Names()
	for _, name := range names {
		if types.Type(name) == nil {
			t.Fatal(name)
		}
	}
	all := heap() - before
	t.Logf("%d types: made in %v with %d KiB, %d KiB after all were asked for", len(names), took, made>>10, all>>10)
	if len(names) < 30_000 || made > 4<<20 || all > 16<<20 || took > 200*time.Millisecond {
		t.Errorf("too few, too large or too slow")
	}
	runtime.KeepAlive(types)
	runtime.KeepAlive(s)
}

// Many ask at once, for more than is kept.
func TestTypesConcurrently(t *testing.T) {
	types := NewTypes(parse(t, big(60)), TypesOptions{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for _, name := range types.Names() {
				if typ := types.Type(name); typ == nil || typ.Name != name {
					t.Errorf("%s isn't there", name)
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkNewTypes(b *testing.B) {
	s := parse(b, big(1000))
	b.ReportAllocs()
	for b.Loop() {
		NewTypes(s, TypesOptions{})
	}
}

func BenchmarkType(b *testing.B) {
	types := NewTypes(parse(b, big(10)), TypesOptions{})
	b.ReportAllocs()
	for b.Loop() {
		if types.Type("table_3_aggregate_order_by") == nil || types.Type("query_root").Field("table_3_by_pk") == nil {
			b.Fatal("not there")
		}
	}
}

// colors are the values of an enum table, two of which GraphQL can't spell.
func colors(x *schema.Table) []EnumValue {
	return []EnumValue{{Name: "green", Value: "green", Description: "like leaves"}, {Name: "light blue", Value: "light blue"}, {Name: "red", Value: "red"}, {Name: "true", Value: "true"}}
}
