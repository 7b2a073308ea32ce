//go:build unix

package load

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/pintail-dev/pintail/schema"
)

// FuzzCSV holds the reader of CSV against Go's own, where that takes the file, and has it end on every other.
func FuzzCSV(f *testing.F) {
	for _, s := range []string{"a,b\n1,2\n", "a,\"b\nc\"\r\n", "\"a\"\"b\",", "a\"b,c\n", "\"", "\"a\"x,b\nc,d", "\r\n\r\n,\n", "a\rb\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var got [][]string
		bad := false
		r := newCSV(strings.NewReader(s), ',')
		for n := 0; ; n++ {
			fields, line, err := r.next()
			if errors.Is(err, io.EOF) {
				break
			}
			var m *malformed
			if errors.As(err, &m) {
				bad = true
				continue
			}
			if err != nil || line < 1 || n > len(s) {
				t.Fatalf("line %d: %v", line, err)
			}
			var row []string
			var back []byte
			for i, f := range fields {
				row = append(row, f.text)
				if i > 0 {
					back = append(back, ',')
				}
				back = appendCSV(back, f, ',')
			}
			got = append(got, row)
			again, _, err := newCSV(bytes.NewReader(append(back, '\n')), ',').next()
			if len(trimEnd(append(back, '\n'))) > 0 && (err != nil || !slices.EqualFunc(again, fields, meansSame)) {
				t.Fatalf("%q is read back as %v, %v", back, again, err)
			}
		}
		if r.bytes != int64(len(s)) {
			t.Fatalf("read %d of %d bytes", r.bytes, len(s))
		}
		std := csv.NewReader(strings.NewReader(s))
		std.FieldsPerRecord = -1
		want, err := std.ReadAll()
		// Go's reader makes \n of \r\n inside quotes, and passes by a line of a lone \r; RFC 4180 knows of neither.
		if err == nil && !bad && !strings.Contains(s, "\r") && !slices.EqualFunc(got, want, slices.Equal) {
			t.Fatalf("%q is %q, want %q", s, got, want)
		}
		if err == nil && bad && !strings.Contains(s, "\r") {
			t.Fatalf("%q is good", s)
		}
	})
}

// meansSame says whether two fields are the same value.
func meansSame(a, b csvField) bool { return a.text == b.text && (a.text != "" || a.quoted == b.quoted) }

// FuzzCopyText: what is written for COPY is read back.
func FuzzCopyText(f *testing.F) {
	f.Add("a\tb", "\\N", true)
	f.Add("\\\n\r\b\f\v", "", false)
	f.Fuzz(func(t *testing.T, a, b string, null bool) {
		types := []schema.Type{{}, {}, {}}
		vals := []any{a, b, "x"}
		if null {
			vals[2] = nil
		}
		line := appendCopy(nil, types, vals)
		if bytes.IndexByte(line, '\n') != len(line)-1 {
			t.Fatalf("%q has a line end inside", line)
		}
		fields := splitCopy(line[:len(line)-1], nil)
		if len(fields) != 3 || string(fields[0]) != a || string(fields[1]) != b || (fields[2] == nil) != null || fields[0] == nil || fields[1] == nil {
			t.Fatalf("%q and %q came back as %q", a, b, fields)
		}
	})
}
