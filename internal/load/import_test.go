//go:build unix

package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/pintail-dev/pintail/internal/migrate"
	"github.com/pintail-dev/pintail/schema"
)

// imports runs an import whose rejected rows go into a file, and gives that file's text.
func imports(t *testing.T, db *migrate.Database, s *schema.Schema, table, text string, o ImportOptions) (Imported, string) {
	t.Helper()
	o.Rejected = filepath.Join(t.TempDir(), "rejected")
	done, err := Import(context.Background(), db, s, named(t, s, table), iotest.HalfReader(strings.NewReader(text)), o)
	if err != nil {
		t.Fatal(err)
	}
	rejected, err := os.ReadFile(o.Rejected)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	if (done.File != "") != (err == nil) || (done.Rejected > 0) != (err == nil) {
		t.Errorf("%d rejected, but the file is %q, %v", done.Rejected, done.File, err)
	}
	return done, string(rejected)
}

const things = `id,customer_id,price,weight,small,sold,seen_at,local_at,day,at,lasts,key,data,raw,file,mood,tags,numbers
1,,12.5,1e20,7,t,2020-01-02 03:04:05+02,"Jan 8 1999 04:05:06",1/8/1999,4:05 PM,1 day 2 hours,{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11},"{""b"":1,""a"":[1,2]}","{""b"" : 1}",\xdead,sad,"{a,""b c"",""d\""e""}","{1,NULL,3}"
2,,,,,f,,,,,,,,,,,,
3,,0.005,NaN,-1,no,infinity,-infinity,epoch,24:00,P1Y2M3DT4H,a0eebc999c0b4ef8bb6d6bb9bd380a12,null,"""x""","",ok,{},{}
`

func TestImportReadsEveryType(t *testing.T) {
	onBoth(t, shop, func(t *testing.T, db *migrate.Database, s *schema.Schema) {
		done, rejected := imports(t, db, s, "thing", things, ImportOptions{})
		if done.Rows != 3 || done.Rejected != 0 {
			t.Errorf("%+v\n%s", done, rejected)
		}
		same(t, "thing", dump(t, db, s, "thing"), []string{
			`1|∅|12.50|1e+20|7|t|2020-01-02 01:04:05+00|1999-01-08 04:05:06|1999-01-08|16:05:00|1 day 02:00:00|a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11|{"a": [1, 2], "b": 1}|{"b" : 1}|\xdead|sad|{a,"b c","d\"e"}|{1,NULL,3}`,
			`2|∅|∅|∅|∅|f|∅|∅|∅|∅|∅|∅|∅|∅|∅|∅|∅|∅`,
			`3|∅|0.01|NaN|-1|f|infinity|-infinity|1970-01-01|24:00:00|1 year 2 mons 3 days 04:00:00|a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12|null|"x"|\x|ok|{}|{}`,
		})
	})
}

func TestImportJSON(t *testing.T) {
	rows := []string{
		`{"id":1,"price":"12.5","weight":1e20,"sold":true,"data":{"b":1,"a":null},"raw":[1, 2],"tags":["a","b c"],"numbers":[1,null],"mood":"ok"}`,
		`{"price":1.005,"id":"2","seen_at":"2020-01-02T03:04:05Z","data":"text","tags":null,"local_at":null}`,
		`{"id":3}`,
		`{"id":4,"id":5,"price":null}`,
	}
	want := []string{
		`1|∅|12.50|1e+20|∅|t|∅|∅|∅|∅|∅|∅|{"a": null, "b": 1}|[1, 2]|∅|ok|{a,"b c"}|{1,NULL}`,
		`2|∅|1.01|∅|∅|f|2020-01-02 03:04:05+00|∅|∅|∅|∅|∅|"text"|∅|∅|∅|∅|∅`,
		`3|∅|∅|∅|∅|f|∅|∅|∅|∅|∅|∅|∅|∅|∅|∅|∅|∅`,
		`5|∅|∅|∅|∅|f|∅|∅|∅|∅|∅|∅|∅|∅|∅|∅|∅|∅`,
	}
	for format, text := range map[Format]string{
		NDJSON: "\ufeff" + strings.Join(rows, "\n") + "\n\n",
		JSON:   "[" + strings.Join(rows, ",\n") + "]\n",
	} {
		t.Run(string(format), func(t *testing.T) {
			onBoth(t, shop, func(t *testing.T, db *migrate.Database, s *schema.Schema) {
				done, rejected := imports(t, db, s, "thing", text, ImportOptions{Format: format})
				if done.Rows != 4 || done.Rejected != 0 {
					t.Errorf("%+v\n%s", done, rejected)
				}
				same(t, "thing", dump(t, db, s, "thing"), want)
			})
		})
	}
}

func TestImportRejectsRows(t *testing.T) {
	onBoth(t, shop, func(t *testing.T, db *migrate.Database, s *schema.Schema) {
		exec(t, db, `INSERT INTO customer (id, email) VALUES (1, 'there@example.com')`)
		done, rejected := imports(t, db, s, "customer", `id,email,name,boss_id,_pintail_line
2,a@example.com,Ann,,
3,b@example.com,"Bartholomew the Third",,
x,c@example.com,C,,
4,,D,,
5,"",E,,
1,taken@example.com,F,,
6,there@example.com,G,,
7,f@example.com,Fay,99,
8,g@example.com,too few
9,h@ex"ample.com,quote,,
10,"i@example.com"x,after,,
11,j@example.com,Joe,2,
"12","k@example.com","K ""the"" K",1,
13,l@example.com,"no end,,
`, ImportOptions{})
		if done.Rows != 4 || done.Rejected != 10 {
			t.Errorf("%+v", done)
		}
		same(t, "customer", dump(t, db, s, "customer"), []string{
			"11|j@example.com|Joe|2", `12|k@example.com|K "the" K|1`, "1|there@example.com|∅|∅", "2|a@example.com|Ann|∅", "5||E|∅"})
		want := strings.Split(strings.TrimSuffix(`id,email,name,boss_id,_pintail_line,_pintail_reason
3,b@example.com,"Bartholomew the Third",,3,"column ""name"": value too long for type character varying(12)"
x,c@example.com,C,,4,"column ""id"": invalid input syntax for type bigint: ""x"""
4,,D,,5,"null value in column ""email"" of relation ""customer"" violates not-null constraint"
8,g@example.com,too few,,10,"it has 3 fields, the head line has 5"
"9,h@ex""ample.com,quote,,",,,,11,there is a quote inside a field that doesn't begin with one; a quote is written twice, in a quoted field
"10,""i@example.com""x,after,,",,,,12,something stands between the end of a quoted field and the next comma
"13,l@example.com,""no end,,",,,,15,a quoted field has no end
1,taken@example.com,F,,7,"duplicate key value violates unique constraint ""customer_pkey"": Key (id)=(1) already exists."
6,there@example.com,G,,8,"duplicate key value violates unique constraint ""customer_email_key"": Key (email)=(there@example.com) already exists."
7,f@example.com,Fay,99,9,FK
`, "\n"), "\n")
		got := strings.Split(strings.TrimSuffix(rejected, "\n"), "\n")
		if len(got) != len(want) {
			t.Fatalf("rejected:\n%s", rejected)
		}
		for i := range want {
			w := strings.ReplaceAll(want[i], "_pintail_line,_pintail_reason", "_pintail_line,_pintail_reason")
			g := strings.ReplaceAll(got[i], `"there is a quote inside a field that doesn't begin with one; a quote is written twice, in a quoted field"`, "there is a quote inside a field that doesn't begin with one; a quote is written twice, in a quoted field")
			if strings.HasSuffix(w, ",FK") {
				if !strings.HasPrefix(g, strings.TrimSuffix(w, "FK")) || !strings.Contains(g, "foreign key constraint") {
					t.Errorf("line %d: %s", i, g)
				}
				continue
			}
			if g != w {
				t.Errorf("line %d:\n%s\nwant:\n%s", i, g, w)
			}
		}
	})
}

// TestRejectedFileIsImportedAgain mends nothing but what the rows ran into.
func TestRejectedFileIsImportedAgain(t *testing.T) {
	for _, format := range []Format{CSV, NDJSON} {
		onBoth(t, shop, func(t *testing.T, db *migrate.Database, s *schema.Schema) {
			text := "a,b,note\n1,x,\"\"\n2,,gone\n1,x,\"again, with\nlines\"\n"
			if format == NDJSON {
				text = "{\"a\":1,\"b\":\"x\",\"note\":\"\"}\n{\"a\":2,\"b\":null,\"note\":\"gone\"}\n{\"note\":\"again, with\\nlines\",\"b\":\"x\",\"a\":1}\nnonsense\n"
			}
			done, rejected := imports(t, db, s, "pair", text, ImportOptions{Format: format})
			want := int64(2)
			if format == NDJSON {
				want = 3
			}
			if done.Rows != 1 || done.Rejected != want {
				t.Fatalf("%+v\n%s", done, rejected)
			}
			exec(t, db, "DELETE FROM pair")
			done, rejected = imports(t, db, s, "pair", rejected, ImportOptions{Format: format})
			if done.Rows != 1 || done.Rejected != want-1 {
				t.Fatalf("again: %+v\n%s", done, rejected)
			}
			same(t, "pair", dump(t, db, s, "pair"), []string{"1|x|again, with\nlines"})
		})
	}
}

func TestImportConflicts(t *testing.T) {
	const file = "a,b,note\n1,x,new\n2,y,\n3,z,z\n3,z,zz\n"
	for conflict, want := range map[Conflict][]string{
		Reject: {"1|x|old", "2|y|∅", "3|z|z"},
		Ignore: {"1|x|old", "2|y|∅", "3|z|z"},
		Update: {"1|x|new", "2|y|∅", "3|z|zz"},
	} {
		t.Run(string(conflict), func(t *testing.T) {
			onBoth(t, shop, func(t *testing.T, db *migrate.Database, s *schema.Schema) {
				exec(t, db, "INSERT INTO pair VALUES (1, 'x', 'old')")
				done, _ := imports(t, db, s, "pair", file, ImportOptions{Conflict: conflict})
				got := [3]int64{done.Rows, done.Ignored, done.Rejected}
				if got != map[Conflict][3]int64{Reject: {2, 0, 2}, Ignore: {2, 2, 0}, Update: {4, 0, 0}}[conflict] {
					t.Errorf("%+v", done)
				}
				same(t, "pair", dump(t, db, s, "pair"), want)
			})
		})
	}
}

func TestImportRefersForward(t *testing.T) {
	onBoth(t, shop, func(t *testing.T, db *migrate.Database, s *schema.Schema) {
		done, rejected := imports(t, db, s, "customer", "id,email,boss_id\n1,a,2\n2,b,3\n3,c,4\n4,d,\n5,e,77\n6,f,5\n", ImportOptions{batchRows: 2})
		if done.Rows != 4 || done.Rejected != 2 {
			t.Errorf("%+v\n%s", done, rejected)
		}
		same(t, "customer", dump(t, db, s, "customer", "id", "boss_id"), []string{"1|2", "2|3", "3|4", "4|∅"})
	})
}

func TestImportNumbersOn(t *testing.T) {
	onBoth(t, shop, func(t *testing.T, db *migrate.Database, s *schema.Schema) {
		imports(t, db, s, "customer", "email,id\na,41\nb,7\n", ImportOptions{})
		imports(t, db, s, "customer", "email\nc\n", ImportOptions{})
		same(t, "customer", dump(t, db, s, "customer", "id", "email"), []string{"41|a", "42|c", "7|b"})
	})
}

func TestImportManyBatches(t *testing.T) {
	onBoth(t, shop, func(t *testing.T, db *migrate.Database, s *schema.Schema) {
		var b bytes.Buffer
		b.WriteString("b,a\r\n")
		for i := range 1000 {
			fmt.Fprintf(&b, "k%d,%d\r\n", i%997, i)
			if i%100 == 0 {
				fmt.Fprintf(&b, "bad,x%d\r\n", i)
			}
			if i == 500 {
				b.WriteString("k0,0\r\n") // taken
			}
		}
		var told []Progress
		done, _ := imports(t, db, s, "pair", b.String(), ImportOptions{batchRows: 64, Progress: func(p Progress) { told = append(told, p) }})
		if done.Rows != 1000 || done.Rejected != 11 || count(t, db, s, "pair") != 1000 {
			t.Errorf("%+v", done)
		}
		last := told[len(told)-1]
		if len(told) < 10 || last.Rows != 1011 || last.Rejected != 11 || last.Bytes != int64(b.Len()) {
			t.Errorf("told %d times, at last %+v of %d bytes", len(told), last, b.Len())
		}
	})
}

func TestImportOfNoSuchThing(t *testing.T) {
	onBoth(t, shop, func(t *testing.T, db *migrate.Database, s *schema.Schema) {
		for _, c := range []struct{ table, text, want string }{
			{"pair", "", "the file is empty; its first line must name the columns"},
			{"pair", "a,B\n", `the head line: table "pair" has no column "B"; did you mean "b"?`},
			{"pair", "a,colour\n", `the head line: table "pair" has no column "colour"; it has a, b, note`},
			{"pair", "a,a\n", `the head line names "a" twice`},
			{"pair", "\"a\n", `the head line: a quoted field has no end`},
			{"pair", "\xff\xfea\x00", "the file is UTF-16; save it as UTF-8"},
		} {
			_, err := Import(context.Background(), db, s, named(t, s, c.table), strings.NewReader(c.text), ImportOptions{})
			if err == nil || err.Error() != c.want {
				t.Errorf("%q: %v, want %s", c.text, err, c.want)
			}
		}
		for text, want := range map[string]string{
			"":                    "the file is empty; it must hold one JSON array of objects",
			`{"a":1}`:             "the file doesn't begin with a JSON array; for one object a line, use the format ndjson",
			`[{"a":1,"b":"x"}`:    "behind object 1 the file ends, and the array doesn't",
			`[{"a":1,"b":"y"},x]`: "behind object 1 the file is no JSON: invalid character 'x' looking for beginning of value",
		} {
			_, err := Import(context.Background(), db, s, named(t, s, "pair"), strings.NewReader(text), ImportOptions{Format: JSON})
			if err == nil || err.Error() != want {
				t.Errorf("%q: %v, want %s", text, err, want)
			}
		}
		// what was read before the file broke is there
		same(t, "pair", dump(t, db, s, "pair"), []string{"1|x|∅", "1|y|∅"})
		for conflict, want := range map[Conflict]string{
			Update:    `--on-conflict update goes by the primary key, and the file has no column "b"`,
			"nonsuch": `there is no "nonsuch" for --on-conflict; there are error, ignore and update`,
		} {
			_, err := Import(context.Background(), db, s, named(t, s, "pair"), strings.NewReader("a\n1\n"), ImportOptions{Conflict: conflict})
			if err == nil || err.Error() != want {
				t.Errorf("%v, want %s", err, want)
			}
		}
	})
}

func TestImportIsCancelled(t *testing.T) {
	onBoth(t, shop, func(t *testing.T, db *migrate.Database, s *schema.Schema) {
		ctx, cancel := context.WithCancel(context.Background())
		r, w := io.Pipe()
		go func() {
			fmt.Fprint(w, "a,b\n")
			for i := 0; ; i++ {
				if i == 100 {
					cancel()
				}
				if _, err := fmt.Fprintf(w, "%d,x\n", i); err != nil {
					return
				}
			}
		}()
		_, err := Import(ctx, db, s, named(t, s, "pair"), r, ImportOptions{batchRows: 10})
		r.Close()
		if !errors.Is(err, context.Canceled) {
			t.Errorf("it ended with %v", err)
		}
	})
}

// TestImportNeedsLittleMemory reads a file that is far larger than a batch.
func TestImportNeedsLittleMemory(t *testing.T) {
	onBoth(t, shop, func(t *testing.T, db *migrate.Database, s *schema.Schema) {
		line := 0
		text := strings.Repeat("x", 1000)
		in := readerFunc(func(p []byte) (int, error) {
			if line == 20000 {
				return 0, io.EOF
			}
			if line == 0 {
				line++
				return copy(p, "a,b,note\n"), nil
			}
			line++
			return copy(p, fmt.Sprintf("%d,k,%s\n", line, text)), nil
		})
		most := testingMemory(func() {
			if _, err := Import(context.Background(), db, s, named(t, s, "pair"), in, ImportOptions{batchRows: 1000}); err != nil {
				t.Error(err)
			}
		})
		if count(t, db, s, "pair") != 19999 {
			t.Error("not all rows are there")
		}
		if most > 40<<20 {
			t.Errorf("it took %d MiB", most>>20)
		}
	})
}
