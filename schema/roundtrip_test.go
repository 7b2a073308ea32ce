package schema_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"sort"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/schema"
)

// A schema that nobody wrote by hand is printed and parsed: the same schema comes back, to the last field.
func TestPrintedSchemaParsesToTheSame(t *testing.T) {
	for seed := range uint64(1000) {
		m := &maker{Rand: rand.New(rand.NewPCG(seed, 1))}
		s := m.makeSchema()
		text := schema.Print(s)
		got, mistakes := schema.Parse(schema.Source{Name: "printed.graphql", Text: text})
		if len(mistakes) > 0 {
			t.Fatalf("seed %d: %s\n\n%s", seed, schema.Mistakes(mistakes), text)
		}
		if again := schema.Print(got); again != text {
			t.Fatalf("seed %d: printed again\n%s", seed, firstDifference(text, again))
		}
		if want, have := dump(s), dump(got); want != have {
			t.Fatalf("seed %d: parsed to something else\n%s\n\n%s", seed, firstDifference(want, have), text)
		}
		for _, c := range append(schema.Diff(s, got), schema.Diff(got, s)...) {
			t.Fatalf("seed %d: Diff says %s", seed, c)
		}
	}
}

func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range x {
		if i >= len(y) || x[i] != y[i] {
			from := max(0, i-3)
			return fmt.Sprintf("line %d\n- %s\n+ %s", i+1, strings.Join(x[from:min(len(x), i+3)], "\n- "), strings.Join(y[from:min(len(y), i+3)], "\n+ "))
		}
	}
	return "the second is longer"
}

// dump writes everything that a schema holds; what points back is told by its name.
func dump(s *schema.Schema) string {
	var b strings.Builder
	for _, list := range []any{s.Tables, s.Enums, s.Composites, s.Domains, s.Scalars, s.Functions} {
		v := reflect.ValueOf(list)
		for i := range v.Len() {
			dumpStruct(&b, v.Index(i).Elem(), "")
		}
	}
	fmt.Fprint(&b, s.Default, s.Exposed, s.SearchPath, s.Engine, s.Title, s.Comment)
	return b.String()
}

func dumpStruct(b *strings.Builder, v reflect.Value, indent string) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.IsExported() && f.Name != "Computed" {
			b.WriteString(indent + f.Name + " ")
			dumpValue(b, v.Field(i), indent+"  ", f.Name)
		}
	}
}

func dumpValue(b *strings.Builder, v reflect.Value, indent, field string) {
	switch v.Kind() {
	case reflect.Interface:
		if v.IsNil() {
			b.WriteString("nil\n")
			return
		}
		fmt.Fprintf(b, "%T ", v.Interface())
		dumpValue(b, v.Elem(), indent, field)
	case reflect.Pointer:
		if v.IsNil() {
			b.WriteString("nil\n")
			return
		}
		inList := field == "Columns" && len(indent) == 4 // a table's own columns, not a key's
		switch x := v.Interface().(type) {
		case *schema.Table:
			fmt.Fprintf(b, "table %s\n", x.Name)
		case *schema.Enum:
			fmt.Fprintf(b, "enum %s\n", x.Name)
		case *schema.Composite:
			fmt.Fprintf(b, "composite %s\n", x.Name)
		case *schema.Domain:
			fmt.Fprintf(b, "domain %s\n", x.Name)
		case *schema.Column:
			if !inList && field != "Out" {
				fmt.Fprintf(b, "column %q\n", x.Name)
				return
			}
			b.WriteString("\n")
			dumpStruct(b, v.Elem(), indent)
		case *schema.ForeignKey:
			if field == "Foreign" && strings.HasPrefix(indent, "      ") {
				fmt.Fprintf(b, "foreign key %q\n", x.Name)
				return
			}
			b.WriteString("\n")
			dumpStruct(b, v.Elem(), indent)
		default:
			if v.Elem().Kind() != reflect.Struct {
				fmt.Fprintf(b, "%q\n", fmt.Sprint(v.Elem().Interface()))
				return
			}
			b.WriteString("\n")
			dumpStruct(b, v.Elem(), indent)
		}
	case reflect.Slice:
		fmt.Fprintf(b, "%d\n", v.Len())
		for i := range v.Len() {
			b.WriteString(indent)
			dumpValue(b, v.Index(i), indent+"  ", field)
		}
	case reflect.Struct:
		b.WriteString("\n")
		dumpStruct(b, v, indent)
	case reflect.Map:
		var keys []string
		for _, k := range v.MapKeys() {
			keys = append(keys, k.String()+"="+v.MapIndex(k).String())
		}
		sort.Strings(keys)
		fmt.Fprintln(b, keys)
	default:
		fmt.Fprintf(b, "%#v\n", v.Interface())
	}
}

// The file of the demo, and every file in testdata/files, is parsed and printed; what is printed parses to the same.
func TestFilesParse(t *testing.T) {
	files, err := filepath.Glob("testdata/files/*.graphql")
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	for _, f := range append(files, "../demo/schema.graphql") {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		s, mistakes := schema.Parse(schema.Source{Name: f, Text: string(text)})
		if len(mistakes) > 0 {
			t.Fatal(schema.Mistakes(mistakes))
		}
		printed := schema.Print(s)
		again, mistakes := schema.Parse(schema.Source{Name: f, Text: printed})
		if len(mistakes) > 0 {
			t.Fatalf("%s\n\n%s", schema.Mistakes(mistakes), printed)
		}
		if s.Version != again.Version || dump(s) != dump(again) {
			t.Errorf("%s: printed and parsed, it is another schema: %s", f, firstDifference(dump(s), dump(again)))
		}
		golden := strings.TrimSuffix(f, ".graphql") + ".printed"
		if !strings.HasPrefix(f, "testdata/") {
			continue
		}
		if *update {
			if err := os.WriteFile(golden, []byte(printed), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if printed != string(want) {
			t.Errorf("%s is printed otherwise\n%s", f, firstDifference(string(want), printed))
		}
	}
}
