package load

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/pintail-dev/pintail/internal/value"
	"github.com/pintail-dev/pintail/schema"
)

// notePrefix begins the names that a file of rejected rows has besides the table's columns. Import passes them by, so that
// a mended file can be imported as it is.
const notePrefix = "_pintail_"

// A csvRecords reads records from CSV.
type csvRecords struct {
	csv     *csvReader
	null    string
	head    []string
	places  []int            // of columns among the fields
	columns []*schema.Column // that the head names
	types   []schema.Type
}

// newCSVRecords reads the head line.
func newCSVRecords(in io.Reader, target columns, o ImportOptions) (*csvRecords, error) {
	r := &csvRecords{csv: newCSV(in, o.Comma), null: o.Null}
	if start, _ := r.csv.in.Peek(3); bytes.Equal(start, []byte("\xef\xbb\xbf")) {
		r.csv.in.Discard(3)
		r.csv.bytes += 3
	} else if len(start) > 1 && (start[0] == 0xff && start[1] == 0xfe || start[0] == 0xfe && start[1] == 0xff) {
		return nil, errors.New("the file is UTF-16; save it as UTF-8")
	}
	fields, _, err := r.csv.next()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the file is empty; its first line must name the columns")
	}
	if err != nil {
		return nil, fmt.Errorf("the head line: %w", err)
	}
	for i, f := range fields {
		r.head = append(r.head, f.text)
		if slices.Contains(r.head[:i], f.text) {
			return nil, fmt.Errorf("the head line names %q twice", f.text)
		}
		if strings.HasPrefix(f.text, notePrefix) {
			continue
		}
		c, err := target.named(f.text)
		if err != nil {
			return nil, fmt.Errorf("the head line: %w", err)
		}
		if c != nil {
			r.places, r.columns, r.types = append(r.places, i), append(r.columns, c), append(r.types, c.Type.WithoutDomains())
		}
	}
	return r, nil
}

func (r *csvRecords) read() int64 { return r.csv.bytes }

func (r *csvRecords) next() (*record, error) {
	fields, line, err := r.csv.next()
	var bad *malformed
	if err != nil && !errors.As(err, &bad) {
		return nil, err
	}
	rec := &record{line: line, columns: r.columns, bytes: len(r.csv.raw), raw: slices.Clone(fields)}
	switch {
	case bad != nil:
		rec.raw, rec.why = string(trimEnd(r.csv.raw)), bad
	case len(fields) != len(r.head):
		rec.why = fmt.Errorf("it has %d fields, the head line has %d", len(fields), len(r.head))
	default:
		rec.vals = make([]any, len(r.columns))
		for i, at := range r.places {
			if rec.vals[i], rec.why = r.value(r.columns[i], r.types[i], fields[at]); rec.why != nil {
				break
			}
		}
	}
	return rec, nil
}

// value reads a field.
func (r *csvRecords) value(c *schema.Column, t schema.Type, f csvField) (any, error) {
	if !f.quoted && f.text == r.null {
		if mustHave(c) {
			return nil, notNull(c)
		}
		return nil, nil
	}
	v, err := value.Parse(t, f.text)
	if err != nil {
		return nil, inColumn(c, err)
	}
	return v, nil
}
